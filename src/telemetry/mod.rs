//! How events reach people and machines.
//!
//! The rest of the program calls [`emit`] with a fact. Here it becomes lines (`line`), and every appender that is installed
//! gets each line and does with it what it was told to. Listeners get the facts themselves.

mod about;
pub(crate) mod appender;
pub(crate) mod format;
pub(crate) mod level;
pub(crate) mod line;
pub(crate) mod listener;
pub(crate) mod losses;
pub(crate) mod metrics;
mod python_text;

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

pub(crate) use about::About;
use about::Memory;
use appender::Appender;
use appender::console::{Console, bare};
pub(crate) use format::FormatError;
pub(crate) use level::Level;
use line::{Line, lines};
use listener::Fact;

use crate::event::Event;
use crate::os::terminal::Stream;

/// How many events are kept for a router that is not there yet.
const WAITING_ROOM: usize = 1_000;

/// What the user wants of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggingOptions {
    /// The least level to show, if one was asked for. RQ: that is not the same as asking for INFO.
    pub(crate) level: Option<Level>,
    /// How a line looks, in Python's `%(field)s` style.
    pub(crate) format: String,
    /// How `%(asctime)s` looks, as `strftime` understands it; empty for Python's own default.
    pub(crate) date_format: String,
    /// Whether jobs are told by their description rather than by their id.
    pub(crate) describe_jobs: bool,
}

impl Default for LoggingOptions {
    fn default() -> Self {
        Self {
            level: None,
            format: "%(asctime)s %(message)s".to_owned(),
            date_format: "%H:%M:%S".to_owned(),
            describe_jobs: true,
        }
    }
}

/// A line and the time of what it tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'line> {
    /// When it happened.
    pub(crate) created: SystemTime,
    /// What is to be said of it.
    pub(crate) line: &'line Line,
    /// Whom and what it is about.
    #[expect(dead_code, reason = "no appender shows it yet")]
    pub(crate) about: &'line About,
}

/// Where events go, as long as this process lives.
static ROUTER: RwLock<Route> = RwLock::new(Route::Waiting(Vec::new()));

/// What becomes of an event now.
enum Route {
    /// Nobody has said yet where events go: they wait, with their time.
    Waiting(Vec<(SystemTime, Event)>),
    /// Events go here.
    Open(Router),
}

/// The jobs in hand, whatever the appenders of now are.
static MEMORY: Mutex<Option<Memory>> = Mutex::new(None);

/// The appenders, and what they have in common.
struct Router {
    describe_jobs: bool,
    appenders: Vec<Box<dyn Appender>>,
}

impl Router {
    /// Hands an event to every listener, and its lines to every appender.
    fn route(&self, created: SystemTime, event: &Event) {
        let about = recall(event);
        listener::tell(&Fact { created, event, about: &about });
        for line in &lines(event, self.describe_jobs) {
            for appender in &self.appenders {
                appender.append(&Record { created, line, about: &about });
            }
        }
    }
}

/// Tells a fact. Never fails, and never waits long.
pub(crate) fn emit(event: Event) {
    let now = SystemTime::now();
    if let Route::Open(router) = &*ROUTER.read().unwrap_or_else(PoisonError::into_inner) {
        router.route(now, &event);
        return;
    }
    match &mut *ROUTER.write().unwrap_or_else(PoisonError::into_inner) {
        Route::Open(router) => router.route(now, &event),
        Route::Waiting(events) if events.len() < WAITING_ROOM => events.push((now, event)),
        Route::Waiting(_) => last_resort(&event),
    }
}

/// What an event is about.
fn recall(event: &Event) -> About {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().recall(event)
}

/// Opens the log as the options say, and tells what waited for it. Called again, it replaces what was there.
pub(crate) fn install(options: &LoggingOptions) -> Result<(), FormatError> {
    let console = Console::new(options, Stream::Out.wants_colour())?;
    let router = Router { describe_jobs: options.describe_jobs, appenders: vec![Box::new(console)] };
    let mut route = ROUTER.write().unwrap_or_else(PoisonError::into_inner);
    if let Route::Waiting(events) = &*route {
        for (created, event) in events {
            router.route(*created, event);
        }
    }
    *route = Route::Open(router);
    Ok(())
}

/// Tells what still waits for a log, for a process that ends before it had one.
pub(crate) fn give_up_waiting() {
    if let Route::Waiting(events) = &mut *ROUTER.write().unwrap_or_else(PoisonError::into_inner) {
        for (_, event) in events.drain(..) {
            last_resort(&event);
        }
    }
}

/// RQ: what Python does with a record that nobody handles: warnings and worse, bare, on standard error.
fn last_resort(event: &Event) {
    for line in lines(event, true).iter().filter(|line| line.level >= Level::Warning) {
        // There is nowhere left to say that this failed.
        let _ = Stream::Error.write_whole(bare(line).as_bytes(), Duration::from_secs(1));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::UNIX_EPOCH;

    use super::*;

    /// An appender that passes messages on.
    struct Ear(Sender<String>);

    impl Appender for Ear {
        fn append(&self, record: &Record<'_>) {
            self.0.send(record.line.message(false)).unwrap();
        }
    }

    #[test]
    fn every_appender_hears_every_line() {
        let (tell, heard) = channel();
        let appenders: Vec<Box<dyn Appender>> = vec![Box::new(Ear(tell.clone())), Box::new(Ear(tell))];
        let router = Router { describe_jobs: true, appenders };

        router.route(UNIX_EPOCH, &Event::SuspensionFound { worker: "w".to_owned(), burst: true });
        drop(router);

        let suspended = "Worker w: suspended in burst mode, exiting";
        let note = "Worker w: note: there could still be unfinished jobs on the queue";
        assert_eq!(heard.iter().collect::<Vec<_>>(), [suspended, suspended, note, note]);
    }

    #[test]
    fn a_bad_format_leaves_the_log_as_it_was() {
        let options = LoggingOptions { format: "%(nonsense)s".to_owned(), ..LoggingOptions::default() };

        assert!(matches!(install(&options), Err(FormatError::UnknownField { .. })));
    }
}

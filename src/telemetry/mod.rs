//! How events reach people and machines.
//!
//! The rest of the program calls [`emit`] with a fact. Here it becomes lines (`line`), each line is laid out once for all
//! appenders that want it so (`layout`), and each appender that takes it (`filter`) gets it in a thread of its own
//! (`appender`). Listeners get the facts themselves. docs/adr/0009 tells why.

mod about;
mod appender;
mod dict_config;
mod filter;
pub(crate) mod format;
mod layout;
pub(crate) mod level;
pub(crate) mod line;
pub(crate) mod line_listener;
pub(crate) mod listener;
pub(crate) mod metrics;
mod python_text;
mod router;
pub(crate) mod sentry;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::SystemTime;

pub(crate) use about::About;
use about::Memory;
use appender::Definition;
pub(crate) use appender::Misformed;
use dict_config::Mapping;
pub(crate) use format::FormatError;
use format::{LineFormat, date_format};
pub(crate) use level::Level;
use line::{Describe, Line, lines};
use router::{Router, cry};

use crate::config;
use crate::event::Event;
use crate::os::terminal::Stream;

/// How many events are kept for a router that is not there yet.
const WAITING_ROOM: usize = 1_000;

/// What the user wants of the log.
#[derive(Debug, Clone)]
pub(crate) struct LoggingOptions {
    /// The least level to show, if one was asked for. RQ: that is not the same as asking for INFO.
    pub(crate) level: Option<Level>,
    /// How a line looks, in Python's `%(field)s` style.
    pub(crate) format: String,
    /// How `%(asctime)s` looks, as `strftime` understands it; empty for Python's own default.
    pub(crate) date_format: String,
    /// Whether jobs are told by their description rather than by their id.
    pub(crate) describe_jobs: bool,
    /// Whether their descriptions tell what they are called with.
    pub(crate) arguments: bool,
    /// Whether the console may be coloured.
    pub(crate) colour: bool,
    /// Where lines go; none is as `dict_config` says.
    pub(crate) appenders: BTreeMap<String, config::Appender>,
    /// A configuration of Python's `logging`; none is the console as RQ has it.
    pub(crate) dict_config: Option<serde_json::Value>,
}

impl Default for LoggingOptions {
    fn default() -> Self {
        Self {
            level: None,
            format: "%(asctime)s %(message)s".to_owned(),
            date_format: "%H:%M:%S".to_owned(),
            describe_jobs: true,
            arguments: true,
            colour: Stream::Out.wants_colour(),
            appenders: BTreeMap::new(),
            dict_config: None,
        }
    }
}

impl LoggingOptions {
    /// The appenders, or the setting that makes none.
    fn definitions(&self) -> Result<Vec<Definition>, Misformed> {
        if !self.appenders.is_empty() {
            return Definition::all(self, &self.appenders);
        }
        let console = Definition::as_rq(self)?;
        Ok(match &self.dict_config {
            Some(table) => Mapping::of(table, self, console).definitions,
            None => vec![console],
        })
    }

    /// What of a configuration of Python's has no equal here.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let table = self.dict_config.as_ref().filter(|_| self.appenders.is_empty());
        let console = || Definition::as_rq(self).ok();
        table.and_then(|table| Some(Mapping::of(table, self, console()?).doubts)).unwrap_or_default()
    }

    fn describe(&self) -> Describe {
        match (self.describe_jobs, self.arguments) {
            (false, _) => Describe::Id,
            (true, false) => Describe::Function,
            (true, true) => Describe::Whole,
        }
    }

    /// All that is wrong with formats.
    pub(crate) fn misformed(&self) -> Vec<Misformed> {
        let own = |name: &str, key: &str| format!("logging.appender.{name}.{key}");
        let mut lines = vec![("logging.format".to_owned(), &self.format)];
        let mut dates = vec![("logging.date_format".to_owned(), &self.date_format)];
        for (name, table) in &self.appenders {
            lines.extend(table.line.as_ref().map(|line| (own(name, "line"), line)));
            dates.extend(table.date_format.as_ref().map(|date| (own(name, "date_format"), date)));
        }
        let lines = lines.into_iter().map(|(key, line)| (key, LineFormat::parse(line).err()));
        let dates = dates.into_iter().map(|(key, date)| (key, date_format(date).err()));
        lines.chain(dates).filter_map(|(key, error)| Some(Misformed { key, error: error? })).collect()
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
    /// The log is closed; only what is bad is told.
    Closed,
}

/// The jobs in hand, whatever the appenders of now are.
static MEMORY: Mutex<Option<Memory>> = Mutex::new(None);

/// Tells a fact. Never fails, and never waits.
pub(crate) fn emit(event: Event) {
    let now = event.happened().unwrap_or_else(SystemTime::now);
    if let Route::Open(router) = &*ROUTER.read().unwrap_or_else(PoisonError::into_inner) {
        router.route(now, &event, &recall(&event));
        return;
    }
    match &mut *ROUTER.write().unwrap_or_else(PoisonError::into_inner) {
        Route::Open(router) => router.route(now, &event, &recall(&event)),
        Route::Waiting(events) if events.len() < WAITING_ROOM => events.push((now, event)),
        Route::Waiting(_) | Route::Closed => cry(&lines(&event, Describe::Id)),
    }
}

/// What an event is about.
fn recall(event: &Event) -> About {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().recall(event)
}

/// Opens the log as the options say, and tells what waited for it. Called again, it replaces what was there: appenders that
/// stay the same stay open.
pub(crate) fn install(options: &LoggingOptions) -> Result<(), Misformed> {
    let definitions = options.definitions()?;
    let mut route = ROUTER.write().unwrap_or_else(PoisonError::into_inner);
    let (waiting, before) = match std::mem::replace(&mut *route, Route::Closed) {
        Route::Waiting(events) => (events, None),
        Route::Open(router) => (Vec::new(), Some(router)),
        Route::Closed => (Vec::new(), None),
    };
    let router = Router::new(definitions, options.describe(), before);
    for (created, event) in &waiting {
        router.route(*created, event, &recall(event));
    }
    *route = Route::Open(router);
    Ok(())
}

/// Whether so many lines wait somewhere that more of them may be lost.
pub(crate) fn is_behind() -> bool {
    match &*ROUTER.read().unwrap_or_else(PoisonError::into_inner) {
        Route::Open(router) => router.is_behind(),
        Route::Waiting(_) | Route::Closed => false,
    }
}

/// Has files opened anew, as whoever moves them asks for.
pub(crate) fn reopen() {
    if let Route::Open(router) = &*ROUTER.read().unwrap_or_else(PoisonError::into_inner) {
        router.reopen();
    }
}

/// How many lines each appender has lost so far, by its name.
pub(crate) fn lost_lines() -> Vec<(String, u64)> {
    match &*ROUTER.read().unwrap_or_else(PoisonError::into_inner) {
        Route::Open(router) => router.lost_lines(),
        Route::Waiting(_) | Route::Closed => Vec::new(),
    }
}

/// Closes the log at the end of the process: writes what waits, for as long as that may take, and says what was left. What
/// still waits for a log is told as Python's last resort would.
pub(crate) fn close() {
    let route = {
        let mut route = ROUTER.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *route, Route::Closed)
    };
    match route {
        Route::Waiting(events) => events.iter().for_each(|(_, event)| cry(&lines(event, Describe::Id))),
        Route::Open(router) => router.close(),
        Route::Closed => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_format_leaves_the_log_as_it_was() {
        let options = LoggingOptions { format: "%(nonsense)s".to_owned(), ..LoggingOptions::default() };

        let refused = install(&options).unwrap_err();

        assert_eq!(refused.key, "logging.format");
        assert!(matches!(refused.error, FormatError::UnknownField { .. }));
    }
}

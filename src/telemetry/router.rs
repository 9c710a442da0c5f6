//! From one fact to the lines of every appender.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::appender::{Appender, Definition, LIMIT, Outlet, Place};
use super::layout::{Format, Layout, bare};
use super::line::{Describe, Line, lines};
use super::line_listener;
use super::listener::{self, Fact};
use super::{About, Record};
use crate::event::Event;
use crate::os::terminal::Stream;

/// How often losses are told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The appenders, and what they have in common.
#[derive(Debug)]
pub(super) struct Router {
    describe: Describe,
    /// Each layout once, whoever shares it.
    layouts: Vec<Layout>,
    posts: Vec<Post>,
    /// When losses were last told.
    told: Mutex<Option<Instant>>,
}

/// An appender at its place in the router.
#[derive(Debug)]
struct Post {
    definition: Definition,
    /// Where its layout is.
    layout: usize,
    /// Where that of Python's last resort is.
    last_resort: usize,
    appender: Option<Appender>,
}

impl Router {
    /// Opens what is defined. Of what was there before, places that stay the same stay open, and the others end by themselves.
    pub(super) fn new(definitions: Vec<Definition>, describe: Describe, before: Option<Self>) -> Self {
        let posts = before.into_iter().flat_map(|before| before.posts);
        let mut open: BTreeMap<String, Appender> =
            posts.filter_map(|post| Some((post.definition.name, post.appender?))).collect();
        let mut router = Self { describe, layouts: Vec::new(), posts: Vec::new(), told: Mutex::new(None) };
        for definition in definitions {
            let before = open.remove(&definition.name);
            let appender = match &definition.outlet {
                Outlet::Place(place) => Some(match before {
                    Some(same) if same.place() == place => same,
                    before => Appender::start(&definition.name, place.clone(), before),
                }),
                Outlet::Sentry | Outlet::Null => None,
            };
            let layout = router.layout(&definition.layout);
            let last_resort = router.layout(&Layout::lines(Format::Bare));
            router.posts.push(Post { definition, layout, last_resort, appender });
        }
        open.into_values().for_each(Appender::end_aside);
        router
    }

    fn layout(&mut self, wanted: &Layout) -> usize {
        if let Some(place) = self.layouts.iter().position(|known| known == wanted) {
            return place;
        }
        self.layouts.push(wanted.clone());
        self.layouts.len() - 1
    }

    /// Hands a fact to every listener, and its lines to every appender that takes them.
    pub(super) fn route(&self, created: SystemTime, event: &Event, about: &About) {
        listener::tell(&Fact { created, event, about });
        self.deliver(created, event, about, None);
        self.tell_losses(created);
    }

    /// Returns whether anybody took a line.
    fn deliver(&self, created: SystemTime, event: &Event, about: &About, but: Option<&str>) -> bool {
        let mut taken = false;
        for line in &lines(event, self.describe) {
            let record = Record { created, line, about };
            let mut made: Vec<Option<Arc<[u8]>>> = vec![None; self.layouts.len()];
            let others = self.posts.iter().filter(|post| Some(post.definition.name.as_str()) != but);
            for post in others.filter(|post| post.wants(line)) {
                taken |= post.take(&record, &self.layouts, &mut made);
            }
        }
        taken
    }

    /// Tells of lost lines, once in a while: by the other appenders, or else on standard error.
    fn tell_losses(&self, now: SystemTime) {
        if !self.appenders().any(|appender| appender.tally().has_news()) {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        *told = Some(Instant::now());
        drop(told);
        for tally in self.appenders().map(Appender::tally) {
            let Some(losses) = tally.untold() else { continue };
            let event = Event::LogHindered {
                appender: tally.name().to_owned(),
                lost: losses.lines,
                reason: losses.reason,
            };
            let about = About::default();
            listener::tell(&Fact { created: now, event: &event, about: &about });
            if !self.deliver(now, &event, &about, Some(tally.name())) {
                cry_aside(lines(&event, self.describe));
            }
        }
    }

    fn appenders(&self) -> impl Iterator<Item = &Appender> {
        self.posts.iter().filter_map(|post| post.appender.as_ref())
    }

    /// How many lines each appender has lost so far.
    pub(super) fn lost_lines(&self) -> Vec<(String, u64)> {
        self.appenders()
            .map(|appender| (appender.tally().name().to_owned(), appender.tally().lost()))
            .collect()
    }

    /// Whether so many lines wait somewhere that more of them may be lost.
    pub(super) fn is_behind(&self) -> bool {
        self.appenders().any(Appender::is_behind)
    }

    /// Has files opened anew.
    pub(super) fn reopen(&self) {
        self.appenders().for_each(Appender::reopen);
    }

    /// Writes what waits, within the limit, and says what could not be written.
    pub(super) fn close(self) {
        let deadline = Instant::now() + LIMIT;
        let mut appenders: Vec<Appender> = self.posts.into_iter().filter_map(|post| post.appender).collect();
        for appender in &mut appenders {
            appender.let_go(deadline);
        }
        for appender in appenders {
            let (name, left, losses) = appender.close(deadline);
            let lost = losses.as_ref().map_or(0, |losses| losses.lines) + left;
            if lost > 0 {
                let reason = losses.and_then(|losses| losses.reason);
                cry(&lines(&Event::LogHindered { appender: name, lost, reason }, Describe::Id));
            }
        }
    }
}

impl Post {
    /// Whether it takes a line. What a job has written to standard error by itself stands at the console already.
    fn wants(&self, line: &Line) -> bool {
        let is_console = matches!(self.definition.outlet, Outlet::Place(Place::Console));
        self.definition.filter.takes(&line.logger, line.level) && !(line.shown && is_console)
    }

    /// Hands a line over; `made` has what was made of it for others.
    fn take(&self, record: &Record<'_>, layouts: &[Layout], made: &mut [Option<Arc<[u8]>>]) -> bool {
        let Some(appender) = &self.appender else {
            if self.definition.outlet == Outlet::Sentry {
                line_listener::tell(record);
            }
            return false;
        };
        let is_bare = self.definition.filter.leaves_to_last_resort(&record.line.logger);
        let (place, stream) = if is_bare {
            (self.last_resort, Stream::Error)
        } else {
            (self.layout, self.definition.streams.of(record.line.level))
        };
        let (Some(layout), Some(made)) = (layouts.get(place), made.get_mut(place)) else { return false };
        appender.append(made.get_or_insert_with(|| layout.render(record).into()), stream);
        true
    }
}

/// RQ: what Python does with records that nobody handles: warnings and worse, bare, on standard error.
pub(super) fn cry(lines: &[Line]) {
    for line in lines.iter().filter(|line| line.level >= super::Level::Warning && !line.shown) {
        // There is nowhere left to say that this failed.
        let _ = Stream::Error.write_whole((bare(line) + "\n").as_bytes(), Duration::from_secs(1));
    }
}

/// The same without waiting for it.
fn cry_aside(lines: Vec<Line>) {
    static IS_CRYING: AtomicBool = AtomicBool::new(false);
    if IS_CRYING.swap(true, Ordering::Relaxed) {
        return;
    }
    let work = move || {
        cry(&lines);
        IS_CRYING.store(false, Ordering::Relaxed);
    };
    if std::thread::Builder::new().name("log cry".to_owned()).spawn(work).is_err() {
        IS_CRYING.store(false, Ordering::Relaxed);
    }
}

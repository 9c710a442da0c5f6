//! Events in words: what is logged of each, how loud, and under which logger.
//!
//! The wording of everything that RQ has a line for is RQ's, to the letter: people search their logs for it.

mod cron;
mod daemon;
mod heard;
mod job;
mod scheduler;
mod worker;

use std::borrow::Cow;
use std::fmt::Write as _;

use super::level::Level;
use crate::event::Event;
use crate::job::call;

/// The logger of most lines.
const WORKER: &str = "rq.worker";
/// RQ: the logger of a few lines about a job, silent below WARNING unless a level is asked for.
pub(crate) const JOB: &str = "rq.job";
/// RQ: the logger of webhooks, which has no handler either.
pub(crate) const WEBHOOK: &str = "rq.webhook";
/// RQ: the logger of the registries, which has no handler: warnings go to standard error, bare.
pub(crate) const REGISTRY: &str = "rq.registry";
/// RQ: the logger of the scheduler.
const SCHEDULER: &str = "rq.scheduler";
/// The logger of what concerns the fork server, which RQ does not have.
const HORSE: &str = "rq.horse";
/// The logger of what becomes of reports.
pub(crate) const SENTRY: &str = "rq.sentry";
/// The logger of what concerns the log itself.
const LOGGING: &str = "rq.logging";
/// The logger of what concerns the configuration.
const CONFIG: &str = "rq.config";

/// A stretch of a message, by who may colour it and what it may contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Words on one line.
    Plain(String),
    /// The name of a queue, or of several.
    Queue(String),
    /// What a job is called, or how it fared.
    Job(String),
    /// Text of several lines, as a traceback.
    Block(String),
}

/// One thing to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// How loud it is.
    pub(crate) level: Level,
    /// Which logger it comes from: one of RQ's, or one that a job has.
    pub(crate) logger: Cow<'static, str>,
    /// The message.
    parts: Vec<Part>,
    /// What follows the formatted line on lines of its own, as a traceback follows in Python.
    appendix: Option<String>,
    /// A job has written it to standard error by itself, as under RQ: consoles leave it out.
    pub(crate) shown: bool,
}

impl Line {
    /// A line of plain words.
    fn new(level: Level, logger: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self { level, logger: logger.into(), parts: vec![Part::Plain(text)], appendix: None, shown: false }
    }

    /// A worker's line of DEBUG.
    fn debug(text: String) -> Self {
        Self::new(Level::Debug, WORKER, text)
    }

    /// A worker's line of INFO.
    fn info(text: String) -> Self {
        Self::new(Level::Info, WORKER, text)
    }

    /// A worker's line of WARNING.
    fn warning(text: String) -> Self {
        Self::new(Level::Warning, WORKER, text)
    }

    /// A worker's line of ERROR.
    fn error(text: String) -> Self {
        Self::new(Level::Error, WORKER, text)
    }

    /// The same line with more text after it.
    fn then(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// The same line under another logger.
    fn by(mut self, logger: &'static str) -> Self {
        self.logger = Cow::Borrowed(logger);
        self
    }

    /// The same line with a traceback below.
    fn with_appendix(mut self, appendix: &str) -> Self {
        self.appendix = Some(appendix.trim_end_matches('\n').to_owned());
        self
    }

    /// The message, fit for a terminal: no control character of a job's gets through.
    pub(crate) fn message(&self, colour: bool) -> String {
        let mut message = String::new();
        for part in &self.parts {
            // RQ: these escapes, also the reset of what was never set.
            let (code, text) = match part {
                Part::Plain(text) => (None, escaped(text)),
                Part::Queue(text) => (Some("\x1b[32m"), escaped(text)),
                Part::Job(text) => (Some("\x1b[34m"), escaped(text)),
                Part::Block(text) => (None, escaped_block(text)),
            };
            match code.filter(|_| colour) {
                Some(code) => {
                    message.push_str(code);
                    message.push_str(&text);
                    message.push_str("\x1b[39;49;00m");
                }
                None => message.push_str(&text),
            }
        }
        message
    }

    /// The message without a traceback, and the traceback: for formats that have a place for each.
    pub(crate) fn told_apart(&self) -> (String, Option<String>) {
        let message = self.message(false);
        let below = self.parts.last().and_then(|part| match part {
            Part::Block(text) if text.starts_with('\n') => Some(escaped_block(text)),
            _ => None,
        });
        let message = below.as_deref().and_then(|below| message.strip_suffix(below)).unwrap_or(&message);
        let below = below.as_deref().map(|below| below.trim_matches('\n'));
        let appendix = self.appendix();
        let all: Vec<&str> = below.into_iter().chain(appendix.as_deref()).collect();
        (message.to_owned(), (!all.is_empty()).then(|| all.join("\n")))
    }

    /// What follows on lines of its own, fit for a terminal.
    pub(crate) fn appendix(&self) -> Option<Cow<'_, str>> {
        self.appendix.as_deref().map(escaped_block)
    }
}

/// What is said of a job, beside its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Describe {
    /// Its description, which tells what it is called with.
    Whole,
    /// The same without that.
    Function,
    /// Nothing.
    Id,
}

impl Describe {
    /// A job's description, if it is to be told.
    fn told(self, description: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Whole => Some(description.into()),
            Self::Function => Some(without_arguments(description)),
            Self::Id => None,
        }
    }
}

/// `tasks.add(...)` of `tasks.add(1, y=2)`.
fn without_arguments(description: &str) -> Cow<'_, str> {
    call::named(description).map_or(description.into(), |name| format!("{name}(...)").into())
}

/// The lines that an event makes.
pub(crate) fn lines(event: &Event, describe: Describe) -> Vec<Line> {
    worker::lines(event)
        .or_else(|| job::lines(event, describe))
        .or_else(|| heard::lines(event))
        .or_else(|| scheduler::lines(event))
        .or_else(|| daemon::lines(event))
        .or_else(|| cron::lines(event))
        .unwrap_or_default()
}

/// A text with every control character written out.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// A text of several lines with every control character written out but the ends of lines and tabs.
pub(crate) fn escaped_block(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

/// Writes control characters as Python's `repr` does, but those which may stay.
fn escape(text: &str, may_stay: fn(char) -> bool) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && !may_stay(c);
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !harmful(c) => safe.push(c),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            // Writing to a string cannot fail.
            c => drop(write!(safe, "\\x{:02x}", u32::from(c))),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests;

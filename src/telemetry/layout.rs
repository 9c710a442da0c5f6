//! How lines look in each place: a format, and what the place wants around it.

mod fields;
mod journald;
mod logfmt;
mod syslog;

use std::borrow::Cow;

pub(crate) use syslog::{Header, Style};

use super::Record;
use super::format::{LineFormat, Scene};
use super::line::Line;
use super::python_text::rfc3339;
use crate::os::clock::DateFormat;

/// What is made of a line for one place. Places with equal layouts share what is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) format: Format,
    pub(crate) envelope: Envelope,
}

/// How a line reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// As RQ writes it, in Python's notation.
    Rq { line: LineFormat, date: Option<DateFormat>, colour: bool },
    /// RQ: what Python's last resort writes: the message and nothing else.
    Bare,
    /// For people, with what is known of the job.
    Text,
    /// One object on each line.
    Json,
    /// Words with values on each line.
    Logfmt,
}

/// What a place wants around a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// The end of a line.
    LineEnd,
    /// The header of syslog.
    Syslog(Header),
    /// The fields of the journal.
    Journald { identifier: String },
}

impl Layout {
    /// A line in lines of a stream or file.
    pub(crate) fn lines(format: Format) -> Self {
        Self { format, envelope: Envelope::LineEnd }
    }

    /// The bytes that go to the place.
    pub(crate) fn render(&self, record: &Record<'_>) -> Vec<u8> {
        let mut text = self.format.render(record);
        match &self.envelope {
            Envelope::LineEnd => {
                text.push('\n');
                text.into_bytes()
            }
            Envelope::Syslog(header) => header.around(record, &text).into_bytes(),
            Envelope::Journald { identifier } => journald::entry(record, identifier, &text),
        }
    }
}

impl Format {
    fn render(&self, record: &Record<'_>) -> String {
        match self {
            Self::Rq { line, date, colour } => as_rq(record, line, date.as_ref(), *colour),
            Self::Bare => bare(record.line),
            Self::Text => text(record),
            Self::Json => fields::json(record),
            Self::Logfmt => logfmt::line(record),
        }
    }
}

fn as_rq(record: &Record<'_>, format: &LineFormat, date: Option<&DateFormat>, colour: bool) -> String {
    let line = record.line;
    let message = line.message(colour);
    let mut text = format.render(&Scene {
        created: record.created,
        date_format: date,
        level: line.level,
        logger: &logger(line),
        message: &message,
    });
    if let Some(appendix) = line.appendix() {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&appendix);
    }
    text
}

/// The message and what follows it.
pub(crate) fn bare(line: &Line) -> String {
    let mut text = line.message(false);
    if let Some(appendix) = line.appendix() {
        text.push('\n');
        text.push_str(&appendix);
    }
    text
}

/// `2026-11-24T22:53:50.123456Z INFO rq.worker: message [job=.. queue=..]`, and a traceback below.
fn text(record: &Record<'_>) -> String {
    let line = record.line;
    let (message, traceback) = line.told_apart();
    let context: Vec<String> = fields::context(record.about)
        .map(|(name, value)| format!("{name}={}", logfmt::value(&value)))
        .collect();
    let mut text = format!("{} {} {}: {message}", rfc3339(record.created), line.level, logger(line));
    if !context.is_empty() {
        text.extend([" [", &context.join(" "), "]"]);
    }
    if let Some(traceback) = traceback {
        text.push('\n');
        text.push_str(&traceback);
    }
    text
}

/// The name of a line's logger, which may be a job's.
fn logger(line: &Line) -> Cow<'_, str> {
    super::line::escaped(&line.logger)
}

#[cfg(test)]
mod tests;

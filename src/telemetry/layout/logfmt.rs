//! `ts=.. level=info logger=rq.worker msg="..." job=..`, one line each.

use std::fmt::Write as _;

use super::fields::context;
use crate::telemetry::Record;
use crate::telemetry::python_text::rfc3339;

/// A whole line.
pub(super) fn line(record: &Record<'_>) -> String {
    let line = record.line;
    let (message, traceback) = line.told_apart();
    let level = line.level.name().to_lowercase();
    let mut text = format!(
        "ts={} level={level} logger={} msg={}",
        rfc3339(record.created),
        value(&super::logger(line)),
        value(&message)
    );
    // Writing to a string cannot fail.
    for (name, known) in context(record.about) {
        let _ = write!(text, " {name}={}", value(&known));
    }
    if let Some(traceback) = traceback {
        let _ = write!(text, " traceback={}", value(&traceback));
    }
    text
}

/// A value, in quotes where it needs them.
pub(super) fn value(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

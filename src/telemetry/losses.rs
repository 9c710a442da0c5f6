//! What was lost on its way to those who should hear of it, counted since the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Something that nobody will hear of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss<'name> {
    /// A line, by the name of its appender.
    Line(&'name str),
    /// A report to Sentry.
    #[expect(dead_code, reason = "nothing is reported yet")]
    Report,
}

/// How much was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Lines, by the names of appenders.
    pub(crate) lines: BTreeMap<String, u64>,
    pub(crate) reports: u64,
}

static LOSSES: Mutex<Losses> = Mutex::new(Losses { lines: BTreeMap::new(), reports: 0 });

/// Makes an appender known, of which nothing was lost so far.
pub(crate) fn know(appender: &str) {
    let mut losses = LOSSES.lock().unwrap_or_else(PoisonError::into_inner);
    losses.lines.entry(appender.to_owned()).or_default();
}

/// Counts what was lost.
pub(crate) fn count(loss: Loss<'_>) {
    let mut losses = LOSSES.lock().unwrap_or_else(PoisonError::into_inner);
    match loss {
        Loss::Line(appender) => match losses.lines.get_mut(appender) {
            Some(lines) => *lines += 1,
            None => drop(losses.lines.insert(appender.to_owned(), 1)),
        },
        Loss::Report => losses.reports += 1,
    }
}

/// What was lost so far.
pub(crate) fn so_far() -> Losses {
    LOSSES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

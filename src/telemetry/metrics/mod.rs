//! Numbers for monitoring systems: facts are counted as they happen, the rest is looked at when somebody asks.
//!
//! Nothing is counted until somebody wants metrics. What was counted is kept for as long as the process lives, whatever
//! reloads bring, as counters must not go back.

mod book;
mod catalogue;
mod exposition;
mod hearing;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

pub(crate) use book::Book;
pub(crate) use catalogue::{Metric, reference};
pub(crate) use exposition::Form;
use hearing::Counting;

use super::listener::{Listener, Seat, seat};
use super::lost_lines;
use super::sentry::losses;

/// The one that counts, once somebody has wanted metrics.
static COUNTING: OnceLock<Arc<Counting>> = OnceLock::new();

/// Begins to count, or counts no more for now.
pub(crate) fn count(wanted: bool) {
    let counting = || Arc::clone(COUNTING.get_or_init(|| Arc::new(Counting::new()))) as Arc<dyn Listener>;
    seat(Seat::Metrics, wanted.then(counting));
}

/// What is counted, once somebody has wanted metrics.
pub(crate) fn book() -> Option<&'static Book> {
    COUNTING.get().map(|counting| &counting.book)
}

/// The work horses that live, as far as was told since somebody wanted metrics.
pub(crate) fn horses() -> HashSet<u32> {
    COUNTING.get().map(|counting| counting.horses()).unwrap_or_default()
}

/// Notes what was lost so far.
pub(crate) fn note_losses(book: &Book) {
    for (appender, lines) in lost_lines() {
        book.count_up_to(Metric::LogLinesDropped, &[&appender], lines);
    }
    let reports = losses::dropped().iter().map(|(_, reports)| reports).sum();
    book.count_up_to(Metric::SentryEventsDropped, &[], reports);
}

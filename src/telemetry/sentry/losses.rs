//! What was not sent, counted by reason.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a report was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// More came at once than is kept.
    Full,
    /// Sentry asked for fewer.
    Limited,
    /// Too many of one kind.
    Storm,
    /// Sentry could not be reached in time.
    Unreachable,
    /// Sentry did not want it.
    Refused,
    /// The daemon ended first.
    Left,
}

/// All reasons and their words.
pub(super) const LOSSES: [(Loss, &str); 6] = [
    (Loss::Full, "too many at once"),
    (Loss::Limited, "limited by Sentry"),
    (Loss::Storm, "too many alike"),
    (Loss::Unreachable, "Sentry cannot be reached"),
    (Loss::Refused, "refused by Sentry"),
    (Loss::Left, "not sent before the end"),
];

/// Since the start of the process.
static COUNTS: [AtomicU64; LOSSES.len()] = [const { AtomicU64::new(0) }; LOSSES.len()];

/// Counts so many.
pub(super) fn count(loss: Loss, many: u64) {
    COUNTS[loss as usize].fetch_add(many, Ordering::Relaxed);
}

/// How many were lost for each reason, since the start.
pub(super) fn counts() -> [u64; LOSSES.len()] {
    std::array::from_fn(|at| COUNTS[at].load(Ordering::Relaxed))
}

/// How many reports were lost since the start, by reason.
pub(crate) fn dropped() -> Vec<(&'static str, u64)> {
    LOSSES.iter().zip(counts()).map(|((_, words), count)| (*words, count)).collect()
}

//! The columns of the lists.

use crate::cli::args::Tab;

/// A column: its head, and how wide it may grow. The one that may grow most takes what is left.
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) most: usize,
}

/// A column that takes what the others leave.
pub(super) const WIDE: usize = 1000;

/// The columns of a list.
pub(super) fn columns(tab: Tab) -> &'static [Column] {
    match tab {
        Tab::Workers => WORKERS,
        Tab::Queues => QUEUES,
        Tab::Running => RUNNING,
        Tab::Failed => FAILED,
        Tab::Daemons => DAEMONS,
    }
}

const fn column(head: &'static str, most: usize) -> Column {
    Column { head, most }
}

const WORKERS: &[Column] = &[
    column("WORKER", 24),
    column("STATE", 9),
    column("QUEUES", 20),
    column("JOB", WIDE),
    column("FOR", 8),
    column("DONE", 8),
    column("FAILED", 7),
    column("SEEN", 8),
    column("HOST", 20),
    column("PID", 8),
    column("VERSION", 12),
];

const QUEUES: &[Column] = &[
    column("QUEUE", WIDE),
    column("WAITING", 9),
    column("OLDEST", 8),
    column("RUNNING", 8),
    column("FAILED", 8),
    column("SCHEDULED", 9),
    column("DEFERRED", 9),
    column("WORKERS", 7),
    column("FINISHED", 9),
    column("CANCELED", 9),
];

const RUNNING: &[Column] = &[
    column("JOB", 36),
    column("QUEUE", 16),
    column("CALL", WIDE),
    column("FOR", 8),
    column("LIMIT", 8),
    column("LEASE", 8),
    column("WORKER", 24),
];

const FAILED: &[Column] =
    &[column("JOB", 36), column("QUEUE", 16), column("AGO", 8), column("REASON", WIDE), column("CALL", 40)];

const DAEMONS: &[Column] = &[
    column("PID", 8),
    column("STATE", 9),
    column("SINCE", 8),
    column("WORKERS", 9),
    column("BUSY", 5),
    column("CONFIG", 6),
    column("RELOAD", 20),
    column("APPLICATION", WIDE),
    column("VERSION", 10),
];

//! What was heard of an execution beside its outcome.

use super::Timestamp;

/// What an execution said before it ended, for those who tell of its end. It is bounded: see `horse::hearing`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Heard {
    /// The last lines of its standard output and error, oldest first; none where they are not read (`horse.output`).
    pub(crate) lines: Vec<String>,
    /// Its last log records, oldest first; only those that are told (`logging.records`).
    pub(crate) records: Vec<LogRecord>,
    /// The end of its standard output and error, when that is to be kept with its result.
    pub(crate) output: Option<String>,
}

/// A record of Python's `logging`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogRecord {
    /// Python's number.
    pub(crate) level: u8,
    pub(crate) logger: String,
    /// With its arguments in it, maybe cut.
    pub(crate) message: String,
    pub(crate) created: Timestamp,
}

//! Where lines go.

pub(crate) mod console;

use super::Record;

/// One place where lines go. It decides for itself which of them it takes, and how they look there.
///
/// An appender never fails towards the worker: a log that cannot be written must not stop a job.
pub(crate) trait Appender: Send + Sync {
    /// Takes one line.
    fn append(&self, record: &Record<'_>);
}

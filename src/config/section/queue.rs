//! `[queue.NAME]`: rules for the jobs of one queue.

use super::{Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;

section! {
    /// Rules for the jobs of one queue: one table for each, by the name of the queue. A name with other characters than
    /// letters, digits, `_` and `-` stands in quotes. Queues without a table go by RQ's rules.
    Queue as "queue.*" {
        /// How long a job may run that names no limit, in seconds; -1 has no limit. RQ's 180 when unset. RQ's own queues write a
        /// limit into every job, so that this alone counts for jobs that were made in another way; see `unset_timeout`.
        timeout: Option<i64> = Key::new(Kind::Seconds { least: -1 }).example("3600").check(not_zero), NextJob;
        /// The limit by which a job is told to name none, in seconds. RQ's queues write 180, their `default_timeout`, into
        /// jobs that are enqueued without a `job_timeout`: with 180 here, `timeout` counts for these. A job that asks for
        /// just as much cannot be told from them.
        unset_timeout: Option<i64> = Key::new(Kind::Seconds { least: -1 }).example("180").check(not_zero), NextJob;
        /// How long a job may run at most, in seconds, whatever limit it names.
        max_timeout: Option<i64> = Key::new(Kind::Seconds { least: 1 }).example("86400"), NextJob;
    }
}

/// RQ: a limit of 0 counts as none, and none as 180.
fn not_zero(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Integer(0) => Err(Mismatch::new("-1 or at least 1", "0")),
        _ => Ok(()),
    }
}

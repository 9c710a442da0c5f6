//! `[scheduler]`: jobs that wait for their time.

use std::time::Duration;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// The scheduler, which queues jobs when their time has come: those of `enqueue_at` and `enqueue_in`, and retries
    /// and repeats with an interval.
    Scheduler as "scheduler" {
        /// Whether to run one beside the worker, for the queues that it serves. In burst mode, what is due is queued
        /// once, before the first job.
        enabled: bool = Key::new(Kind::Boolean).option("--with-scheduler, -s").default("false"), NextFetch;
        /// How often to look for jobs that are due.
        interval: Duration = Key::span(100).default("\"1s\""), Immediate;
    }
}

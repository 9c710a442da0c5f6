//! Something that is enqueued again and again, with all that its jobs are made of.

use std::time::Duration;

use flate2::Crc;
use serde_json::{Map, Value};

use crate::job::calendar::Schedule;
use crate::job::{QueueName, Timestamp};

/// What becomes of runs that nobody enqueued in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CatchUp {
    Skip,
    Once,
    /// At most so many.
    All(usize),
}

/// An entry of a cron scheduler.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// What its history goes by; several entries of a Python module may share one.
    pub(crate) name: String,
    /// What makes it one and the same for every daemon and after a restart.
    pub(crate) fence: String,
    pub(crate) function: String,
    pub(crate) queue: QueueName,
    pub(crate) schedule: Schedule,
    pub(crate) jitter: Duration,
    pub(crate) catch_up: CatchUp,
    /// Whether a run is left out while the job of the last one is not over.
    pub(crate) no_overlap: bool,
    /// How long a job may wait, in seconds.
    pub(crate) ttl: Option<i64>,
    /// The fields of its jobs, but for the times.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// What RQ's monitors are told of it, but for the times.
    pub(crate) shown: Map<String, Value>,
}

impl Entry {
    /// When a run is due: its time, and the delay that every daemon finds for it.
    pub(super) fn due(&self, time: Timestamp) -> Timestamp {
        time.plus(self.jitter.mul_f64(share(&self.fence, time)))
    }

    /// The least time between two runs, in microseconds.
    pub(super) fn gap(&self) -> u64 {
        match &self.schedule {
            Schedule::Interval(interval) => u64::try_from(interval.as_micros()).unwrap_or(u64::MAX),
            Schedule::Cron(..) => 0,
        }
    }

    /// How far ahead of now a last run is believed. A clock may have been set back since: the runs of an interval come again soon
    /// in any case, and those of an expression are not to come twice for it.
    pub(super) fn lead(&self) -> Duration {
        match &self.schedule {
            Schedule::Interval(interval) => (*interval).max(Duration::from_secs(60)),
            Schedule::Cron(..) => Duration::from_secs(86_400),
        }
    }

    /// RQ: the function's own name in log lines.
    pub(super) fn short_name(&self) -> &str {
        self.function.rsplit('.').next().unwrap_or(&self.function)
    }

    /// An entry with nothing but a schedule.
    #[cfg(test)]
    pub(super) fn of_test(schedule: Schedule) -> Self {
        Self {
            name: "nightly".to_owned(),
            fence: "nightly".to_owned(),
            function: "tasks.clean".to_owned(),
            queue: QueueName::new("default"),
            schedule,
            jitter: Duration::ZERO,
            catch_up: CatchUp::Skip,
            no_overlap: false,
            ttl: None,
            fields: Vec::new(),
            shown: Map::new(),
        }
    }
}

/// A number from 0 up to 1 that looks random, but is the same wherever it is asked for.
fn share(fence: &str, time: Timestamp) -> f64 {
    f64::from(checksum(format!("{fence} {}", time.micros()).as_bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// A short mark of some bytes, the same in every release.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

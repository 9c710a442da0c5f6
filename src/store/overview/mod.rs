//! All queues, workers, running and failed jobs of a Redis, at a glance; whoever wrote them. Reading changes nothing.

mod ask;
mod read;

#[cfg(test)]
mod tests;

pub(crate) use read::PAGE;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::job::Timestamp;

/// What is seen of a Redis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Overview {
    /// The server's clock, in Unix seconds.
    pub(crate) now: f64,
    pub(crate) suspended: bool,
    pub(crate) queues: BTreeMap<String, QueueCard>,
    pub(crate) queues_in_all: usize,
    pub(crate) workers: BTreeMap<String, WorkerSeen>,
    pub(crate) workers_in_all: usize,
    pub(crate) running: Vec<RunningJob>,
    pub(crate) failed: Vec<FailedJob>,
    /// The jobs that are named above.
    pub(crate) jobs: BTreeMap<String, JobCard>,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            now: Timestamp::now().seconds(),
            suspended: false,
            queues: BTreeMap::new(),
            queues_in_all: 0,
            workers: BTreeMap::new(),
            workers_in_all: 0,
            running: Vec::new(),
            failed: Vec::new(),
            jobs: BTreeMap::new(),
        }
    }
}

/// Which of the failed jobs are to be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Of this queue alone; else some of every queue that has any.
    pub(crate) queue: Option<String>,
    /// How many of the newest of that queue are passed over.
    pub(crate) offset: u64,
}

/// A queue by its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct QueueCard {
    pub(crate) waiting: u64,
    pub(crate) running: u64,
    pub(crate) failed: u64,
    pub(crate) deferred: u64,
    pub(crate) scheduled: u64,
    pub(crate) finished: u64,
    pub(crate) canceled: u64,
    /// How many workers listen to it.
    pub(crate) workers: u64,
    /// Whether somebody moves its due jobs.
    pub(crate) scheduler: bool,
    /// The job that waits longest.
    pub(crate) head: Option<String>,
}

/// A worker as it is registered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct WorkerSeen {
    pub(crate) state: String,
    pub(crate) queues: String,
    pub(crate) host: String,
    pub(crate) pid: String,
    /// Unix seconds.
    pub(crate) last_heartbeat: Option<f64>,
    pub(crate) birth: Option<f64>,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    /// Seconds.
    pub(crate) working_time: f64,
    /// That of RQ, and of ours when it is one of ours.
    pub(crate) version: String,
    pub(crate) rqd_version: Option<String>,
    /// The jobs that it runs.
    pub(crate) jobs: Vec<String>,
}

/// A job that some execution runs, as far as its lease tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunningJob {
    pub(crate) job: String,
    /// RQ: version 1 knows none.
    pub(crate) execution: Option<String>,
    pub(crate) queue: String,
    /// When others may take it for abandoned, in Unix seconds.
    pub(crate) lease_ends: f64,
}

/// A job in a registry of failed ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FailedJob {
    pub(crate) job: String,
    pub(crate) queue: String,
}

/// What a list shows of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct JobCard {
    pub(crate) status: String,
    pub(crate) description: String,
    /// Unix seconds.
    pub(crate) enqueued_at: Option<f64>,
    pub(crate) started_at: Option<f64>,
    pub(crate) ended_at: Option<f64>,
    pub(crate) worker: Option<String>,
    /// Seconds; -1 is no limit.
    pub(crate) timeout: Option<i64>,
    /// The last line of its newest traceback, of failed ones.
    pub(crate) reason: Option<String>,
}

//! Queues and workers by their numbers, of as many as there are, in few round trips. Reading changes nothing.

mod read;

#[cfg(test)]
mod tests;

pub(super) use read::{WORKER, worker};

use std::collections::BTreeMap;

use crate::job::Timestamp;

/// What was counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inventory {
    /// The server's clock when it began.
    pub(crate) now: Timestamp,
    pub(crate) is_suspended: bool,
    /// In the order of the question; of all queues, by name.
    pub(crate) queues: Vec<CountedQueue>,
    /// All that are registered and alive, or those that serve the queues that were asked for.
    pub(crate) workers: BTreeMap<String, CountedWorker>,
}

impl Inventory {
    /// Those of these queues in which nothing waits and which nobody serves.
    pub(crate) fn idle_among(&self, names: &[String]) -> Vec<String> {
        let is_idle = |queue: &&CountedQueue| queue.waiting == 0 && queue.workers.is_empty();
        let idle = self.queues.iter().filter(is_idle).map(|queue| &queue.name);
        idle.filter(|name| names.contains(name)).cloned().collect()
    }
}

/// A queue. What has expired and was not cleaned away yet is not counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CountedQueue {
    pub(crate) name: String,
    pub(crate) waiting: u64,
    pub(crate) started: u64,
    /// Started, but their leases are over: nobody may be running them any more.
    pub(crate) abandoned: u64,
    pub(crate) finished: u64,
    pub(crate) failed: u64,
    pub(crate) deferred: u64,
    pub(crate) scheduled: u64,
    pub(crate) canceled: u64,
    /// The names of the workers that serve it.
    pub(crate) workers: Vec<String>,
    /// When the job at its head was enqueued.
    pub(crate) oldest: Option<Timestamp>,
}

/// A worker, as far as its hash tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CountedWorker {
    pub(crate) state: Option<String>,
    pub(crate) queues: Vec<String>,
    pub(crate) hostname: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) pid: Option<String>,
    pub(crate) birth: Option<Timestamp>,
    pub(crate) last_heartbeat: Option<Timestamp>,
    pub(crate) successful: u64,
    pub(crate) failed: u64,
    /// Seconds.
    pub(crate) working_time: f64,
    /// That of RQ, and of ours when it is one of ours.
    pub(crate) version: Option<String>,
    pub(crate) rqd_version: Option<String>,
    pub(crate) current_job: Option<String>,
}

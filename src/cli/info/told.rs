//! Queues and workers as programs are told of them.

use serde::Serialize;

use crate::job::Timestamp;
use crate::store::{CountedQueue, CountedWorker, Inventory};

/// The whole of `rq info --json`.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    read_at: String,
    suspended: bool,
    queues: Vec<ToldQueue>,
    workers: Vec<ToldWorker>,
}

/// A queue by its numbers.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct ToldQueue {
    pub(in crate::cli) name: String,
    pub(in crate::cli) waiting: u64,
    pub(in crate::cli) started: u64,
    pub(in crate::cli) abandoned: u64,
    pub(in crate::cli) finished: u64,
    pub(in crate::cli) failed: u64,
    pub(in crate::cli) deferred: u64,
    pub(in crate::cli) scheduled: u64,
    pub(in crate::cli) canceled: u64,
    pub(in crate::cli) workers: Vec<String>,
    /// How long the job at its head has waited, in seconds.
    pub(in crate::cli) oldest_waits: Option<f64>,
}

/// A worker.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct ToldWorker {
    pub(in crate::cli) name: String,
    pub(in crate::cli) state: Option<String>,
    pub(in crate::cli) queues: Vec<String>,
    pub(in crate::cli) hostname: Option<String>,
    pub(in crate::cli) address: Option<String>,
    pub(in crate::cli) pid: Option<i64>,
    pub(in crate::cli) birth: Option<String>,
    pub(in crate::cli) last_heartbeat: Option<String>,
    /// Seconds since the last sign of life.
    pub(in crate::cli) heartbeat_age: Option<f64>,
    pub(in crate::cli) successful: u64,
    pub(in crate::cli) failed: u64,
    pub(in crate::cli) working_time: f64,
    pub(in crate::cli) version: Option<String>,
    pub(in crate::cli) rqd_version: Option<String>,
    pub(in crate::cli) current_job: Option<String>,
}

impl Told {
    pub(super) fn of(inventory: &Inventory) -> Self {
        Self {
            read_at: inventory.now.iso(),
            suspended: inventory.is_suspended,
            queues: inventory.queues.iter().map(|queue| ToldQueue::of(queue, inventory.now)).collect(),
            workers: ToldWorker::all(inventory),
        }
    }
}

impl ToldQueue {
    pub(in crate::cli) fn of(queue: &CountedQueue, now: Timestamp) -> Self {
        Self {
            name: queue.name.clone(),
            waiting: queue.waiting,
            started: queue.started,
            abandoned: queue.abandoned,
            finished: queue.finished,
            failed: queue.failed,
            deferred: queue.deferred,
            scheduled: queue.scheduled,
            canceled: queue.canceled,
            workers: queue.workers.clone(),
            oldest_waits: queue.oldest.map(|oldest| now.since(oldest).as_secs_f64()),
        }
    }
}

impl ToldWorker {
    /// Every worker of an inventory, by name.
    pub(in crate::cli) fn all(inventory: &Inventory) -> Vec<Self> {
        inventory.workers.iter().map(|(name, worker)| Self::of(name, worker, inventory.now)).collect()
    }

    fn of(name: &str, worker: &CountedWorker, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            state: worker.state.clone(),
            queues: worker.queues.clone(),
            hostname: worker.hostname.clone(),
            address: worker.address.clone(),
            pid: worker.pid.as_ref().and_then(|pid| pid.parse().ok()),
            birth: worker.birth.map(Timestamp::iso),
            last_heartbeat: worker.last_heartbeat.map(Timestamp::iso),
            heartbeat_age: worker.last_heartbeat.map(|beat| now.since(beat).as_secs_f64()),
            successful: worker.successful,
            failed: worker.failed,
            working_time: worker.working_time,
            version: worker.version.clone(),
            rqd_version: worker.rqd_version.clone(),
            current_job: worker.current_job.clone(),
        }
    }
}

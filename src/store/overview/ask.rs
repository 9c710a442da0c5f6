//! The questions and what their answers mean.

use std::collections::BTreeMap;

use redis::Pipeline;

use super::{FailedJob, JobCard, QueueCard, RunningJob, WorkerSeen};
use crate::job::{QueueName, Timestamp, WorkerName};
use crate::store::story::{Answers, Texts};
use crate::store::{Keys, inventory};

/// The most running jobs of a queue that are looked at.
const RUNNING: usize = 50;

/// The most jobs of a worker.
const JOBS: usize = 10;

/// The most of a text that a list shows.
const SHOWN: usize = 500;

const REGISTRIES: [&str; 6] = ["wip", "failed", "deferred", "scheduled", "finished", "canceled"];

const JOB: &[&str] =
    &["status", "description", "enqueued_at", "started_at", "ended_at", "worker_name", "timeout"];

pub(super) fn queue(ask: &mut Pipeline, keys: &Keys, name: &str) {
    let queue = QueueName::new(name);
    ask.cmd("LLEN").arg(keys.queue(&queue));
    for registry in REGISTRIES {
        ask.cmd("ZCARD").arg(keys.registry(registry, &queue));
    }
    ask.cmd("SCARD").arg(keys.workers_of(&queue));
    ask.cmd("EXISTS").arg(keys.scheduler_lock(&queue));
    ask.cmd("LINDEX").arg(keys.queue(&queue)).arg(0);
    ask.cmd("ZRANGE").arg(keys.started(&queue)).arg(0).arg(RUNNING - 1).arg("WITHSCORES");
}

pub(super) fn read_queue(told: &mut Answers, name: &str) -> (QueueCard, Vec<RunningJob>) {
    let mut number = || told.number().unwrap_or_default();
    let waiting = number();
    let [running, failed, deferred, scheduled, finished, canceled] = REGISTRIES.map(|_| number());
    let (listeners, has_scheduler) = (number(), number() > 0);
    let head = told.bytes().map(|id| String::from_utf8_lossy(&id).into_owned());
    let runs = told.scored().into_iter().map(|(member, lease_ends)| {
        // RQ: version 1 has the job's id alone.
        let (job, execution) = match member.rsplit_once(':') {
            Some((job, execution)) => (job.to_owned(), Some(execution.to_owned())),
            None => (member, None),
        };
        RunningJob { job, execution, queue: name.to_owned(), lease_ends }
    });
    let runs = runs.collect();
    let card = QueueCard {
        waiting,
        running,
        failed,
        deferred,
        scheduled,
        finished,
        canceled,
        workers: listeners,
        scheduler: has_scheduler,
        head,
    };
    (card, runs)
}

pub(super) fn worker(ask: &mut Pipeline, keys: &Keys, name: &str) {
    let worker = WorkerName::new(name);
    ask.cmd("HMGET").arg(keys.worker(&worker)).arg(inventory::WORKER);
    ask.cmd("SRANDMEMBER").arg(keys.worker_executions(&worker)).arg(JOBS);
}

/// Nothing when it is not there any more.
pub(super) fn read_worker(told: &mut Answers) -> Option<WorkerSeen> {
    let fields = told.named(inventory::WORKER);
    let executions = told.members();
    if fields.is_empty() {
        return None;
    }
    let worker = inventory::worker(&fields);
    let mut jobs: Vec<String> =
        executions.iter().filter_map(|member| Some(member.rsplit_once(':')?.0.to_owned())).collect();
    if jobs.is_empty() {
        // RQ: before 3.0 a worker has one job, and says which.
        jobs.extend(worker.current_job);
    }
    jobs.sort();
    let shown = |text: Option<String>| text.map(|text| text.chars().take(SHOWN).collect::<String>());
    Some(WorkerSeen {
        state: shown(worker.state).unwrap_or_else(|| "?".to_owned()),
        queues: shown(Some(worker.queues.join(","))).unwrap_or_default(),
        host: shown(worker.hostname).unwrap_or_default(),
        pid: shown(worker.pid).unwrap_or_default(),
        last_heartbeat: worker.last_heartbeat.map(Timestamp::seconds),
        birth: worker.birth.map(Timestamp::seconds),
        done: worker.successful,
        failed: worker.failed,
        working_time: worker.working_time,
        version: shown(worker.version).unwrap_or_default(),
        rqd_version: shown(worker.rqd_version),
        jobs,
    })
}

/// The failed jobs of a queue from `offset` on, about the newest first: RQ orders them by when they are to be forgotten.
pub(super) fn failed(ask: &mut Pipeline, keys: &Keys, name: &str, offset: u64, most: u64) {
    let key = keys.failed(&QueueName::new(name));
    ask.cmd("ZREVRANGE").arg(key).arg(offset).arg(offset + most.max(1) - 1);
}

pub(super) fn read_failed(told: &mut Answers, name: &str) -> Vec<FailedJob> {
    let one = |job| FailedJob { job, queue: name.to_owned() };
    told.members().into_iter().map(one).collect()
}

pub(super) fn job(ask: &mut Pipeline, keys: &Keys, id: &str) {
    ask.cmd("HMGET").arg(keys.job(id)).arg(JOB);
}

pub(super) fn read_job(told: &mut Answers, known: Option<&JobCard>) -> JobCard {
    let fields = told.named(JOB);
    let ended_at = moment(&fields, "ended_at");
    // The reason of the same end stays the same.
    let reason = known.filter(|known| known.ended_at == ended_at).and_then(|known| known.reason.clone());
    JobCard {
        status: Some(text(&fields, "status"))
            .filter(|it| !it.is_empty())
            .unwrap_or_else(|| "gone".to_owned()),
        description: text(&fields, "description"),
        enqueued_at: moment(&fields, "enqueued_at"),
        started_at: moment(&fields, "started_at"),
        ended_at,
        worker: Some(text(&fields, "worker_name")).filter(|worker| !worker.is_empty()),
        timeout: text(&fields, "timeout").parse().ok(),
        reason,
    }
}

fn text(fields: &Texts, name: &str) -> String {
    let value = fields.get(name).map(Vec::as_slice).unwrap_or_default();
    // A character has four bytes at most.
    let text = String::from_utf8_lossy(&value[..value.len().min(SHOWN * 4)]);
    text.chars().take(SHOWN).collect()
}

fn moment(fields: &BTreeMap<String, Vec<u8>>, name: &str) -> Option<f64> {
    Timestamp::parse(&text(fields, name)).map(Timestamp::seconds)
}

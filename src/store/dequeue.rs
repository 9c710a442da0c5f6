//! Claims, and ids on their way to one.

use std::time::Duration;

use super::reply::Reply;
use super::{Life, Store, StoreError, job_hash, scripts};
use crate::job::{Claim, ExecutionId, JobId, QueueName, Timestamp, WorkerName};

/// An id that a wait moved to its queue's intermediate list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Surfaced {
    pub(crate) queue: QueueName,
    pub(crate) id: Vec<u8>,
}

/// What a worker asks for.
pub(crate) struct ClaimRequest<'a> {
    pub(crate) worker: &'a WorkerName,
    /// Made by the worker, so that a request that is sent twice claims once.
    pub(crate) execution: &'a ExecutionId,
    /// In the order of their priority.
    pub(crate) queues: &'a [QueueName],
    pub(crate) surfaced: &'a [Surfaced],
    pub(crate) lease: Duration,
    pub(crate) life: &'a Life,
    /// How many requests before may have given a job: one that was late on its way is told by it.
    pub(crate) turn: u64,
    /// The execution that the same worker settles just before.
    pub(crate) after: Option<&'a ExecutionId>,
}

/// What a claim gave.
#[derive(Debug)]
pub(crate) enum Claimed {
    Job(Box<Claim>),
    /// An id that nothing can be done with was taken out of the way; there may be more jobs.
    Aside {
        queue: QueueName,
        id: String,
        reason: String,
    },
    /// So far there were only ids of jobs that are gone; they were taken out of the way, and there may be more.
    More,
    Empty,
    Suspended,
    /// The worker's key is gone: nothing was claimed.
    Unregistered,
    /// The execution before is not settled: nothing was claimed.
    Early,
}

impl Store {
    /// Claims the next job: in one step it leaves its queue and is started, leased and the worker's.
    pub(crate) async fn claim(&self, request: &ClaimRequest<'_>) -> Result<Claimed, StoreError> {
        let now = Timestamp::now();
        let keys: Vec<String> = [
            self.keys.worker(request.worker),
            self.keys.worker_executions(request.worker),
            self.keys.suspended(),
        ]
        .into_iter()
        .chain(request.queues.iter().map(|queue| self.keys.queue(queue)))
        .collect();
        let mut args = self.args([
            request.execution.as_str(),
            request.worker.as_str(),
            &now.iso(),
            &now.float(),
            &request.lease.as_secs().to_string(),
            request.life.daemon.as_str(),
            &request.life.lasts.as_millis().to_string(),
            &request.turn.to_string(),
            request.after.map_or("", ExecutionId::as_str),
            &request.queues.len().to_string(),
        ]);
        args.extend(request.queues.iter().map(|queue| queue.as_str().into()));
        args.extend(pairs(request.surfaced));
        let mut reply = self.call(&scripts::CLAIM, &keys, &args).await?;
        match reply.status() {
            "claimed" | "again" => claimed(&mut reply, request, now),
            "aside" => aside(&mut reply),
            "more" => Some(Claimed::More),
            "empty" => Some(Claimed::Empty),
            "suspended" => Some(Claimed::Suspended),
            "unregistered" => Some(Claimed::Unregistered),
            "early" => Some(Claimed::Early),
            _ => None,
        }
        .ok_or_else(|| self.malformed("claim"))
    }

    /// Gives back what was taken and nobody will run now: ids that a wait surfaced, and the job of a claim that got no answer.
    pub(crate) async fn restore(
        &self,
        worker: &WorkerName,
        unanswered: Option<&ExecutionId>,
        surfaced: &[Surfaced],
    ) -> Result<(), StoreError> {
        if surfaced.is_empty() && unanswered.is_none() {
            return Ok(());
        }
        let now = Timestamp::now().iso();
        let mut args = self.args([unanswered.map_or("", ExecutionId::as_str), worker.as_str(), &now]);
        args.extend(pairs(surfaced));
        self.call(&scripts::RESTORE, &[self.keys.worker_executions(worker)], &args).await?;
        Ok(())
    }

    /// The two lists that a wait moves ids between.
    pub(crate) fn waiting_lists(&self, queue: &QueueName) -> (String, String) {
        (self.keys.queue(queue), self.keys.intermediate(queue))
    }
}

fn claimed(reply: &mut Reply, request: &ClaimRequest<'_>, now: Timestamp) -> Option<Claimed> {
    let queue = QueueName::new(reply.text()?);
    let id = JobId::new(reply.text()?);
    let fields = reply.fields()?;
    let origin = fields
        .iter()
        .find(|(name, value)| name == b"origin" && !value.is_empty())
        // The script takes exactly these for readable, too.
        .and_then(|(_, value)| std::str::from_utf8(value).ok())
        .map_or_else(|| queue.clone(), QueueName::new);
    Some(Claimed::Job(Box::new(Claim {
        execution: request.execution.clone(),
        queue,
        claimed_at: now,
        job: job_hash::parse(id.clone(), origin.clone(), fields),
        id,
        origin,
    })))
}

fn aside(reply: &mut Reply) -> Option<Claimed> {
    Some(Claimed::Aside { queue: QueueName::new(reply.text()?), id: reply.text()?, reason: reply.text()? })
}

fn pairs(surfaced: &[Surfaced]) -> impl Iterator<Item = Vec<u8>> {
    surfaced.iter().flat_map(|Surfaced { queue, id }| [queue.as_str().into(), id.clone()])
}

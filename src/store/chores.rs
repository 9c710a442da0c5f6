//! The chores that daemons and Python's workers share: RQ calls them maintenance. Each call does a bounded part.

use std::time::Duration;

use redis::Value;

use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

/// RQ: how long a queue's cleaning may take before another worker tries.
const CLEANING: Duration = Duration::from_secs(899);
/// The most entries that one call touches: so few that a job which waits for Redis meanwhile is not held up for a millisecond.
pub(crate) const BATCH: usize = 250;
/// The most jobs that one call enqueues.
const READY_BATCH: usize = 100;

/// About how many slots of a limited key one call looks at.
const SLOTS: usize = 250;

/// A set whose members are to be looked through.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Members<'a> {
    /// Workers of a queue.
    Workers(&'a QueueName),
    /// Names of groups.
    Groups,
    /// Ids of the jobs of a group.
    Group(&'a str),
    /// Keys of limited concurrency.
    Limits,
}

impl Store {
    /// Whether we may clean a queue's registries now: RQ's workers take turns by the same lock.
    pub(crate) async fn lock_registries(&self, queue: &QueueName, token: &str) -> Result<bool, StoreError> {
        self.lock(&self.keys.cleaning_lock(queue), token, CLEANING).await
    }

    /// Lets others clean again, unless our lock ran out.
    pub(crate) async fn unlock_registries(&self, queue: &QueueName, token: &str) -> Result<(), StoreError> {
        let keys = [self.keys.cleaning_lock(queue)];
        self.call(&scripts::UNLOCK, &keys, &self.args([token])).await.map(drop)
    }

    /// Whether we may clean the groups now. RQ: nobody gives this lock back, so that it is done once in an interval.
    pub(crate) async fn lock_groups(&self, token: &str, interval: Duration) -> Result<bool, StoreError> {
        let lasts = Duration::from_secs(interval.as_secs().saturating_sub(1).max(1));
        self.lock(&self.keys.groups_lock(), token, lasts).await
    }

    async fn lock(&self, key: &str, token: &str, lasts: Duration) -> Result<bool, StoreError> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(token).arg("NX").arg("EX").arg(lasts.as_secs());
        Ok(self.client.run(&command).await? != Value::Nil)
    }

    /// Takes some of what has expired out of the finished registry, or the failed one; true when there may be more.
    pub(crate) async fn purge(&self, queue: &QueueName, failed: bool) -> Result<bool, StoreError> {
        let key = if failed { self.keys.failed(queue) } else { self.keys.finished(queue) };
        let args = self.args([BATCH.to_string().as_str()]);
        let purged = self.call(&scripts::PURGE, &[key], &args).await?.integer().unwrap_or(0);
        Ok(usize::try_from(purged).is_ok_and(|purged| purged >= BATCH))
    }

    /// Enqueues some of a queue's ready jobs, and returns their ids; nothing when there are no more.
    pub(crate) async fn enqueue_ready(&self, queue: &QueueName) -> Result<Option<Vec<String>>, StoreError> {
        let key = self.keys.ready(queue);
        let mut command = redis::cmd("ZRANGE");
        command.arg(&key).arg(0).arg(READY_BATCH - 1);
        let ids = bulks(self.client.run(&command).await?);
        if ids.is_empty() {
            return Ok(None);
        }
        let mut args = self.args([&Timestamp::now().iso()]);
        args.extend(ids);
        Ok(Some(self.call(&scripts::READY, &[key], &args).await?.texts()))
    }

    /// Some members of a set, and where to go on; 0 at the end.
    pub(crate) async fn members(
        &self,
        of: Members<'_>,
        cursor: u64,
    ) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
        let key = match of {
            Members::Workers(queue) => self.keys.workers_of(queue),
            Members::Groups => self.keys.groups(),
            Members::Group(group) => self.keys.group(group),
            Members::Limits => self.keys.limits(),
        };
        let mut command = redis::cmd("SSCAN");
        command.arg(key).arg(cursor).arg("COUNT").arg(BATCH);
        let Value::Array(answer) = self.client.run(&command).await? else {
            return Err(self.malformed("SSCAN"));
        };
        let mut answer = answer.into_iter();
        let next = answer.next().and_then(|next| redis::from_redis_value::<u64>(next).ok());
        match (next, answer.next()) {
            (Some(next), Some(found)) => Ok((next, bulks(found))),
            _ => Err(self.malformed("SSCAN")),
        }
    }

    /// Takes those workers out of the sets whose own keys are gone.
    pub(crate) async fn forget_workers(
        &self,
        queue: &QueueName,
        workers: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        let keys = [self.keys.workers_of(queue), self.keys.workers()];
        let mut args = self.args(["workers", ""]);
        args.extend_from_slice(workers);
        self.call(&scripts::FORGET, &keys, &args).await.map(drop)
    }

    /// Takes those jobs out of a group that are gone, and the group out of the groups when it is empty.
    pub(crate) async fn forget_jobs(&self, group: &str, jobs: &[Vec<u8>]) -> Result<(), StoreError> {
        let keys = [self.keys.group(group), self.keys.groups()];
        let mut args = self.args(["jobs", group]);
        args.extend_from_slice(jobs);
        self.call(&scripts::FORGET, &keys, &args).await.map(drop)
    }

    /// Sets some slots of a key of limited concurrency right; tells where to go on, and nothing at the end.
    pub(crate) async fn settle_limit(&self, key: &[u8], from: &str) -> Result<Option<String>, StoreError> {
        let mut args = self.args([]);
        args.extend([key.to_vec(), Timestamp::now().iso().into_bytes()]);
        args.extend([from.as_bytes().to_vec(), SLOTS.to_string().into_bytes()]);
        let mut reply = self.call(&scripts::LIMITS, &[] as &[String], &args).await?;
        let next = reply.text().ok_or_else(|| self.malformed("limits"))?;
        Ok(Some(next).filter(|next| !next.is_empty()))
    }

    /// Puts stranded ids back at the head of their queue, and returns those that were.
    pub(crate) async fn sweep(&self, queue: &QueueName, ids: &[Vec<u8>]) -> Result<Vec<String>, StoreError> {
        let mut args = self.args([queue.as_str()]);
        args.extend_from_slice(ids);
        Ok(self.call(&scripts::SWEEP, &[self.keys.started(queue)], &args).await?.texts())
    }

    /// Whether workers of Python RQ serve this queue alone: their claims stand in its intermediate list for a while. RQ: a worker of
    /// several queues pops an id, and uses no such list.
    pub(crate) async fn has_python_workers(&self, queue: &QueueName) -> Result<bool, StoreError> {
        let mut cursor = 0;
        loop {
            let (next, workers) = self.members(Members::Workers(queue), cursor).await?;
            let mut pipeline = redis::pipe();
            for worker in workers {
                pipeline.cmd("HMGET").arg(worker).arg("birth").arg("rqd_version").arg("queues");
            }
            if pipeline.cmd_iter().next().is_some()
                && self.client.run_all(&pipeline).await?.iter().any(|facts| waits_aside(facts, queue))
            {
                return Ok(true);
            }
            if next == 0 {
                return Ok(false);
            }
            cursor = next;
        }
    }
}

/// Whether a worker that has this birth, version of ours and list of queues leaves ids in the intermediate list of the queue.
fn waits_aside(facts: &Value, queue: &QueueName) -> bool {
    let Value::Array(facts) = facts else { return false };
    match facts.as_slice() {
        [Value::BulkString(_), Value::Nil, Value::BulkString(queues)] => queues == queue.as_str().as_bytes(),
        [Value::BulkString(_), Value::Nil, _] => true,
        _ => false,
    }
}

fn bulks(value: Value) -> Vec<Vec<u8>> {
    let items = match value {
        Value::Array(items) | Value::Set(items) => items,
        _ => Vec::new(),
    };
    let bulk = |item| match item {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    };
    items.into_iter().filter_map(bulk).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::server::Server;
    use super::super::{Address, Client, Keys};
    use super::*;

    #[tokio::test]
    async fn a_lock_that_ran_out_is_not_taken_from_its_next_holder() {
        let server = Server::start(&[]);
        let client = Client::new(Address::from_url(&server.url()).unwrap(), None);
        let (store, queue) = (Store::new(client, Keys::new("rq")), QueueName::new("default"));
        assert!(store.lock_registries(&queue, "ours").await.unwrap());
        assert!(!store.lock_registries(&queue, "others").await.unwrap());
        store.client().run(redis::cmd("SET").arg("rq:clean_registries:default").arg("1")).await.unwrap();

        store.unlock_registries(&queue, "ours").await.unwrap();

        assert!(!store.lock_registries(&queue, "ours").await.unwrap());
    }
}

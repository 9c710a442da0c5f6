//! What any worker may do for the queues that it serves: RQ calls it maintenance.

use std::time::Duration;

use redis::Value;

use super::outcome::packed;
use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

/// RQ: how long a queue's cleaning may take before another worker tries.
const CLEANING: Duration = Duration::from_secs(899);
/// The most abandoned jobs that one call fails; the rest follows in the next.
const ABANDONED_AT_ONCE: &str = "100";
/// The most ids of an intermediate list that are looked at.
const STRANDED_AT_ONCE: isize = 1000;

impl Store {
    /// Whether this worker may clean a queue's registries now: RQ's workers take turns by the same lock.
    pub(crate) async fn begin_cleaning(&self, queue: &QueueName) -> Result<bool, StoreError> {
        let mut command = redis::cmd("SET");
        command.arg(self.keys.cleaning_lock(queue)).arg("1").arg("NX").arg("EX").arg(CLEANING.as_secs());
        Ok(self.client.run(&command).await? != Value::Nil)
    }

    /// Lets others clean again.
    pub(crate) async fn end_cleaning(&self, queue: &QueueName) -> Result<(), StoreError> {
        let mut command = redis::cmd("DEL");
        command.arg(self.keys.cleaning_lock(queue));
        self.client.run(&command).await.map(drop)
    }

    /// Purges what has expired from a queue's registries, and workers that are gone from its sets.
    pub(crate) async fn tidy(&self, queue: &QueueName) -> Result<(), StoreError> {
        let keys = [
            self.keys.finished(queue),
            self.keys.failed(queue),
            self.keys.workers(),
            self.keys.workers_of(queue),
        ];
        self.call(&scripts::TIDY, &keys, &self.args([])).await.map(drop)
    }

    /// Fails jobs whose leases have ended, and returns their ids.
    pub(crate) async fn abandon(&self, queue: &QueueName) -> Result<Vec<String>, StoreError> {
        let now = Timestamp::now().iso();
        // RQ: the text that its own cleaner leaves.
        let text = format!("Moved to FailedJobRegistry, due to AbandonedJobError, at {now}");
        let args = self.args([queue.as_str(), &now, &packed(&text), ABANDONED_AT_ONCE]);
        Ok(self.call(&scripts::ABANDON, &[self.keys.started(queue)], &args).await?.texts())
    }

    /// The ids between a queue and its started registry.
    pub(crate) async fn intermediate(&self, queue: &QueueName) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.intermediate(queue)).arg(0).arg(STRANDED_AT_ONCE - 1);
        match self.client.run(&command).await? {
            Value::Array(items) => Ok(items
                .into_iter()
                .filter_map(|item| match item {
                    Value::BulkString(id) => Some(id),
                    _ => None,
                })
                .collect()),
            _ => Err(self.malformed("the intermediate list")),
        }
    }

    /// Puts stranded ids back at the head of their queue, and returns those that were.
    pub(crate) async fn sweep(&self, queue: &QueueName, ids: &[Vec<u8>]) -> Result<Vec<String>, StoreError> {
        let mut args = self.args([queue.as_str()]);
        args.extend_from_slice(ids);
        Ok(self.call(&scripts::SWEEP, &[self.keys.started(queue)], &args).await?.texts())
    }

    /// Whether workers of Python RQ serve a queue: their claims stand in the intermediate list for a while.
    pub(crate) async fn has_python_workers(&self, queue: &QueueName) -> Result<bool, StoreError> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(self.keys.workers_of(queue));
        let workers: Vec<String> =
            redis::from_redis_value(self.client.run(&command).await?).unwrap_or_default();
        let mut pipeline = redis::pipe();
        for worker in workers {
            pipeline.cmd("HMGET").arg(worker).arg("birth").arg("rqd_version");
        }
        let facts = self.client.run_all(&pipeline).await?;
        let is_pythons = |facts: &Value| matches!(facts, Value::Array(facts) if matches!(facts.as_slice(), [Value::BulkString(_), Value::Nil]));
        Ok(facts.iter().any(is_pythons))
    }
}

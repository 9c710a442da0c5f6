//! Taking away what nobody needs: each step looks again before it acts.

use crate::job::{QueueName, Timestamp, WorkerName};
use crate::store::{Standing, Store, StoreError, scripts};

impl Store {
    /// Takes those of these ids out of a place whose jobs are gone; tells how many it took.
    pub(crate) async fn prune(
        &self,
        queue: &QueueName,
        place: Standing,
        ids: &[String],
    ) -> Result<u64, StoreError> {
        let Some(key) = place.key(&self.keys, queue) else { return Ok(0) };
        let mut args = self.args([]);
        args.extend(ids.iter().map(|id| id.as_bytes().to_vec()));
        let pruned = self.call(&scripts::PRUNE, &[key], &args).await?.integer();
        pruned.and_then(|pruned| u64::try_from(pruned).ok()).ok_or_else(|| self.malformed("prune"))
    }

    /// Takes a worker that is known to be dead out of the sets of workers, as it would itself; false when it gave a sign of life
    /// since `last_heartbeat`.
    pub(crate) async fn dismiss(
        &self,
        worker: &str,
        queues: &[String],
        last_heartbeat: &str,
    ) -> Result<bool, StoreError> {
        let mut keys = vec![self.keys.worker(&WorkerName::new(worker)), self.keys.workers()];
        keys.extend(queues.iter().map(|queue| self.keys.workers_of(&QueueName::new(queue.as_str()))));
        let args = self.args([last_heartbeat, &Timestamp::now().iso()]);
        Ok(self.call(&scripts::DISMISS, &keys, &args).await?.status() == "dismissed")
    }
}

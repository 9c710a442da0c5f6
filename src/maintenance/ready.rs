//! Jobs in the ready registry: a worker of RQ made them ready, and died before it enqueued them.

use super::round::Round;
use crate::job::QueueName;
use crate::store::StoreError;

impl Round {
    /// Enqueues a queue's ready jobs, part by part. Each part leaves the registry, so this ends.
    pub(super) async fn enqueue_ready(&self, queue: &QueueName) -> Result<(), StoreError> {
        while self.store.enqueue_ready(queue).await?.is_some() {
            self.rest().await;
        }
        Ok(())
    }
}

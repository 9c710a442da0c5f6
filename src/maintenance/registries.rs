//! Entries of the finished and failed registries whose time is over.

use super::round::Round;
use crate::job::QueueName;
use crate::store::StoreError;

impl Round {
    /// Purges one registry, part by part.
    pub(super) async fn purge(&self, queue: &QueueName, failed: bool) -> Result<(), StoreError> {
        while self.store.purge(queue, failed).await? {
            self.rest().await;
        }
        Ok(())
    }
}

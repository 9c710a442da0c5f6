//! Workers that are gone, in the sets of workers.

use super::round::Round;
use crate::job::QueueName;
use crate::store::{Members, StoreError};

impl Round {
    /// Takes a queue's workers out of the sets whose keys have expired.
    pub(super) async fn forget_workers(&self, queue: &QueueName) -> Result<(), StoreError> {
        let mut cursor = 0;
        loop {
            let (next, workers) = self.store.members(Members::Workers(queue), cursor).await?;
            if !workers.is_empty() {
                self.store.forget_workers(queue, &workers).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
            self.rest().await;
        }
    }
}

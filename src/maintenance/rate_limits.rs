//! Keys of limited concurrency: slots that nobody uses any more go to the jobs that wait for them.

use super::round::Round;
use crate::store::{Members, StoreError};

impl Round {
    /// Sets every key right. RQ: all of them, for each queue.
    pub(super) async fn free_slots(&self) -> Result<(), StoreError> {
        let mut cursor = 0;
        loop {
            let (next, keys) = self.store.members(Members::Limits, cursor).await?;
            for key in keys {
                let mut from = "0".to_owned();
                while let Some(next) = self.store.settle_limit(&key, &from).await? {
                    from = next;
                    self.rest().await;
                }
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
            self.rest().await;
        }
    }
}

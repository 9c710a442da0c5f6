//! Dependents of a job that had very many: whoever settled it may have died before it had released all.

use super::recovery::Recovery;
use crate::store::StoreError;

impl Recovery {
    /// Goes on until all are released. Another daemon may do the same: each part acts once.
    pub(super) async fn release_dependents(&self) -> Result<(), StoreError> {
        while self.store.release().await? {}
        Ok(())
    }
}

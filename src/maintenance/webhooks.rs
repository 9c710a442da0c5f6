//! Webhooks that a daemon noted and did not live to send.

use super::recovery::Recovery;
use crate::store::StoreError;

impl Recovery {
    /// Sends those of daemons that are registered no more. It comes after the daemons that are gone were taken off the register.
    pub(super) async fn send_webhooks(&self) -> Result<(), StoreError> {
        for note in self.store.noted_webhooks().await? {
            self.followup.courier.adopt(&note).await;
        }
        Ok(())
    }
}

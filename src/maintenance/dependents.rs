//! Dependents of a job that had very many: whoever settled it may have died before it had released all.

use super::recovery::Recovery;
use super::tell_failure;

impl Recovery {
    /// Goes on until all are released, beside whatever else there is to recover. Does nothing while it is at it already.
    pub(super) fn release_dependents(&mut self) {
        while self.releasing.try_join_next().is_some() {}
        if !self.releasing.is_empty() {
            return;
        }
        let (store, speaker) = (self.store.clone(), self.speaker.clone());
        self.releasing.spawn_local(async move {
            if let Err(error) = store.release_dependents().await {
                tell_failure(&speaker, "release dependents", &error);
            }
        });
    }
}

//! Dependents of a job that had too many of them for its settling: they are released beside the next jobs.

use super::Worker;
use super::patience::Patience;

impl Worker {
    /// Begins to release what is left. Should this daemon die meanwhile, maintenance of another finds it.
    pub(super) fn release_the_rest(&mut self) {
        while self.releases.try_join_next().is_some() {}
        let store = self.store.clone();
        self.releases.spawn_local(async move {
            let _ = store.release_dependents().await;
        });
    }

    /// Waits until all are released, unless the worker must end at once: there may be nobody else to go on.
    pub(super) async fn finish_releases(&mut self) {
        let mut releases = std::mem::take(&mut self.releases);
        tokio::select! {
            () = async { while releases.join_next().await.is_some() {} } => {}
            () = self.stopped(Patience::Busy) => {}
        }
    }
}

//! Ids in an intermediate list that nobody claims: whoever moved them there is gone. RQ fails such jobs; we put them back.

use std::time::Duration;

use tokio::time::Instant;

use super::recovery::Recovery;
use crate::event::Event;
use crate::store::{QueueWatched, StoreError};
use crate::telemetry::emit;

/// How long an id of ours may stand there: a claim follows within milliseconds.
const GRACE: Duration = Duration::from_secs(5);
/// RQ: how long a Python worker may leave an id there.
const PYTHON_GRACE: Duration = Duration::from_secs(60);

impl Recovery {
    /// Puts ids back that stand in a queue's intermediate list for too long.
    pub(super) async fn put_stranded_back(&mut self, seen: &QueueWatched) -> Result<(), StoreError> {
        let QueueWatched { queue, intermediate, .. } = seen;
        self.stranded.retain(|(of, id), _| of != queue || intermediate.contains(id));
        for id in intermediate {
            self.stranded.entry((queue.clone(), id.clone())).or_insert_with(Instant::now);
        }
        let for_longer_than = |grace: Duration| {
            let stand = |(of, id): (&(_, Vec<u8>), &Instant)| {
                (of.0 == *queue && id.elapsed() >= grace).then(|| of.1.clone())
            };
            self.stranded.iter().filter_map(stand).collect::<Vec<_>>()
        };
        let mut stranded = for_longer_than(GRACE);
        if stranded.is_empty() {
            return Ok(());
        }
        if self.store.has_python_workers(queue).await? {
            stranded = for_longer_than(PYTHON_GRACE);
        }
        if stranded.is_empty() {
            return Ok(());
        }
        let jobs = self.store.sweep(queue, &stranded).await?;
        for id in stranded {
            self.stranded.remove(&(queue.clone(), id));
        }
        if !jobs.is_empty() {
            emit(Event::StrandedPutBack { queue: queue.to_string(), jobs });
        }
        Ok(())
    }
}

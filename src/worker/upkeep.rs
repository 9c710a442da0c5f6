//! Upkeep: what a worker does for its queues between two jobs. RQ calls it maintenance.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Worker;
use crate::event::Event;
use crate::job::QueueName;
use crate::store::{Store, StoreError};
use crate::telemetry::emit;

/// How often intermediate lists are looked at; an id that is seen twice is stranded.
const SWEEP: Duration = Duration::from_secs(5);
/// RQ: how long a Python worker may leave an id there.
const PYTHON_GRACE: Duration = Duration::from_secs(60);

/// When what is due, and what was seen.
pub(super) struct Upkeep {
    interval: Duration,
    cleaned: Option<Instant>,
    swept: Option<Instant>,
    seen: HashMap<(QueueName, Vec<u8>), Instant>,
}

impl Upkeep {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, cleaned: None, swept: None, seen: HashMap::new() }
    }

    /// When something is due again.
    pub(super) fn next_due(&self) -> Instant {
        let now = Instant::now();
        let sweep = self.swept.map_or(now, |last| last + SWEEP);
        let clean = self.cleaned.map_or(now, |last| last + self.interval);
        sweep.min(clean)
    }

    fn cleaning_is_due(&self) -> bool {
        self.cleaned.is_none_or(|last| last.elapsed() >= self.interval)
    }

    fn sweep_is_due(&self) -> bool {
        self.swept.is_none_or(|last| last.elapsed() >= SWEEP)
    }
}

impl Worker {
    /// Does what is due. That it fails is no trouble: it is due again soon, and others do it too.
    pub(super) async fn upkeep_if_due(&mut self) {
        if self.upkeep.cleaning_is_due() {
            self.upkeep.cleaned = Some(Instant::now());
            for queue in self.options.queues.clone() {
                let _ = self.clean(&queue).await;
            }
        }
        if self.upkeep.sweep_is_due() {
            let now = Instant::now();
            self.upkeep.swept = Some(now);
            for queue in self.options.queues.clone() {
                let _ = sweep(&self.store, &mut self.upkeep.seen, &queue, now).await;
            }
        }
    }

    async fn clean(&self, queue: &QueueName) -> Result<(), StoreError> {
        if !self.store.begin_cleaning(queue).await? {
            return Ok(());
        }
        emit(Event::RegistriesCleaned { worker: self.name(), queue: queue.to_string() });
        let cleaned = async {
            for job in self.store.abandon(queue).await? {
                emit(Event::AbandonedJobFailed { job, at: std::time::SystemTime::now() });
            }
            self.store.tidy(queue).await
        };
        let cleaned = cleaned.await;
        self.store.end_cleaning(queue).await?;
        cleaned
    }
}

/// Puts ids back that stand in a queue's intermediate list for too long.
async fn sweep(
    store: &Store,
    seen: &mut HashMap<(QueueName, Vec<u8>), Instant>,
    queue: &QueueName,
    now: Instant,
) -> Result<(), StoreError> {
    let there = store.intermediate(queue).await?;
    seen.retain(|(of, id), _| of != queue || there.contains(id));
    if there.is_empty() {
        return Ok(());
    }
    let grace = if store.has_python_workers(queue).await? { PYTHON_GRACE } else { SWEEP };
    let mut stranded = Vec::new();
    for id in there {
        let first = *seen.entry((queue.clone(), id.clone())).or_insert(now);
        if now - first >= grace {
            stranded.push(id);
        }
    }
    if stranded.is_empty() {
        return Ok(());
    }
    let jobs = store.sweep(queue, &stranded).await?;
    for id in stranded {
        seen.remove(&(queue.clone(), id));
    }
    if !jobs.is_empty() {
        emit(Event::StrandedPutBack { queue: queue.to_string(), jobs });
    }
    Ok(())
}

//! Ids in an intermediate list that nobody claims: whoever moved them there is gone. RQ fails such jobs; we put them back,
//! unless we are told to do as RQ does.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::followup;
use super::recovery::{Ended, Recovery};
use crate::event::Event;
use crate::job::{Cause, QueueName, Verdict, WorkerName, abandoned};
use crate::store::{QueueWatched, StoreError, Stranded};
use crate::telemetry::emit;

/// How long an id of ours may stand there: a claim follows within milliseconds.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// RQ: how long a Python worker may leave an id there.
const PYTHON_GRACE: Duration = Duration::from_secs(60);
/// How many jobs of a queue are ended in one go.
const BATCH: usize = 100;
/// RQ: these words.
const STUCK: &str = "Job was stuck in intermediate queue.";

/// What becomes of stranded ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStranded {
    /// They go back to the heads of their queues.
    PutBack,
    /// Their jobs fail, or are retried.
    AsRq {
        /// Whether failures are recorded.
        record: bool,
    },
}

impl Recovery {
    /// Sees to ids that stand in a queue's intermediate list for too long.
    pub(super) async fn see_to_stranded(&mut self, seen: &QueueWatched) -> Result<(), StoreError> {
        let QueueWatched { queue, intermediate, .. } = seen;
        self.stranded.retain(|(of, id), _| of != queue || intermediate.contains(id));
        for id in intermediate {
            self.stranded.entry((queue.clone(), id.clone())).or_insert_with(Instant::now);
        }
        let stranded = self.stranded_for(queue, GRACE);
        if stranded.is_empty() {
            return Ok(());
        }
        let OnStranded::AsRq { record } = self.on_stranded else {
            return self.put_stranded_back(queue, stranded).await;
        };
        // An id with a colon was never meant to be claimed: back in its queue, it is put aside.
        let (odd, ids): (Vec<_>, Vec<_>) = stranded.into_iter().partition(|id| id.contains(&b':'));
        if !odd.is_empty() {
            self.put_stranded_back(queue, odd).await?;
        }
        for id in ids.into_iter().take(BATCH) {
            if self.end_stranded(queue, &id, record).await? != Stranded::Waiting {
                self.stranded.remove(&(queue.clone(), id));
            }
        }
        Ok(())
    }

    fn stranded_for(&self, queue: &QueueName, grace: Duration) -> Vec<Vec<u8>> {
        let stand = |((of, id), since): (&(QueueName, Vec<u8>), &Instant)| {
            (of == queue && since.elapsed() >= grace).then(|| id.clone())
        };
        self.stranded.iter().filter_map(stand).collect()
    }

    async fn put_stranded_back(
        &mut self,
        queue: &QueueName,
        mut stranded: Vec<Vec<u8>>,
    ) -> Result<(), StoreError> {
        if self.store.has_python_workers(queue).await? {
            let for_long = self.stranded_for(queue, PYTHON_GRACE);
            stranded.retain(|id| for_long.contains(id));
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

    /// RQ: the worker's own failure, without callbacks, but with webhooks.
    async fn end_stranded(&self, queue: &QueueName, id: &[u8], record: bool) -> Result<Stranded, StoreError> {
        let found = self.store.stranded(queue, id).await?;
        let verdict = match found.job.as_ref().map_or(Verdict::Fail, abandoned) {
            Verdict::Fail if !record => Verdict::Unrecorded { stopped: false },
            verdict => verdict,
        };
        let worker = WorkerName::new(self.speaker.name());
        let became = self.store.end_stranded(&worker, &found, &verdict, STUCK).await?;
        if became == Stranded::Ended {
            let id = found.id().to_owned();
            let message = found.job.as_ref().ok().and_then(|job| followup::failure(job, "", STUCK));
            let ended = Ended {
                id,
                queue: found.queue,
                job: found.job,
                verdict,
                why: STUCK.to_owned(),
                cause: Cause::Abandoned,
                was_ours: false,
                message,
            };
            tell(&ended);
            let is_final = !matches!(ended.verdict, Verdict::Retry(..));
            if let Some(message) = ended.message.filter(|_| is_final) {
                self.followup.courier.send(message);
            }
        }
        Ok(became)
    }
}

fn tell(ended: &Ended) {
    let (queue, job) = (ended.queue.to_string(), ended.id.clone());
    match &ended.verdict {
        Verdict::Retry(again, left) if again.delay == 0 => {
            emit(Event::RetryEnqueued { job, remaining: *left });
        }
        Verdict::Retry(again, left) => {
            let at = SystemTime::now() + Duration::from_secs(again.delay);
            emit(Event::RetryScheduled { job, at, remaining: *left });
        }
        _ => emit(Event::StrandedFailed { queue, job, reason: ended.why.clone() }),
    }
}

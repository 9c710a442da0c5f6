//! Recovery: executions whose worker is gone, and ids that stand between queue and registry.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::followup::{self, Followup};
use super::judge::Judge;
use super::stranded::OnStranded;
use super::{Speaker, tell_failure};
use crate::event::Event;
use crate::job::{Again, Cause, Job, QueueName, Verdict};
use crate::store::{Found, Plan, Proof, Recovered, Store, StoreError, Watched};
use crate::telemetry::emit;
use crate::webhook::Message;

/// What a look around found.
pub(super) struct Seen {
    pub(super) watched: Watched,
    /// Redis was there long enough that the silence of a daemon means its death.
    pub(super) is_calm: bool,
    /// Or at least we know of no outage just now.
    pub(super) no_outage: bool,
}

/// Takes on what others left behind.
pub(super) struct Recovery {
    pub(super) store: Store,
    pub(super) judge: Judge,
    /// In whose name lines are written.
    pub(super) speaker: Speaker,
    pub(super) followup: Followup,
    /// Takes what has to be followed up.
    pub(super) follow: mpsc::Sender<Ended>,
    /// When ids were first seen in an intermediate list.
    pub(super) stranded: HashMap<(QueueName, Vec<u8>), Instant>,
    /// The release of dependents, while there is one.
    pub(super) releasing: JoinSet<()>,
    pub(super) on_stranded: OnStranded,
}

/// A job whose execution was ended by us, for whoever has more to do about it than to tell it.
pub(super) struct Ended {
    pub(super) id: String,
    pub(super) queue: QueueName,
    /// The job as it was found, or why its hash cannot be read.
    pub(super) job: Result<Job, String>,
    pub(super) verdict: Verdict,
    pub(super) why: String,
    pub(super) cause: Cause,
    /// One of our own daemons ran it.
    pub(super) was_ours: bool,
    /// Its webhooks, which are noted.
    pub(super) message: Option<Message>,
}

impl Recovery {
    /// Works through each look around, for as long as looks come; tells when the first is done.
    pub(super) async fn run(mut self, mut found: mpsc::Receiver<Seen>, first: oneshot::Sender<()>) {
        let mut first = Some(first);
        while let Some(seen) = found.recv().await {
            self.work_through(seen).await;
            if let Some(first) = first.take() {
                // A burst ends after it: there may be nobody else to go on.
                while self.releasing.join_next().await.is_some() {}
                let _ = first.send(());
            }
        }
    }

    /// An error ends one chore until the next look.
    async fn work_through(&mut self, seen: Seen) {
        if let Err(error) = self.take_on_daemons(&seen).await {
            tell_failure(&self.speaker, "take on the jobs of daemons that are gone", &error);
        }
        if seen.watched.releasing > 0 {
            self.release_dependents();
        }
        if seen.watched.webhooks > 0
            && let Err(error) = self.send_webhooks().await
        {
            tell_failure(&self.speaker, "send the webhooks of daemons that are gone", &error);
        }
        for queue in seen.watched.queues {
            if queue.ended > 0
                && let Err(error) = self.end_leases(&queue.queue, seen.no_outage).await
            {
                tell_failure(&self.speaker, "end the leases of workers that are gone", &error);
            }
            if let Err(error) = self.see_to_stranded(&queue).await {
                tell_failure(&self.speaker, "see to stranded jobs", &error);
            }
        }
    }

    /// Whether the server runs long enough that a sign of life can be missing for another reason than its restart.
    pub(super) async fn is_settled(&self) -> Result<bool, StoreError> {
        Ok(self.store.client().uptime().await?.is_none_or(|uptime| uptime >= self.judge.liveness))
    }

    /// Ends one execution and says what became of the job; nothing when it is not ours to end.
    pub(super) async fn end(&self, found: &Found, proof: Proof) -> Result<Recovered, StoreError> {
        let plan = self.judge.plan(found, proof).await?;
        let message = followup::message(found, &plan);
        let note = message.as_ref().and_then(|message| self.followup.courier.note(message));
        let recovered = self.store.recover(found, proof, &plan, note.as_ref()).await?;
        if recovered == Recovered::Done
            && let Plan::Become(verdict, why, cause) = plan
        {
            let ended = Ended {
                id: found.id().to_owned(),
                queue: found.queue.clone(),
                job: found.job.clone(),
                verdict,
                why,
                cause,
                was_ours: found.run.is_some(),
                message,
            };
            tell(&ended);
            if self.followup.concerns(&ended) {
                let _ = self.follow.send(ended).await;
            }
        }
        Ok(recovered)
    }
}

/// Says what became of a job.
fn tell(ended: &Ended) {
    let (queue, job, reason) = (ended.queue.to_string(), ended.id.clone(), ended.why.clone());
    match &ended.verdict {
        Verdict::PutBack { .. } => emit(Event::InterruptedPutBack { queue, job, reason, cause: ended.cause }),
        Verdict::Retry(Again { delay: 0, .. }, left) => {
            emit(Event::RetryEnqueued { job, remaining: *left });
        }
        Verdict::Retry(again, left) => {
            let at = SystemTime::now() + Duration::from_secs(again.delay);
            emit(Event::RetryScheduled { job, at, remaining: *left });
        }
        _ => {
            let (cause, why) = (ended.cause, reason.clone());
            emit(Event::AbandonedJobFailed { job: job.clone(), at: SystemTime::now(), reason: why, cause });
            if ended.was_ours {
                emit(Event::InterruptedFailed { queue, job, reason, cause });
            }
        }
    }
}

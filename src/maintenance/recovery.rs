//! Recovery: executions whose worker is gone, and ids that stand between queue and registry.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::followup::{self, Followup};
use super::stranded::OnStranded;
use super::{Speaker, tell_failure};
use crate::event::Event;
use crate::job::{Again, Cut, InterruptRules, Job, QueueName, Timestamp, Verdict, abandoned, reason};
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
    /// For jobs of daemons that left no rules of theirs.
    pub(super) rules: InterruptRules,
    pub(super) liveness: Duration,
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
        Ok(self.store.client().uptime().await?.is_none_or(|uptime| uptime >= self.liveness))
    }

    /// Ends one execution and says what became of the job; nothing when it is not ours to end.
    pub(super) async fn end(&self, found: &Found, proof: Proof) -> Result<Recovered, StoreError> {
        let rules = self.rules_of(found).await?;
        let plan = self.plan(found, proof, &rules, Timestamp::now());
        let message = followup::message(found, &plan);
        let note = message.as_ref().and_then(|message| self.followup.courier.note(message));
        let recovered = self.store.recover(found, proof, &plan, note.as_ref()).await?;
        if recovered == Recovered::Done
            && let Plan::Become(verdict, why) = plan
        {
            let ended = Ended {
                id: found.id().to_owned(),
                queue: found.queue.clone(),
                job: found.job.clone(),
                verdict,
                why,
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

    /// What becomes of a job that was found so.
    fn plan(&self, found: &Found, proof: Proof, rules: &InterruptRules, now: Timestamp) -> Plan {
        if found.status.as_deref() != Some("started") {
            return Plan::Mend;
        }
        // RQ: the words that its own cleaner leaves.
        let words = format!("Moved to FailedJobRegistry, due to AbandonedJobError, at {}", now.iso());
        let (Ok(job), Some((_, is_handed))) = (&found.job, &found.run) else {
            let verdict = found.job.as_ref().map_or(Verdict::Fail, abandoned);
            return Plan::Become(verdict, words);
        };
        let cut = if *is_handed { Cut::Working } else { Cut::Unbegun };
        let remedy = rules.remedy(job, cut);
        let why = reason(&self.interruption(found, proof, cut), &remedy, job);
        let why = if remedy.verdict == Verdict::Fail { format!("{words}\n{why}") } else { why };
        Plan::Become(remedy.verdict, why)
    }

    fn interruption(&self, found: &Found, proof: Proof, cut: Cut) -> String {
        let how = match proof {
            Proof::Death => "died".to_owned(),
            Proof::Silence => format!("gave no sign of life for {}s", self.liveness.as_secs_f64()),
            Proof::Lease => "gave no sign of life until its lease ended".to_owned(),
        };
        let when = if cut == Cut::Unbegun { "before it ran" } else { "while it ran" };
        format!("The job was interrupted {when}: the daemon of worker {} {how}", found.worker)
    }
}

/// Says what became of a job.
fn tell(ended: &Ended) {
    let (queue, job, reason) = (ended.queue.to_string(), ended.id.clone(), ended.why.clone());
    match &ended.verdict {
        Verdict::PutBack { .. } => emit(Event::InterruptedPutBack { queue, job, reason }),
        Verdict::Retry(Again { delay: 0, .. }, left) => {
            emit(Event::RetryEnqueued { job, remaining: *left });
        }
        Verdict::Retry(again, left) => {
            let at = SystemTime::now() + Duration::from_secs(again.delay);
            emit(Event::RetryScheduled { job, at, remaining: *left });
        }
        _ => {
            let why = reason.clone();
            emit(Event::AbandonedJobFailed { job: job.clone(), at: SystemTime::now(), reason: why });
            if ended.was_ours {
                emit(Event::InterruptedFailed { queue, job, reason });
            }
        }
    }
}

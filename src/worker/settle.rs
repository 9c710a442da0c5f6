//! Settling: what became of a job, in one step, however long Redis may be away.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::patience::Patience;
use super::{WorkError, Worker};
use crate::event::{Event, JobEnd};
use crate::job::{Again, Cause, Ended, Heard, Keep, Outcome, Verdict, verdict};
use crate::store::{Settled, Store, failure_text};
use crate::telemetry::emit;
use crate::webhook::{End, Message, Status};

/// How long a cold shutdown waits for the failure callback of the job that it cut off.
const MOURNING: Duration = Duration::from_secs(5);

impl Worker {
    /// Writes down how a job ended; only then is the worker free for the next one.
    pub(super) async fn settle(&mut self, ended: Ended) -> Result<JobEnd, WorkError> {
        let verdict = verdict(ended.claim.job.as_ref().ok(), &ended.outcome, &self.options.defaults);
        self.tell_outcome(&ended);
        let name = self.registration.name.clone();
        let message = message(&ended, &verdict);
        let note = message.as_ref().and_then(|message| self.courier.note(message));
        let act = async |store: &Store| store.settle(&name, &ended, &verdict, note.as_ref()).await;
        let write = async |worker: &Self| worker.persist(Patience::Busy, act).await;
        let settled = if runs_again(&verdict) {
            // A command that comes meanwhile is for this run of the job and not for the next one.
            write(self).await
        } else {
            self.claim_beside(&ended.claim.execution, write).await
        };
        match settled {
            Ok(Some(Settled::Done { more })) => {
                self.tell_verdict(&ended, &verdict);
                if let Some(message) = message {
                    self.courier.send(message);
                }
                self.mourn(&ended, &verdict).await;
                if more {
                    self.release_the_rest();
                }
                Ok(end_of(&verdict))
            }
            Ok(Some(Settled::Lost | Settled::Gone)) => {
                emit(Event::ExecutionTakenAway {
                    worker: self.name(),
                    job: ended.claim.id.to_string(),
                    execution: ended.claim.execution.to_string(),
                });
                Ok(JobEnd::Dropped)
            }
            Ok(Some(Settled::Canceled)) => {
                emit(Event::CanceledJobEnded { worker: self.name(), job: ended.claim.id.to_string() });
                Ok(JobEnd::Dropped)
            }
            Ok(None) => Err(WorkError::Unsettled),
            // The server refuses this very outcome for good.
            Err(error) => {
                let (worker, job, error) = (self.name(), ended.claim.id.to_string(), error.to_string());
                emit(Event::FailureNotPersisted { worker, job, error: error.clone() });
                if !matches!(ended.outcome, Outcome::Unwritten(_)) {
                    // What the job wrote may be what it does not take.
                    let (outcome, heard) = (Outcome::Unwritten(error), Heard::default());
                    let ended = Ended { outcome, heard, ..ended };
                    return Box::pin(self.settle(ended)).await;
                }
                Ok(JobEnd::Dropped)
            }
        }
    }

    /// Callbacks and handlers hear of a job that our own cold shutdown failed, as RQ's cleaner would tell them later.
    async fn mourn(&self, ended: &Ended, verdict: &Verdict) {
        if let (Outcome::Interrupted(_), true, Ok(job)) =
            (&ended.outcome, verdict.is_failure(), &ended.claim.job)
        {
            let _ = timeout(MOURNING, self.mourners.call(&self.name(), job)).await;
        }
    }

    fn tell_outcome(&self, ended: &Ended) {
        let (worker, job) = (self.name(), ended.claim.id.to_string());
        match &ended.outcome {
            Outcome::Returned(_) => emit(Event::FunctionReturned { worker, job }),
            Outcome::Raised(raised) => emit(Event::JobRaised {
                worker,
                job,
                func_name: raised.function.clone(),
                traceback: raised.traceback.clone(),
                cause: raised.cause,
                known: ended.outcome.known().map(str::to_owned),
                evidence: raised.evidence.clone(),
            }),
            Outcome::Died(death) => {
                let (pid, status) = (death.pid, death.status);
                if let Some(status) = status {
                    emit(Event::HorseEnded { worker: worker.clone(), job: job.clone(), pid, status });
                }
                let reason = failure_text(&ended.outcome);
                emit(Event::HorseDied { worker, job, pid, status, reason, cause: death.cause() });
            }
            Outcome::AskedRetry(_) => emit(Event::RetryAsked { worker, job }),
            // A stopped job was told of before its callback ran.
            Outcome::Stopped(_)
            | Outcome::Unreadable(_)
            | Outcome::Unwritten(_)
            | Outcome::Interrupted(_) => {}
        }
    }

    fn tell_verdict(&self, ended: &Ended, verdict: &Verdict) {
        let (worker, job) = (self.name(), ended.claim.id.to_string());
        match (verdict, &ended.outcome) {
            (Verdict::Finish(keep, repeat), Outcome::Returned(returned)) => emit(Event::JobSucceeded {
                worker,
                queue: ended.claim.queue.to_string(),
                job,
                description: ended.claim.title(),
                took: ended.ended_at.since(ended.started_at.unwrap_or(ended.claim.claimed_at)),
                result: returned.repr.clone(),
                result_ttl: Keep::seconds(*keep),
                // RQ: told before it is counted.
                repeats_left: repeat.as_ref().map(|repeat| repeat.left + 1),
            }),
            (Verdict::Retry(again, left), _) => tell_retry(job, *again, *left),
            (Verdict::RetryAsAsked(again, asked), Outcome::AskedRetry(request)) => {
                tell_retry(job, *again, request.max.saturating_sub(*asked));
            }
            (Verdict::Exhausted, Outcome::AskedRetry(request)) => {
                emit(Event::RetriesExhausted { worker, job, max: request.max });
            }
            (Verdict::Fail | Verdict::Stop | Verdict::Unrecorded { .. }, outcome) => {
                let cause = outcome.cause().unwrap_or_default();
                emit(Event::JobFailed { worker, job, reason: failure_text(outcome), cause });
            }
            (Verdict::PutBack { .. }, outcome) => {
                let reason = failure_text(outcome);
                let queue = ended.claim.queue.to_string();
                emit(Event::InterruptedPutBack { queue, job, reason, cause: Cause::Interrupted });
            }
            (Verdict::Finish(..) | Verdict::RetryAsAsked(..) | Verdict::Exhausted, _) => {}
        }
    }
}

/// Whether the job goes back to a queue.
fn runs_again(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Retry(..)
        | Verdict::RetryAsAsked(..)
        | Verdict::PutBack { .. }
        | Verdict::Finish(_, Some(_)) => true,
        Verdict::Finish(_, None)
        | Verdict::Fail
        | Verdict::Stop
        | Verdict::Exhausted
        | Verdict::Unrecorded { .. } => false,
    }
}

/// A verdict that stands in Redis, in one word.
fn end_of(verdict: &Verdict) -> JobEnd {
    match verdict {
        Verdict::Finish(..) => JobEnd::Finished,
        Verdict::Fail | Verdict::Exhausted | Verdict::Unrecorded { stopped: false } => JobEnd::Failed,
        Verdict::Stop | Verdict::Unrecorded { stopped: true } => JobEnd::Stopped,
        Verdict::Retry(..) | Verdict::RetryAsAsked(..) => JobEnd::Retried,
        Verdict::PutBack { .. } => JobEnd::PutBack,
    }
}

/// The webhooks of a job that ended for good. RQ: not those of one that was stopped, or runs again.
fn message(ended: &Ended, verdict: &Verdict) -> Option<Message> {
    let status = match verdict {
        Verdict::Finish(..) => Status::Finished,
        Verdict::Fail | Verdict::Exhausted | Verdict::Unrecorded { stopped: false } => Status::Failed,
        Verdict::Stop
        | Verdict::Unrecorded { stopped: true }
        | Verdict::Retry(..)
        | Verdict::RetryAsAsked(..)
        | Verdict::PutBack { .. } => return None,
    };
    let job = ended.claim.job.as_ref().ok().filter(|job| job.has("webhooks"))?;
    let end = End {
        execution: ended.claim.execution.as_str(),
        function: ended.function.clone(),
        status,
        at: ended.ended_at,
        exc_info: failure_text(&ended.outcome),
    };
    Message::of(job, end)
}

fn tell_retry(job: String, again: Again, remaining: u32) {
    if again.delay == 0 {
        emit(Event::RetryEnqueued { job, remaining });
    } else {
        emit(Event::RetryScheduled {
            job,
            at: SystemTime::now() + Duration::from_secs(again.delay),
            remaining,
        });
    }
}

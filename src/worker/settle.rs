//! Settling: what became of a job, in one step, however long Redis may be away.

use std::time::SystemTime;

use super::patience::Patience;
use super::{WorkError, Worker};
use crate::event::Event;
use crate::job::{Ended, Keep, Outcome, Verdict, verdict};
use crate::store::{Settled, failure_text};
use crate::telemetry::emit;

impl Worker {
    /// Writes down how a job ended; only then is the worker free for the next one.
    pub(super) async fn settle(&mut self, ended: Ended) -> Result<(), WorkError> {
        let verdict = verdict(ended.claim.job.as_ref().ok(), &ended.outcome, &self.options.defaults);
        self.tell_outcome(&ended);
        let name = self.registration.name.clone();
        let settled =
            self.persist(Patience::Busy, async |store| store.settle(&name, &ended, &verdict).await).await;
        match settled {
            Ok(Some(Settled::Done)) => self.tell_verdict(&ended, &verdict),
            Ok(Some(Settled::Lost | Settled::Gone)) => emit(Event::ExecutionTakenAway {
                worker: self.name(),
                job: ended.claim.id.to_string(),
                execution: ended.claim.execution.to_string(),
            }),
            Ok(None) => return Err(WorkError::Unsettled),
            // The server refuses this very job for good: its lease ends, and it is found as abandoned.
            Err(error) => emit(Event::FailureNotPersisted {
                worker: self.name(),
                job: ended.claim.id.to_string(),
                error: error.to_string(),
            }),
        }
        Ok(())
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
            }),
            Outcome::Died(death) => {
                let (pid, status) = (death.pid, death.status);
                if let Some(status) = status {
                    emit(Event::HorseEnded { worker: worker.clone(), job: job.clone(), pid, status });
                }
                let reason = failure_text(&ended.outcome);
                emit(Event::HorseDied { worker, job, pid, status, reason });
            }
            Outcome::AskedRetry(_) => emit(Event::RetryAsked { worker, job }),
            Outcome::Stopped => emit(Event::JobStopped { worker, job }),
            Outcome::Unreadable(_) | Outcome::Interrupted(_) => {}
        }
    }

    fn tell_verdict(&self, ended: &Ended, verdict: &Verdict) {
        let job = ended.claim.id.to_string();
        match (verdict, &ended.outcome) {
            (Verdict::Finish(keep), Outcome::Returned(returned)) => emit(Event::JobSucceeded {
                worker: self.name(),
                queue: ended.claim.queue.to_string(),
                job,
                description: ended.claim.title(),
                took: ended.ended_at.since(ended.started_at.unwrap_or(ended.claim.claimed_at)),
                result: returned.repr.clone(),
                result_ttl: Keep::seconds(*keep),
                repeats_left: None,
            }),
            (Verdict::Retry { delay: 0, left, .. }, _) => {
                emit(Event::RetryEnqueued { job, remaining: *left });
            }
            (Verdict::Retry { delay, left, .. }, _) => {
                let at = SystemTime::now() + std::time::Duration::from_secs(*delay);
                emit(Event::RetryScheduled { job, at, remaining: *left });
            }
            (Verdict::Fail | Verdict::Stop, outcome) => {
                emit(Event::JobFailed { worker: self.name(), job, reason: failure_text(outcome) });
            }
            (Verdict::PutBack { .. }, outcome) => {
                let reason = failure_text(outcome);
                emit(Event::InterruptedPutBack { queue: ended.claim.origin.to_string(), job, reason });
            }
            (Verdict::Finish(_), _) => {}
        }
    }
}

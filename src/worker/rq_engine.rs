//! The engine `rq`: RQ's own code in the horse settles the job, and the daemon sees to it that it did.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Worker;
use super::patience::Patience;
use crate::event::Event;
use crate::horse::{Aftermath, Said};
use crate::job::{Death, Ended, Outcome, Why};
use crate::store::failure_text;
use crate::telemetry::emit;

/// How long RQ's own code may take to settle a job without a limit whose horse is gone.
const UNLIMITED: Duration = Duration::from_secs(180);

/// What a horse of RQ's own code left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Its word that the job is settled.
    Word,
    /// Nothing: it died or was killed, which the class of the worker may have a say in.
    Death,
    /// Nothing, and there is no time to ask anybody.
    Haste,
}

impl Worker {
    /// Closes an execution that RQ's own code has settled; what comes back is for us to settle.
    pub(super) async fn close(&mut self, ended: Ended, left: Left) -> Option<Ended> {
        if self.is_closed(&ended).await {
            return None;
        }
        if left == Left::Death && self.settle_by_rq(&ended).await && self.is_closed(&ended).await {
            return None;
        }
        if let Outcome::Stopped(evidence) = &ended.outcome {
            let (worker, job) = (self.name(), ended.claim.id.to_string());
            emit(Event::JobStopped { worker, job, evidence: evidence.clone() });
        }
        Some(ended)
    }

    /// The state of the execution in Redis decides, whatever the horse said.
    async fn is_closed(&mut self, ended: &Ended) -> bool {
        let (name, claim) = (self.registration.name.clone(), ended.claim.clone());
        let closed = self.persist(Patience::Busy, async |store| store.close(&name, &claim).await).await;
        matches!(closed, Ok(Some(true)))
    }

    /// What RQ's parent process does for a dead horse, a fresh horse does here; says whether it claims to have done it.
    async fn settle_by_rq(&mut self, ended: &Ended) -> bool {
        let (reason, death) = (failure_text(&ended.outcome), death(&ended.outcome));
        if let Some(Death { pid, status: Some(status), .. }) = death {
            let (worker, job) = (self.name(), ended.claim.id.to_string());
            emit(Event::HorseEnded { worker, job, pid: *pid, status: *status });
        }
        let usage = death.and_then(|death| death.usage);
        let aftermath = Aftermath {
            job_id: ended.claim.id.as_str(),
            execution_id: ended.claim.execution.as_str(),
            worker_name: self.registration.name.as_str(),
            queue: ended.claim.queue.as_str(),
            stopped: matches!(ended.outcome, Outcome::Stopped(_)),
            reason: &reason,
            pid: death.map_or(0, |death| death.pid),
            status: death.and_then(|death| death.status),
            user: usage.map_or(0.0, |usage| usage.cpu.as_secs_f64()),
            max_rss: usage.map_or(0, |usage| usage.peak_kib),
        };
        let limit = ended.claim.job.as_ref().ok().and_then(|job| job.timeout).unwrap_or(UNLIMITED);
        let deadline = Instant::now() + limit + self.options.timeout_grace;
        let Ok(Some(mut horse)) = timeout_at(deadline, self.stable.lend()).await else { return false };
        if horse.settle(&aftermath).is_err() {
            return false;
        }
        let said = timeout_at(deadline, horse.next()).await;
        if matches!(said, Ok(Said::Settled)) {
            tokio::task::spawn_local(horse.dismiss());
            return true;
        }
        let _ = horse.kill();
        false
    }
}

/// The end of a horse whose code said that the job is settled, should it not be.
pub(super) fn unsettled(pid: u32) -> Outcome {
    Outcome::Died(Death { pid, status: Some(0), usage: None, why: Some(Why::NoOutcome), fault: None })
}

fn death(outcome: &Outcome) -> Option<&Death> {
    match outcome {
        Outcome::Died(death) => Some(death),
        Outcome::Returned(_)
        | Outcome::Raised(_)
        | Outcome::AskedRetry(_)
        | Outcome::Stopped(_)
        | Outcome::Interrupted(_)
        | Outcome::Unreadable(_)
        | Outcome::Unwritten(_) => None,
    }
}

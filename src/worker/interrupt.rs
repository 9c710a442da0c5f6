//! Jobs that are cut off: what is noted before, in case of our death, and what becomes of those that our own stop cuts off.

use tokio::time::sleep;

use super::Worker;
use super::kill::Kill;
use crate::job::{Claim, Cut, Interrupted, Job, Outcome, reason};
use crate::store::Backoff;

impl Worker {
    /// Notes in Redis that the job goes to a horse, without waiting for an answer: from here on nobody can tell after our
    /// death how much of it was done. The note is on its way before the horse hears of the job.
    pub(super) async fn note_handing_over(&mut self, claim: &Claim) {
        let (store, claim, daemon) = (self.store.clone(), claim.clone(), self.life.daemon.clone());
        // A set keeps what has ended until somebody asks.
        while self.notes.try_join_next().is_some() {}
        self.notes.spawn_local(async move {
            let mut backoff = Backoff::new();
            // The script is fenced: when the note comes after the outcome, it does nothing.
            while store.hand_over(&claim, &daemon).await.is_err_and(|error| error.is_away()) {
                sleep(backoff.next()).await;
            }
        });
        // The task above, then the connection's own.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }

    /// What becomes of a job that our own stop cut off.
    pub(super) fn interrupted(&self, kill: Kill, job: &Job) -> Outcome {
        let (cut, who) = match kill {
            Kill::Deadline => (Cut::Deadline, "reached its shutdown deadline"),
            _ if self.began => (Cut::Working, "was shut down cold"),
            _ => (Cut::Unbegun, "was shut down cold"),
        };
        let when = if self.began { "while it ran" } else { "before it ran" };
        let remedy = self.options.interrupt_rules.remedy(job, cut);
        let why = format!("The job was interrupted {when}: worker {} {who}", self.name());
        let reason = reason(&why, &remedy, job);
        Outcome::Interrupted(Interrupted { verdict: remedy.verdict, reason })
    }
}

//! What becomes of an execution whose worker is gone: the rules that count, what is left of that worker, and the plan.

use std::time::Duration;

use crate::job::{Cut, Gone, InterruptRules, Shown, Timestamp, Verdict, abandoned, reason};
use crate::os::Identity;
use crate::store::{Found, Plan, Proof, Store, StoreError};

/// Judges executions.
pub(super) struct Judge {
    pub(super) store: Store,
    /// For jobs of daemons that left no rules of theirs.
    pub(super) rules: InterruptRules,
    pub(super) liveness: Duration,
}

impl Judge {
    /// What is to become of a job that was found so.
    pub(super) async fn plan(&self, found: &Found, proof: Proof) -> Result<Plan, StoreError> {
        let (rules, gone) = (self.rules_of(found).await?, self.gone(found).await?);
        Ok(plan(found, (&gone, self.shown(proof)), &rules, Timestamp::now()))
    }

    /// The rules for a job: those of the daemon that ran it, as its owner decides, or else ours.
    async fn rules_of(&self, found: &Found) -> Result<InterruptRules, StoreError> {
        let card = match &found.run {
            Some((daemon, _)) => self.store.card(daemon).await?,
            None => None,
        };
        Ok(card.and_then(|card| card.rules()).unwrap_or_else(|| self.rules.clone()))
    }

    /// Whose execution it was, and what is left of that worker.
    async fn gone(&self, found: &Found) -> Result<Gone, StoreError> {
        let left = self.store.left_by(&found.worker).await?;
        let Some((daemon, _)) = &found.run else { return Ok(left) };
        let identity = self.store.card(daemon).await?.and_then(|card| Identity::parse(&card.identity));
        let is_of_this_boot = identity.as_ref().is_some_and(Identity::is_of_this_boot);
        let pid = identity.map(|identity| identity.pid());
        // The name of the worker, and so its entry, may be another's by now.
        let left = if pid.is_none() || pid == left.pid {
            left
        } else {
            Gone { worker: left.worker, ..Gone::default() }
        };
        Ok(Gone { is_ours: true, is_of_this_boot, pid: pid.or(left.pid), ..left })
    }

    fn shown(&self, proof: Proof) -> Shown {
        match proof {
            Proof::Death => Shown::Death,
            Proof::Silence => Shown::Silence(self.liveness),
            Proof::Lease => Shown::Lease,
        }
    }
}

/// What becomes of a job that was found so.
fn plan(found: &Found, (gone, shown): (&Gone, Shown), rules: &InterruptRules, now: Timestamp) -> Plan {
    if found.status.as_deref() != Some("started") {
        return Plan::Mend;
    }
    // RQ: the words that its own cleaner leaves.
    let words = format!("Moved to FailedJobRegistry, due to AbandonedJobError, at {}", now.iso());
    let cause = gone.cause(shown);
    let (Ok(job), Some((_, is_handed))) = (&found.job, &found.run) else {
        let verdict = found.job.as_ref().map_or(Verdict::Fail, abandoned);
        return Plan::Become(verdict, format!("{words}\n{}", gone.words(shown, "while it ran")), cause);
    };
    let (cut, when) =
        if *is_handed { (Cut::Working, "while it ran") } else { (Cut::Unbegun, "before it ran") };
    let remedy = rules.remedy(job, cut);
    let why = reason(&gone.words(shown, when), &remedy, job);
    let why = if remedy.verdict == Verdict::Fail { format!("{words}\n{why}") } else { why };
    Plan::Become(remedy.verdict, why, cause)
}

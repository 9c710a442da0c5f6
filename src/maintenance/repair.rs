//! Repairs that somebody asks for, without a daemon: the same steps as maintenance takes, under the same locks and fences.
//!
//! What has to call code of the application afterwards (failure callbacks, exception handlers) or to send webhooks is left to a
//! daemon, which can.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use super::judge::Judge;
use super::stranded::{GRACE, OnStranded};
use crate::horse::{CallbackKind, names_callback};
use crate::job::{InterruptRules, QueueName, Verdict};
use crate::store::{Found, Members, OtherDaemon, Plan, Proof, Recovered, Store, StoreError};

/// How many leases are looked at in one go, and how many of a queue in all.
const BATCH: usize = 100;
const MOST: usize = 10_000;

/// Mends what others left behind.
pub(crate) struct Repair {
    judge: Judge,
    on_stranded: OnStranded,
    /// Whether exception handlers are to hear of each failure.
    has_handlers: bool,
    /// Nothing is done, only told.
    is_dry: bool,
    /// Redis was there long enough that the silence of a daemon means something.
    is_calm: Cell<bool>,
}

/// How to repair.
pub(crate) struct RepairOptions {
    pub(crate) rules: InterruptRules,
    pub(crate) liveness: Duration,
    pub(crate) on_stranded: OnStranded,
    pub(crate) has_handlers: bool,
    pub(crate) is_dry: bool,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is back on its queue.
    PutBack,
    /// It runs again, now or later, by one of its retries.
    Retried,
    Failed,
    /// Only what was left of its execution is gone: the job had ended, or runs elsewhere.
    Tidied,
    /// Nothing: somebody else was first.
    Untouched,
    /// Nothing: its daemon lives, and its lease was renewed; or the clock of its worker is behind.
    Alive,
    /// Nothing: a daemon has more to do about it.
    ForDaemon,
}

/// What became of a daemon that is dead.
pub(crate) struct Buried {
    /// Whether it is out of the registers, or would be; otherwise another daemon has more to do.
    pub(crate) is_unregistered: bool,
    /// What became of its jobs.
    pub(crate) fates: Vec<(String, Fate)>,
}

/// How long an id must stand in an intermediate list to be stranded.
pub(crate) const STRANDED_AFTER: Duration = GRACE;

impl Repair {
    pub(crate) fn new(store: Store, options: RepairOptions) -> Self {
        let RepairOptions { rules, liveness, on_stranded, has_handlers, is_dry } = options;
        Self {
            judge: Judge { store, rules, liveness },
            on_stranded,
            has_handlers,
            is_dry,
            is_calm: Cell::new(is_dry),
        }
    }

    fn store(&self) -> &Store {
        &self.judge.store
    }

    /// Puts ids back that stood in a queue's intermediate list for long enough, and names them. Nothing when it is not ours to do:
    /// a Python worker that serves the queue may be about to begin them, or the settings want them to fail.
    pub(crate) async fn put_stranded_back(
        &self,
        queue: &QueueName,
        ids: &[Vec<u8>],
    ) -> Result<Option<Vec<String>>, StoreError> {
        if self.on_stranded != OnStranded::PutBack {
            return Ok(None);
        }
        if self.is_dry {
            // Whoever is to be unregistered before still is.
            let names = ids.iter().map(|id| String::from_utf8_lossy(id).into_owned());
            return Ok(Some(names.collect()));
        }
        if self.store().has_python_workers(queue).await? {
            return Ok(None);
        }
        self.store().sweep(queue, ids).await.map(Some)
    }

    /// Ends the executions of a queue whose leases have ended.
    pub(crate) async fn end_leases(&self, queue: &QueueName) -> Result<Vec<(String, Fate)>, StoreError> {
        let (mut fates, mut kept) = (Vec::new(), 0);
        loop {
            let ended = self.store().ended_leases(queue, (kept, BATCH)).await?;
            let is_last = ended.len() < BATCH || fates.len() >= MOST;
            for execution in ended {
                let found = self.store().inspect(execution, Some(queue)).await?;
                if found.run.is_some() {
                    self.wait_for_calm().await;
                }
                let fate = self.end(&found, Proof::Lease).await?;
                let stays = match fate {
                    Fate::Untouched | Fate::ForDaemon => true,
                    Fate::Alive => found.run.is_none(),
                    _ => self.is_dry,
                };
                kept += usize::from(stays);
                fates.push((found.id().to_owned(), fate));
            }
            if is_last {
                return Ok(fates);
            }
        }
    }

    /// Lets daemons give a sign of life: after an outage the leases of those that live have ended, too, until they are back.
    async fn wait_for_calm(&self) {
        if !self.is_calm.replace(true) {
            sleep(self.judge.liveness).await;
        }
    }

    /// Ends what a daemon had in hand that is provably dead, and takes it with its workers out of the registers unless something is
    /// left for another daemon.
    pub(crate) async fn bury(&self, other: &OtherDaemon) -> Result<Buried, StoreError> {
        let mut fates = Vec::new();
        for execution in self.store().executions_of(other).await? {
            let found = self.store().inspect(execution, None).await?;
            // The name of a worker may be another's by now: what counts is whose daemon the job names.
            if found.run.as_ref().is_some_and(|(daemon, _)| *daemon == other.daemon) {
                fates.push((found.id().to_owned(), self.end(&found, Proof::Death).await?));
            }
        }
        let is_left =
            fates.iter().any(|(_, fate)| matches!(fate, Fate::ForDaemon | Fate::Untouched | Fate::Alive));
        if !self.is_dry && !is_left {
            self.store().bury(other, true).await?;
        }
        Ok(Buried { is_unregistered: !is_left, fates })
    }

    /// Takes what has expired out of a queue's registries, and workers that are gone out of its sets; false when another cleaner is
    /// at it. RQ: under its lock.
    pub(crate) async fn clean(&self, queue: &QueueName) -> Result<bool, StoreError> {
        let token = Uuid::new_v4().simple().to_string();
        if self.is_dry || !self.store().lock_registries(queue, &token).await? {
            return Ok(self.is_dry);
        }
        let cleaned = self.clean_locked(queue).await;
        let unlocked = self.store().unlock_registries(queue, &token).await;
        cleaned.and(unlocked).map(|()| true)
    }

    async fn clean_locked(&self, queue: &QueueName) -> Result<(), StoreError> {
        for is_failed in [false, true] {
            while self.store().purge(queue, is_failed).await? {}
        }
        let mut cursor = 0;
        loop {
            let (next, workers) = self.store().members(Members::Workers(queue), cursor).await?;
            if !workers.is_empty() {
                self.store().forget_workers(queue, &workers).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn end(&self, found: &Found, proof: Proof) -> Result<Fate, StoreError> {
        let plan = self.judge.plan(found, proof).await?;
        if Self::has_sequel(found, &plan, self.has_handlers(found).await?) {
            return Ok(Fate::ForDaemon);
        }
        if self.is_dry {
            let is_kept = proof == Proof::Lease && self.store().is_kept(found).await?;
            return Ok(if is_kept { Fate::Alive } else { fate(&plan) });
        }
        Ok(match self.store().recover(found, proof, &plan, None).await? {
            Recovered::Done => fate(&plan),
            Recovered::Elsewhere => Fate::Tidied,
            Recovered::Taken => Fate::Untouched,
            Recovered::Alive => Fate::Alive,
        })
    }

    /// Whether exception handlers are to hear of a failure: by our settings, or by those of the daemon that ran the job, which has them
    /// where it does not say.
    async fn has_handlers(&self, found: &Found) -> Result<bool, StoreError> {
        let Some((daemon, _)) = &found.run else { return Ok(self.has_handlers) };
        let card = self.store().card(daemon).await?;
        Ok(self.has_handlers || card.and_then(|card| card.handlers).unwrap_or(true))
    }

    /// Whether code of the application is to be called after it, or webhooks are to be sent.
    fn has_sequel(found: &Found, plan: &Plan, has_handlers: bool) -> bool {
        let (Ok(job), Plan::Become(verdict, ..)) = (&found.job, plan) else { return false };
        let is_hooked = job.fields.iter().any(|(name, value)| name == b"webhooks" && !value.is_empty());
        let is_called = has_handlers || names_callback(CallbackKind::Failure, &job.fields);
        verdict.is_failure() && (is_called || is_hooked)
    }
}

fn fate(plan: &Plan) -> Fate {
    match plan {
        Plan::Mend => Fate::Tidied,
        Plan::Become(Verdict::PutBack { .. }, ..) => Fate::PutBack,
        Plan::Become(Verdict::Retry(..), ..) => Fate::Retried,
        Plan::Become(..) => Fate::Failed,
    }
}

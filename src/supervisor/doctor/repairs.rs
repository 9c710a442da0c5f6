//! `rq doctor --fix`: what is safe to put right, each thing as maintenance would do it, and told.

use serde::Serialize;

use super::finding::{counted, some};
use super::jobs::Stranded;
use super::workers::{Machine, dead, dead_daemons, python_serves};
use crate::job::QueueName;
use crate::maintenance::{Fate, Repair};
use crate::store::{Leftovers, Standing, Store, StoreError};

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Deed {
    /// The check whose finding it is about.
    pub(crate) check: &'static str,
    pub(crate) outcome: Outcome,
    /// What, after a word for the outcome: `unregister 1 worker that died: w1`.
    pub(crate) what: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Done,
    /// It is what `--fix` would do.
    Would,
    /// It is left to somebody else.
    Left,
}

/// Puts things right, one kind after the other: who is dead is out of the way before what he left is looked at.
pub(super) struct Repairs<'a> {
    pub(super) store: &'a Store,
    pub(super) repair: Repair,
    pub(super) is_dry: bool,
    pub(super) deeds: Vec<Deed>,
}

impl Repairs<'_> {
    /// All that is safe.
    pub(super) async fn all(
        &mut self,
        left: &Leftovers,
        stranded: &Stranded,
        machine: &dyn Machine,
    ) -> Result<(), StoreError> {
        self.bury(left, machine).await?;
        self.dismiss(left, machine).await?;
        self.put_back(left, stranded, machine).await?;
        self.end_leases(left).await?;
        self.prune(left).await?;
        self.clean(left).await
    }

    fn did(&mut self, check: &'static str, what: String) {
        let outcome = if self.is_dry { Outcome::Would } else { Outcome::Done };
        self.deeds.push(Deed { check, outcome, what });
    }

    fn left(&mut self, check: &'static str, what: String) {
        self.deeds.push(Deed { check, outcome: Outcome::Left, what });
    }

    async fn bury(&mut self, left: &Leftovers, machine: &dyn Machine) -> Result<(), StoreError> {
        const CHECK: &str = "workers.daemons";
        for daemon in dead_daemons(left, machine) {
            let buried = self.repair.bury(daemon).await?;
            let workers = some(&daemon.card.workers);
            if buried.is_unregistered {
                self.did(CHECK, format!("unregister a daemon that died, with its workers {workers}"));
            } else {
                self.left(
                    CHECK,
                    format!("a daemon that died (workers {workers}) to the next daemon, which has more to do about its jobs"),
                );
            }
            self.tell_fates(CHECK, "its", &buried.fates);
        }
        Ok(())
    }

    async fn dismiss(&mut self, left: &Leftovers, machine: &dyn Machine) -> Result<(), StoreError> {
        let buried: Vec<&String> =
            dead_daemons(left, machine).into_iter().flat_map(|daemon| &daemon.card.workers).collect();
        let mut names = Vec::new();
        for worker in dead(left, machine) {
            let is_ours = buried.contains(&&worker.name) && !worker.last_heartbeat.is_empty();
            if is_ours {
                continue;
            }
            if self.is_dry || self.store.dismiss(&worker.name, &worker.queues, &worker.last_heartbeat).await?
            {
                names.push(worker.name);
            }
        }
        if !names.is_empty() {
            let workers = counted(names.len() as u64, "worker", "workers");
            self.did("workers.dead", format!("unregister {workers} that died: {}", some(&names)));
        }
        Ok(())
    }

    async fn put_back(
        &mut self,
        left: &Leftovers,
        stranded: &Stranded,
        machine: &dyn Machine,
    ) -> Result<(), StoreError> {
        const CHECK: &str = "jobs.stranded";
        for (queue, ids) in stranded {
            let put_back = if python_serves(left, queue, machine) {
                None
            } else {
                self.repair.put_stranded_back(&QueueName::new(queue.as_str()), ids).await?
            };
            match put_back {
                Some(jobs) if jobs.is_empty() => {}
                Some(jobs) => self.did(CHECK, format!("put stranded jobs back at the head of {queue}: {}", some(&jobs))),
                None => self.left(
                    CHECK,
                    format!("the stranded jobs of {queue} to workers: Python's serve it, or maintenance.stranded is \"as_rq\""),
                ),
            }
        }
        Ok(())
    }

    async fn end_leases(&mut self, left: &Leftovers) -> Result<(), StoreError> {
        for queue in left.inventory.queues.iter().filter(|queue| queue.abandoned > 0) {
            let fates = self.repair.end_leases(&QueueName::new(queue.name.as_str())).await?;
            self.tell_fates("jobs.abandoned", &queue.name, &fates);
        }
        Ok(())
    }

    async fn prune(&mut self, left: &Leftovers) -> Result<(), StoreError> {
        for queue in &left.queues {
            for dangling in &queue.dangling {
                let name = QueueName::new(queue.name.as_str());
                let pruned = if self.is_dry {
                    dangling.ids.len() as u64
                } else {
                    self.store.prune(&name, dangling.place, &dangling.ids).await?
                };
                if pruned > 0 {
                    let ids = counted(pruned, "id", "ids");
                    let told = format!(
                        "take {ids} of jobs that are gone out of {} {}",
                        place(dangling.place),
                        queue.name
                    );
                    self.did("jobs.dangling", told);
                }
            }
        }
        Ok(())
    }

    /// RQ's own cleaning of registries; it is told only where it could not be done.
    async fn clean(&mut self, left: &Leftovers) -> Result<(), StoreError> {
        for queue in &left.queues {
            if !self.repair.clean(&QueueName::new(queue.name.as_str())).await? {
                self.left(
                    "queues",
                    format!("the registries of {} to the cleaner that is at them", queue.name),
                );
            }
        }
        Ok(())
    }

    fn tell_fates(&mut self, check: &'static str, of: &str, fates: &[(String, Fate)]) {
        for (fate, told) in [
            (Fate::PutBack, "put abandoned jobs back on"),
            (Fate::Retried, "retry abandoned jobs of"),
            (Fate::Failed, "fail abandoned jobs of"),
            (Fate::Tidied, "end executions whose jobs are over or elsewhere, of"),
        ] {
            let ids = of_fate(fates, &fate);
            if !ids.is_empty() {
                self.did(check, format!("{told} {}: {}", whose(of), some(&ids)));
            }
        }
        let ids = of_fate(fates, &Fate::ForDaemon);
        if !ids.is_empty() {
            let told = "abandoned jobs to a daemon, which also calls their failure callbacks and exception handlers and sends their webhooks, of";
            self.left(check, format!("{told} {}: {}", whose(of), some(&ids)));
        }
    }
}

fn whose(of: &str) -> String {
    if of == "its" { "that daemon".to_owned() } else { format!("queue {of}") }
}

fn of_fate<'a>(fates: &'a [(String, Fate)], wanted: &Fate) -> Vec<&'a str> {
    fates.iter().filter(|(_, fate)| fate == wanted).map(|(id, _)| id.as_str()).collect()
}

fn place(place: Standing) -> &'static str {
    match place {
        Standing::Queued => "queue",
        Standing::Taken => "the intermediate list of",
        Standing::Ready => "the ready jobs of",
        Standing::RateLimited => "the waiting room of",
        Standing::Started => "the started jobs of",
        Standing::Deferred => "the deferred jobs of",
        Standing::Scheduled => "the scheduled jobs of",
        Standing::Finished => "the finished jobs of",
        Standing::Failed => "the failed jobs of",
        Standing::Canceled => "the canceled jobs of",
    }
}

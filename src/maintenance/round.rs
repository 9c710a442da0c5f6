//! RQ's round of chores: each queue's registries in turn, then the groups, at the start and every `worker.maintenance_interval`.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{FirstRound, Locked, Options, Speaker, tell_failure};
use crate::event::Event;
use crate::job::QueueName;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;

/// How long the server is left to others between two parts of a chore.
const REST: Duration = Duration::from_millis(2);

/// Makes the rounds.
pub(super) struct Round {
    pub(super) store: Store,
    pub(super) options: Options,
    /// In whose name lines are written.
    pub(super) speaker: Speaker,
    /// What is written into locks.
    pub(super) token: String,
    pub(super) locked: Locked,
}

impl Round {
    /// Makes rounds for as long as it is not dropped.
    pub(super) async fn run(self, first: FirstRound, recovered: oneshot::Receiver<()>) {
        let _ = first.begin.await;
        let mut made = self.make().await;
        // What is put back counts as part of it.
        let _ = recovered.await;
        first.over.send_replace(true);
        let mut backoff = Backoff::new();
        loop {
            match made {
                Ok(()) => {
                    backoff.reset();
                    sleep(self.options.interval).await;
                }
                // Redis is away.
                Err(_) => sleep(backoff.next()).await,
            }
            made = self.make().await;
        }
    }

    /// Makes one round; an error means that Redis is away.
    async fn make(&self) -> Result<(), StoreError> {
        for queue in &self.options.queues {
            if self.store.lock_registries(queue, &self.token).await.or_else(refusal_is_no)? {
                self.locked.borrow_mut().push((queue.clone(), self.token.clone()));
                emit(Event::RegistriesCleaned { worker: self.speaker.name(), queue: queue.to_string() });
                let cleaned = self.clean(queue).await;
                self.locked.borrow_mut().retain(|(locked, _)| locked != queue);
                let unlocked = self.store.unlock_registries(queue, &self.token).await;
                cleaned?;
                self.go_on_unless_away("give a lock back", unlocked)?;
            }
        }
        if self.store.lock_groups(&self.token, self.options.interval).await.or_else(refusal_is_no)? {
            emit(Event::GroupsCleaned { worker: self.speaker.name() });
            self.go_on_unless_away("clean the groups", self.clean_groups().await)?;
        }
        Ok(())
    }

    /// A chore that the server refuses does not keep the others from being done.
    async fn clean(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.go_on_unless_away("purge the finished registry", self.purge(queue, false).await)?;
        self.go_on_unless_away("purge the failed registry", self.purge(queue, true).await)?;
        // RQ: nothing is done about deferred jobs.
        self.go_on_unless_away("enqueue ready jobs", self.enqueue_ready(queue).await)?;
        self.go_on_unless_away("free unused slots", self.free_slots().await)?;
        self.go_on_unless_away("forget workers that are gone", self.forget_workers(queue).await)
    }

    fn go_on_unless_away(&self, chore: &'static str, done: Result<(), StoreError>) -> Result<(), StoreError> {
        match done {
            Err(error) if error.is_away() => Err(error),
            Err(error) => {
                tell_failure(&self.speaker, chore, &error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Leaves the server to others for a moment.
    pub(super) async fn rest(&self) {
        sleep(REST).await;
    }
}

fn refusal_is_no(error: StoreError) -> Result<bool, StoreError> {
    if error.is_away() { Err(error) } else { Ok(false) }
}

//! Executions of daemons that are gone: found by the silence of the daemon, long before their leases end.

use super::recovery::{Recovery, Seen};
use crate::event::Event;
use crate::os::{self, Identity};
use crate::store::{OtherDaemon, Proof, Recovered, StoreError};
use crate::telemetry::emit;

impl Recovery {
    /// Takes on the jobs of each daemon that is gone, and takes it out of the registers.
    pub(super) async fn take_on_daemons(&self, seen: &Seen) -> Result<(), StoreError> {
        let mut is_settled = None;
        for other in &seen.watched.daemons {
            let dead = Identity::parse(&other.card.identity).is_some_and(|who| os::is_provably_dead(&who));
            if dead {
                self.take_on(other, Proof::Death).await?;
            } else if !other.is_alive && seen.is_calm {
                let settled = match is_settled {
                    Some(settled) => settled,
                    None => *is_settled.insert(self.is_settled().await?),
                };
                if settled {
                    self.take_on(other, Proof::Silence).await?;
                }
            }
        }
        Ok(())
    }

    async fn take_on(&self, other: &OtherDaemon, proof: Proof) -> Result<(), StoreError> {
        let (mut executions, mut changed) = (0, false);
        for execution in self.store.executions_of(other).await? {
            let found = self.store.inspect(execution, None).await?;
            // The name of a worker may be another's by now: what counts is whose daemon the job names.
            if found.run.as_ref().is_some_and(|(daemon, _)| *daemon == other.daemon) {
                // A note that the daemon sent before its death may come between our look and our step.
                changed |= self.end(&found, proof).await? == Recovered::Taken;
                executions += 1;
            }
        }
        if changed {
            return Ok(());
        }
        let workers = other.card.workers.clone();
        emit(Event::DaemonFoundGone { worker: self.speaker.name(), workers, executions });
        self.store.bury(other, proof == Proof::Death).await
    }
}

//! Executions whose leases have ended: those of Python's workers, and ours that nobody found earlier.

use std::time::Duration;

use tokio::time::Instant;

use super::recovery::Recovery;
use crate::job::QueueName;
use crate::store::{Proof, Recovered, StoreError};

/// How many are looked at in one go.
const BATCH: usize = 100;
/// How long this may keep the other chores waiting; the next look goes on.
const AT_ONCE: Duration = Duration::from_secs(2);

impl Recovery {
    /// Ends each execution of a queue whose lease has ended. No lock is needed: each is compared and ended in one step.
    pub(super) async fn end_leases(&self, queue: &QueueName, no_outage: bool) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut kept = 0;
        let mut may_judge_ours = None;
        loop {
            let ended = self.store.ended_leases(queue, (kept, BATCH)).await?;
            let is_last = ended.len() < BATCH;
            for execution in ended {
                let found = self.store.inspect(execution, Some(queue)).await?;
                // After an outage the leases of living daemons have ended too, until they renew them.
                if found.run.is_some() {
                    let may = match may_judge_ours {
                        Some(may) => may,
                        None => *may_judge_ours.insert(no_outage && self.is_settled().await?),
                    };
                    if !may {
                        kept += 1;
                        continue;
                    }
                }
                let stays = match self.end(&found, Proof::Lease).await? {
                    Recovered::Taken => true,
                    // The lease of a daemon of ours was renewed; that of a worker whose clock is behind stays over.
                    Recovered::Alive => found.run.is_none(),
                    Recovered::Done | Recovered::Elsewhere => false,
                };
                kept += usize::from(stays);
            }
            if is_last || began.elapsed() > AT_ONCE {
                return Ok(());
            }
        }
    }
}

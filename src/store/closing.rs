//! Closing: the end of an execution that RQ's own code has settled.

use super::{Store, StoreError, scripts};
use crate::job::{Claim, Timestamp, WorkerName};

impl Store {
    /// Frees the worker when the outcome of its execution is written; says whether it is. Sent twice, it acts once.
    pub(crate) async fn close(&self, worker: &WorkerName, claim: &Claim) -> Result<bool, StoreError> {
        let keys = [self.keys.worker(worker), self.keys.worker_executions(worker)];
        let args = self.args([
            claim.id.as_str(),
            claim.execution.as_str(),
            claim.origin.as_str(),
            &Timestamp::now().iso(),
        ]);
        match self.call(&scripts::CLOSE, &keys, &args).await?.status() {
            "closed" => Ok(true),
            "open" => Ok(false),
            _ => Err(self.malformed("close")),
        }
    }
}

//! Ids that are stranded in an intermediate list, treated as RQ's maintenance treats them.

use serde_json::json;

use super::outcome::packed;
use super::recovery::{Execution, Found};
use super::{Store, StoreError, scripts};
use crate::job::{Cause, QueueName, Timestamp, Verdict, WorkerName};

/// What became of a stranded id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranded {
    /// Its job ended as it was decided.
    Ended,
    /// It stays until its minute is over.
    Waiting,
    /// It is gone: somebody took it, or its job had ended.
    Gone,
}

impl Store {
    /// What stands about a job whose id is in a queue's intermediate list.
    pub(crate) async fn stranded(&self, queue: &QueueName, id: &[u8]) -> Result<Found, StoreError> {
        self.inspect(Execution::of_member(id), Some(queue)).await
    }

    /// Ends a job that is stranded for as long as RQ waits, unless anything about it changed since it was found.
    pub(crate) async fn end_stranded(
        &self,
        worker: &WorkerName,
        found: &Found,
        verdict: &Verdict,
        why: &str,
    ) -> Result<Stranded, StoreError> {
        let plan = match verdict {
            Verdict::Retry(again, left) => json!({
                "become": "retried", "delay": again.delay, "at_front": again.at_front,
                "fields": ["retries_left", left.to_string()],
            }),
            verdict => {
                let unrecorded = matches!(verdict, Verdict::Unrecorded { .. });
                json!({"become": "failed", "unrecorded": unrecorded, "fields": []})
            }
        };
        let (now, plan) = (Timestamp::now().iso(), self.with_failures(plan).to_string());
        let status = found.status.as_deref().unwrap_or_default();
        let mut args = self.args([found.queue.as_str(), found.id(), &now, status, &plan]);
        let cause = Cause::Abandoned.slug();
        let entry = ["type", "2", "worker_name", worker.as_str(), "exc_string", &packed(why), "cause", cause];
        args.extend(entry.map(|text| text.as_bytes().to_vec()));
        let keys = [self.keys.started(&found.queue), self.keys.worker(worker)];
        match self.call(&scripts::STUCK, &keys, &args).await?.status() {
            "ended" => Ok(Stranded::Ended),
            "waiting" => Ok(Stranded::Waiting),
            "removed" | "taken" => Ok(Stranded::Gone),
            _ => Err(self.malformed("stuck")),
        }
    }
}

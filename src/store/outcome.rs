//! Settling: what became of an execution, in one step.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use super::{Store, StoreError, scripts};
use crate::job::{Ended, Outcome, Timestamp, Verdict, WorkerName, float};

/// What settling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The outcome is written (now, or by an earlier try whose answer was lost).
    Done,
    /// Somebody else owns the job: the outcome was dropped.
    Lost,
    /// The job was deleted meanwhile: the outcome was dropped.
    Gone,
}

impl Store {
    /// Writes down how an execution ended. Sent twice, it acts once.
    pub(crate) async fn settle(
        &self,
        worker: &WorkerName,
        ended: &Ended,
        verdict: &Verdict,
    ) -> Result<Settled, StoreError> {
        let keys = [self.keys.worker(worker), self.keys.worker_executions(worker)];
        let claim = &ended.claim;
        let mut args = self.args([
            claim.id.as_str(),
            claim.execution.as_str(),
            claim.origin.as_str(),
            worker.as_str(),
            &Timestamp::now().iso(),
            &plan(ended, verdict).to_string(),
        ]);
        args.extend(result_entry(worker, ended, verdict));
        match self.call(&scripts::SETTLE, &keys, &args).await?.status() {
            "settled" | "again" => Ok(Settled::Done),
            "lost" => Ok(Settled::Lost),
            "gone" => Ok(Settled::Gone),
            _ => Err(self.malformed("settle")),
        }
    }
}

/// The text that is kept of a failure.
pub(crate) fn failure_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Raised(raised) => raised.traceback.clone(),
        Outcome::Died(death) => death.to_string(),
        Outcome::Unreadable(reason) => format!("The job could not be run: {reason}"),
        Outcome::AskedRetry(_) => {
            "The job returned a Retry, which this worker does not support yet".to_owned()
        }
        // RQ: these very words.
        Outcome::Stopped => "Job stopped by user, work-horse terminated.".to_owned(),
        Outcome::Interrupted(interrupted) => interrupted.reason.clone(),
        Outcome::Returned(_) => String::new(),
    }
}

/// A text as RQ keeps it in a result: zlib, then base64.
pub(super) fn packed(text: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("writing to memory cannot fail");
    BASE64.encode(encoder.finish().expect("writing to memory cannot fail"))
}

fn plan(ended: &Ended, verdict: &Verdict) -> Value {
    let mut fields = BTreeMap::new();
    // RQ: nobody says when a stopped job ended, or how long it worked.
    let is_counted = ended.outcome != Outcome::Stopped && !matches!(verdict, Verdict::PutBack { .. });
    if is_counted {
        fields.insert("ended_at", ended.ended_at.iso());
    }
    if let Some(started_at) = ended.started_at {
        fields.insert("started_at", started_at.iso());
    }
    let worked =
        float(ended.ended_at.since(ended.started_at.unwrap_or(ended.claim.claimed_at)).as_secs_f64());
    let mut plan = match verdict {
        Verdict::Finish(keep) => json!({"become": "finished", "result_ttl": keep.seconds()}),
        Verdict::Fail => json!({"become": "failed"}),
        Verdict::Stop => json!({"become": "stopped"}),
        Verdict::PutBack { interruptions } => {
            fields.insert("rqd_interruptions", interruptions.to_string());
            fields.insert("rqd_interrupted", failure_text(&ended.outcome));
            json!({"become": "put_back", "queue": ended.claim.queue.as_str()})
        }
        Verdict::Retry { delay, at_front, left } => {
            fields.insert("retries_left", left.to_string());
            json!({"become": "retried", "queue": ended.claim.queue.as_str(), "delay": delay, "at_front": at_front})
        }
    };
    if is_counted {
        plan["worked"] = worked.into();
    }
    plan["fields"] = fields.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    plan
}

/// The fields of the result stream's entry, in RQ's order.
fn result_entry(worker: &WorkerName, ended: &Ended, verdict: &Verdict) -> Vec<Vec<u8>> {
    let kind = if matches!(verdict, Verdict::Finish(_)) { "1" } else { "2" };
    let mut entry = vec![("type", kind.to_owned()), ("worker_name", worker.to_string())];
    if let Outcome::Returned(returned) = &ended.outcome {
        entry.extend(returned.value.as_ref().map(|value| ("return_value", BASE64.encode(value))));
    } else {
        entry.push(("exc_string", packed(&failure_text(&ended.outcome))));
    }
    entry.push(("execution_id", ended.claim.execution.to_string()));
    entry.push(("execution_started_at", ended.claim.claimed_at.float()));
    if ended.outcome != Outcome::Stopped {
        entry.push(("execution_ended_at", ended.ended_at.float()));
    }
    entry.into_iter().flat_map(|(name, value)| [name.into(), value.into_bytes()]).collect()
}

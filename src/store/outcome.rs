//! Settling: what became of an execution, in one step.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use super::{Note, Store, StoreError, scripts};
use crate::job::{Again, Ended, Outcome, Timestamp, Verdict, WorkerName, float};

/// What settling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The outcome is written (now, or by an earlier try whose answer was lost).
    Done {
        /// Whether dependents are left for `release`.
        more: bool,
    },
    /// Somebody else owns the job: the outcome was dropped.
    Lost,
    /// The job was deleted meanwhile: the outcome was dropped.
    Gone,
    /// The job was canceled meanwhile, and stays so: only its result was written.
    Canceled,
}

impl Store {
    /// Writes down how an execution ended. Sent twice, it acts once.
    pub(crate) async fn settle(
        &self,
        worker: &WorkerName,
        ended: &Ended,
        verdict: &Verdict,
        webhooks: Option<&Note>,
    ) -> Result<Settled, StoreError> {
        let keys = [self.keys.worker(worker), self.keys.worker_executions(worker)];
        let claim = &ended.claim;
        let mut plan = self.with_failures(plan(ended, verdict));
        if let Some(note) = webhooks {
            plan["webhooks"] = note.value().into();
        }
        let mut args = self.args([
            claim.id.as_str(),
            claim.execution.as_str(),
            claim.origin.as_str(),
            worker.as_str(),
            &Timestamp::now().iso(),
            &plan.to_string(),
        ]);
        args.push(legacy_result(ended, verdict));
        args.extend(result_entry(worker, ended, verdict));
        let settled = self.call(&scripts::SETTLE, &keys, &args).await;
        let mut reply = match settled {
            // A server that takes no value of that size closes the connection, mostly before its reason gets through.
            Err(error) if error.is_away() && is_large(&args) && self.client.uptime().await.is_ok() => {
                return Err(error.refused());
            }
            settled => settled?,
        };
        let (status, rest) = (reply.status().to_owned(), reply.text());
        // Whether dependents were left is not remembered: a call too many does no harm.
        let (status, more) = match status.as_str() {
            "again" => (rest.unwrap_or_default(), true),
            _ => (status, rest.as_deref() == Some("more")),
        };
        match status.as_str() {
            "settled" => Ok(Settled::Done { more }),
            "lost" => Ok(Settled::Lost),
            "gone" => Ok(Settled::Gone),
            "canceled" => Ok(Settled::Canceled),
            _ => Err(self.malformed("settle")),
        }
    }
}

/// Whether a server may have refused a value for its size; the smallest limit that one can set is this.
fn is_large(args: &[Vec<u8>]) -> bool {
    args.iter().any(|arg| arg.len() > 1 << 20)
}

/// The text that is kept of a failure.
pub(crate) fn failure_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Raised(raised) => raised.traceback.clone(),
        Outcome::Died(death) => death.to_string(),
        Outcome::Unreadable(reason) => format!("The job could not be run: {reason}"),
        Outcome::Unwritten(reason) => {
            format!("The job ended, but its outcome could not be written: {reason}")
        }
        // RQ: these very words.
        Outcome::Stopped => "Job stopped by user, work-horse terminated.".to_owned(),
        Outcome::Interrupted(interrupted) => interrupted.reason.clone(),
        Outcome::Returned(_) | Outcome::AskedRetry(_) => String::new(),
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
    let queue = ended.claim.queue.as_str();
    let again = |again: &Again| json!({"queue": queue, "delay": again.delay, "at_front": again.at_front});
    let mut plan = match verdict {
        Verdict::Finish(keep, repeat) => {
            let mut plan = json!({"become": "finished", "result_ttl": keep.seconds()});
            if let Some(repeat) = repeat {
                fields.insert("repeats_left", repeat.left.to_string());
                fields.insert("repeat_intervals", json_list(&repeat.intervals));
                plan["again"] = again(&repeat.again);
            }
            plan
        }
        Verdict::Fail | Verdict::Exhausted => json!({"become": "failed"}),
        Verdict::Stop => json!({"become": "stopped"}),
        Verdict::PutBack { interruptions } => {
            fields.insert("rqd_interruptions", interruptions.to_string());
            fields.insert("rqd_interrupted", failure_text(&ended.outcome));
            json!({"become": "put_back", "again": {"queue": queue, "delay": 0, "at_front": true}})
        }
        Verdict::Unrecorded { stopped } => {
            // RQ: not even the moments are written.
            fields.clear();
            json!({"become": if *stopped { "stopped" } else { "failed" }, "unrecorded": true})
        }
        Verdict::Retry(when, left) => {
            fields.insert("retries_left", left.to_string());
            json!({"become": "retried", "again": again(when)})
        }
        Verdict::RetryAsAsked(when, asked) => {
            fields.insert("number_of_retries", asked.to_string());
            if when.at_front {
                fields.insert("enqueue_at_front_on_retry", "1".to_owned());
            }
            json!({"become": "retried", "again": again(when)})
        }
    };
    if is_counted {
        let worked = ended.ended_at.since(ended.started_at.unwrap_or(ended.claim.claimed_at));
        plan["worked"] = float(worked.as_secs_f64()).into();
    }
    plan["fields"] = fields.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    plan
}

/// A list as Python's `json.dumps` writes it.
fn json_list(numbers: &[u64]) -> String {
    format!("[{}]", numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
}

/// RQ: what runs again because it returned keeps its last result in the hash too.
fn legacy_result(ended: &Ended, verdict: &Verdict) -> Vec<u8> {
    match (verdict, &ended.outcome) {
        (Verdict::Finish(_, Some(_)), Outcome::Returned(returned)) => {
            returned.value.clone().unwrap_or_default()
        }
        (Verdict::RetryAsAsked(..), Outcome::AskedRetry(asked)) => asked.value.clone(),
        _ => Vec::new(),
    }
}

/// The fields of the result stream's entry, in RQ's order; RQ keeps none of an attempt that failed and is tried again.
fn result_entry(worker: &WorkerName, ended: &Ended, verdict: &Verdict) -> Vec<Vec<u8>> {
    let kind = match verdict {
        Verdict::Finish(..) => "1",
        Verdict::Fail | Verdict::Stop | Verdict::Unrecorded { .. } => "2",
        Verdict::RetryAsAsked(..) => "4",
        Verdict::Exhausted => "5",
        Verdict::Retry(..) | Verdict::PutBack { .. } => return Vec::new(),
    };
    let mut entry = vec![("type", kind.to_owned()), ("worker_name", worker.to_string())];
    match &ended.outcome {
        Outcome::Returned(returned) => {
            entry.extend(returned.value.as_ref().map(|value| ("return_value", BASE64.encode(value))));
        }
        Outcome::AskedRetry(asked) => entry.push(("return_value", BASE64.encode(&asked.value))),
        Outcome::Raised(_)
        | Outcome::Died(_)
        | Outcome::Stopped
        | Outcome::Unreadable(_)
        | Outcome::Unwritten(_)
        | Outcome::Interrupted(_) => {
            entry.push(("exc_string", packed(&failure_text(&ended.outcome))));
        }
    }
    entry.push(("execution_id", ended.claim.execution.to_string()));
    entry.push(("execution_started_at", ended.claim.claimed_at.float()));
    if ended.outcome != Outcome::Stopped {
        entry.push(("execution_ended_at", ended.ended_at.float()));
    }
    // RQ's clients read the fields that they know, and no others.
    entry.extend(ended.heard.output.as_ref().map(|output| ("output", packed(output))));
    entry.into_iter().flat_map(|(name, value)| [name.into(), value.into_bytes()]).collect()
}

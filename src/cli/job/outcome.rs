//! How executions ended, from the entries of the result stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::Value;

use super::tale::iso;
use crate::job::call::glance;
use crate::store::Entry;

/// The most characters of a traceback, a cause or an output that are shown.
const LONG: usize = 64 << 10;

/// How one execution ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the moments have RQ's names")]
pub(in crate::cli) struct Ended {
    /// `successful`, `failed`, `stopped`, `retried` or `max_retries_exceeded`.
    pub(in crate::cli) outcome: String,
    /// When it was written.
    pub(in crate::cli) at: Option<String>,
    pub(in crate::cli) worker: Option<String>,
    pub(in crate::cli) execution: Option<String>,
    pub(in crate::cli) started_at: Option<String>,
    pub(in crate::cli) ended_at: Option<String>,
    /// How many seconds it took, from the claim to the end.
    pub(in crate::cli) seconds: Option<f64>,
    pub(in crate::cli) return_value: Option<Shown>,
    pub(in crate::cli) traceback: Option<String>,
    /// Why, as far as the worker found out.
    pub(in crate::cli) cause: Option<Value>,
    /// The end of what it printed.
    pub(in crate::cli) output: Option<String>,
}

/// Serialized bytes, as far as a look tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(in crate::cli) struct Shown {
    pub(in crate::cli) bytes: u64,
    /// `pickle`, `json`, `unknown`; null when they were too many to look at.
    pub(in crate::cli) format: Option<&'static str>,
    pub(in crate::cli) kind: Option<String>,
    /// As Python writes it; of plain values alone.
    pub(in crate::cli) value: Option<String>,
}

impl Ended {
    pub(super) fn of(entry: &Entry) -> Self {
        let number = |name| entry.text(name).and_then(|text| text.parse::<f64>().ok());
        let (began, ended) = (number("execution_started_at"), number("execution_ended_at"));
        let written = entry.id.split('-').next().and_then(|text| text.parse::<f64>().ok());
        Self {
            outcome: outcome(entry.text("type").as_deref()),
            at: written.and_then(|milliseconds| iso(milliseconds / 1000.0)),
            worker: entry.text("worker_name"),
            execution: entry.text("execution_id"),
            started_at: began.and_then(iso),
            ended_at: ended.and_then(iso),
            seconds: began.zip(ended).map(|(began, ended)| ended - began),
            return_value: return_value(entry),
            traceback: entry.packed("exc_string").as_deref().map(end_of),
            cause: entry.text("cause").map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            output: entry.packed("output").as_deref().map(end_of),
        }
    }
}

/// RQ's numbers.
fn outcome(number: Option<&str>) -> String {
    match number {
        Some("1") => "successful",
        Some("2") => "failed",
        Some("3") => "stopped",
        Some("4") => "retried",
        Some("5") => "max_retries_exceeded",
        Some(other) => other,
        None => "unknown",
    }
    .to_owned()
}

fn return_value(entry: &Entry) -> Option<Shown> {
    let encoded = entry.fields.get("return_value")?;
    let length = entry.lengths.get("return_value").copied().unwrap_or(encoded.len() as u64);
    let whole = entry.is_whole("return_value").then(|| BASE64.decode(encoded).ok()).flatten();
    Some(Shown { bytes: length / 4 * 3, ..whole.as_deref().map(shown).unwrap_or_default() })
}

/// What a look at serialized bytes tells.
pub(super) fn shown(bytes: &[u8]) -> Shown {
    let told = glance(bytes);
    Shown { bytes: bytes.len() as u64, format: Some(told.format), kind: told.kind, value: told.text }
}

/// The end of a text that is long.
fn end_of(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(LONG);
    let tail: String = text.chars().skip(skipped).collect();
    if skipped > 0 { format!("... {skipped} characters left out ...\n{tail}") } else { tail }
}

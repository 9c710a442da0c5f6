//! How executions ended, from the entries of the result stream.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;
use serde::Serialize;
use serde_json::Value;

use super::tale::iso;
use crate::job::call::glance;
use crate::store::Entry;

/// The most characters of a traceback, a cause or an output that are shown.
const LONG: usize = 64 << 10;

/// What every zlib stream of RQ's begins with.
const ZLIB: u8 = 0x78;

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
            traceback: packed(entry, "exc_string"),
            cause: entry.text("cause").map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            output: packed(entry, "output"),
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

/// A text that stands in an entry packed, or as it is; its end when it is long.
fn packed(entry: &Entry, field: &str) -> Option<String> {
    let value = entry.fields.get(field).filter(|value| !value.is_empty())?;
    // One that was cut has whole groups of four before the cut.
    let groups = &value[..value.len() / 4 * 4];
    let packed = BASE64.decode(groups).ok().filter(|packed| packed.first() == Some(&ZLIB));
    let bytes = packed.map_or_else(|| value.clone(), |packed| inflated(&packed, 16 << 20));
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end();
    let skipped = text.chars().count().saturating_sub(LONG);
    let tail: String = text.chars().skip(skipped).collect();
    let whole = if skipped > 0 { format!("... {skipped} characters left out ...\n{tail}") } else { tail };
    Some(whole).filter(|text| !text.is_empty())
}

/// The bytes in a zlib stream, as many as are asked for; what is none is taken as it is, as RQ does.
pub(super) fn inflated(bytes: &[u8], most: usize) -> Vec<u8> {
    let mut plain = Vec::new();
    // What came before a mistake counts.
    let read = ZlibDecoder::new(bytes).take(most as u64).read_to_end(&mut plain);
    if read.is_err() && plain.is_empty() { bytes[..bytes.len().min(most)].to_vec() } else { plain }
}

//! What a horse tells of an exception beside its text, for reports: bounded by the horse, and again by whoever reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a report of an exception is made of.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Evidence {
    /// The project's own reporter has it: nobody else is to report it.
    pub(crate) elsewhere: bool,
    /// The first cause first, and last what was raised.
    pub(crate) exceptions: Vec<Thrown>,
    pub(crate) python: Option<Python>,
    /// `sys.path`.
    pub(crate) path: Vec<String>,
    /// The directory that the project is thought to be in.
    pub(crate) root: String,
    /// The job's arguments, when they were asked for.
    pub(crate) args: Option<Vec<Value>>,
    pub(crate) kwargs: Option<Map<String, Value>>,
}

/// One exception.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Thrown {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) module: Option<String>,
    pub(crate) value: String,
    pub(crate) errno: Option<i64>,
    /// Its number, when it is of a group.
    pub(crate) id: Option<u32>,
    /// The number of the one that holds it.
    pub(crate) parent: Option<u32>,
    /// How it is held there, in Python's words.
    pub(crate) source: Option<String>,
    /// Whether it is a group itself.
    #[serde(default)]
    pub(crate) group: bool,
    /// The oldest first.
    #[serde(default)]
    pub(crate) frames: Vec<Frame>,
}

/// A place on the stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Frame {
    pub(crate) filename: String,
    pub(crate) abs_path: String,
    pub(crate) function: String,
    pub(crate) module: Option<String>,
    pub(crate) lineno: u64,
    #[serde(default)]
    pub(crate) pre_context: Vec<String>,
    #[serde(default)]
    pub(crate) context_line: Option<String>,
    #[serde(default)]
    pub(crate) post_context: Vec<String>,
    /// Local variables, when they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vars: Option<BTreeMap<String, Value>>,
}

/// What a job was enqueued within, as far as its own hash tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lineage {
    pub(crate) trace: Option<TraceHeaders>,
    /// The cron entry that it is a run of.
    pub(crate) cron: Option<CronMark>,
}

/// The headers of a trace, as those who enqueue leave them in a job's `meta`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct TraceHeaders {
    /// `sentry-trace`.
    pub(crate) parent: String,
}

/// The cron entry of a job, as our cron scheduler writes it into the job's hash where runs are to be monitored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct CronMark {
    /// What it is called.
    pub(crate) monitor: String,
    /// Five fields, when it goes by an expression.
    pub(crate) crontab: Option<String>,
    /// Seconds, when it goes by an interval.
    pub(crate) interval: Option<u64>,
    /// The zone of the expression, by its IANA name.
    pub(crate) zone: Option<String>,
}

impl CronMark {
    /// The field of the job's hash that holds it.
    pub(crate) const FIELD: &'static str = "rqd_cron";

    /// Reads the field's text; nothing when it makes no sense.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        (text.len() <= 1_000).then(|| serde_json::from_str(text).ok()).flatten()
    }
}

/// The interpreter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Python {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) build: String,
}

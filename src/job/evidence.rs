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

/// The interpreter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Python {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) build: String,
}

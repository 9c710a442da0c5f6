//! The orders and reports of `docs/protocol.md`, as types.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bounds::{Bounds, Ground, Hooks};
use super::clue::{MissingHead, PayloadHead, RaisedBy};
use super::cron::CronJobHead;
use super::engine::{Engine, Wishes};
use super::hearing::RecordsWanted;
use super::importing::ImportTrouble;
use crate::job::{self, Evidence, Fields, TraceHeaders};

/// The version of the protocol that both sides must speak.
pub(super) const VERSION: u32 = 1;

/// What a fork server is told. It has no `Debug`, as the connection holds secrets.
#[derive(Serialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(super) enum ServerOrder<'a> {
    Settings {
        module: Option<&'a str>,
        file: Option<&'a str>,
        path: &'a [String],
        ground: &'a Ground,
    },
    Prepare {
        preload: &'a [String],
        dict_config: &'a Value,
        serializer: Option<&'a str>,
        exception_handlers: &'a [String],
        hooks: &'a Hooks,
        max_result_size: u64,
        connection: &'a Value,
        key_prefix: &'a str,
        engine: &'a Wishes,
        bounds: &'a Bounds,
        return_address: &'a str,
    },
    Cron {
        module: &'a str,
        key_prefix: &'a str,
    },
    Decode {
        serializer: Option<&'a str>,
        key_prefix: &'a str,
        /// Names of values and their lengths; the values are the body.
        fields: Vec<(&'a str, usize)>,
    },
    Import {
        /// None of a question for the libraries alone.
        function: Option<&'a str>,
        key_prefix: &'a str,
    },
    Fork {
        horses: &'a [u64],
        rehearse: bool,
    },
}

/// What a fork server says.
#[derive(Debug, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub(super) enum ServerReport {
    Hello(Hello),
    Settings {
        file: Option<String>,
        values: Map<String, Value>,
        #[serde(default)]
        opaque: BTreeMap<String, String>,
        #[serde(default)]
        files: Vec<PathBuf>,
    },
    Prepared {
        #[serde(default)]
        threads: Vec<String>,
        #[serde(default)]
        modules: u64,
        engine: Engine,
        #[serde(default)]
        files: Vec<PathBuf>,
    },
    Cron {
        jobs: Vec<CronJobHead>,
        #[serde(default)]
        said: Vec<Said>,
    },
    Decoded {
        values: Map<String, Value>,
    },
    Imported {
        #[serde(default)]
        trouble: Option<ImportTrouble>,
        libraries: BTreeMap<String, Option<String>>,
    },
    Refused(Refused),
    Forked {
        horses: Vec<(u64, u32)>,
    },
    ForkFailed {
        horses: Vec<u64>,
        reason: String,
    },
    Reaped {
        horse: u64,
        pid: u32,
        status: i32,
        user: f64,
        system: f64,
        max_rss: u64,
    },
}

/// A fork server's first word.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    /// `sys.version`.
    pub(crate) python: String,
    pub(crate) executable: String,
}

/// Why a fork server cannot serve.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refused {
    pub(crate) stage: String,
    pub(crate) what: String,
    /// The module itself was not found, as opposed to something that it imports.
    #[serde(default)]
    pub(crate) missing: bool,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) traceback: String,
    /// What to do about it, when that is known.
    #[serde(default)]
    pub(crate) hint: String,
    /// What rq said before, while it loaded a cron module.
    #[serde(default)]
    pub(crate) said: Vec<Said>,
}

/// A record of Python's `logging`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Said {
    pub(crate) level: u8,
    pub(crate) message: String,
    pub(crate) traceback: Option<String>,
}

/// What a horse is told.
#[derive(Debug, Serialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(super) enum HorseOrder<'a> {
    Run(&'a Run<'a>),
    Settle(&'a Aftermath<'a>),
    Callback(&'a Errand<'a>),
    Quit,
}

/// A job for a horse; the values of the job's fields travel as the body.
#[derive(Debug, Serialize)]
pub(crate) struct Run<'a> {
    pub(crate) job_id: &'a str,
    pub(crate) execution_id: &'a str,
    pub(crate) worker_name: &'a str,
    /// The queue that the job was popped from.
    pub(crate) queue: &'a str,
    /// Seconds; nothing for no limit.
    pub(crate) timeout: Option<u64>,
    /// Whether it counts in place of what the job's hash says: the rules of the queue say so.
    pub(crate) timeout_counts: bool,
    /// Whether anybody can read what the job returns.
    pub(crate) keeps_result: bool,
    /// Whether the horse ends after it by itself.
    pub(crate) last: bool,
    /// Which of its log records are to be told.
    pub(crate) records: Option<RecordsWanted>,
    /// What is to be told of an exception beside its text; nothing where nobody wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<ReportWish>,
    pub(crate) fields: Vec<(String, usize)>,
}

/// What a report of an exception is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct ReportWish {
    pub(crate) variables: bool,
    pub(crate) arguments: bool,
}

/// A job whose horse is gone, for RQ's own code to settle as its parent process does.
#[derive(Debug, Serialize)]
pub(crate) struct Aftermath<'a> {
    pub(crate) job_id: &'a str,
    pub(crate) execution_id: &'a str,
    pub(crate) worker_name: &'a str,
    pub(crate) queue: &'a str,
    /// Whether a user stopped the job.
    pub(crate) stopped: bool,
    /// The text that is kept of the failure.
    pub(crate) reason: &'a str,
    pub(crate) pid: u32,
    /// The raw wait status, where it is known.
    pub(crate) status: Option<i32>,
    /// Seconds of CPU.
    pub(crate) user: f64,
    /// Peak memory in KiB.
    pub(crate) max_rss: u64,
}

/// Callbacks that a horse runs for a job that cannot run them itself; the values of the job's fields travel as the body.
#[derive(Debug, Serialize)]
pub(crate) struct Errand<'a> {
    pub(crate) callback: Occasion,
    pub(crate) job_id: &'a str,
    pub(crate) worker_name: &'a str,
    pub(crate) fields: Vec<(String, usize)>,
}

impl<'a> Errand<'a> {
    pub(crate) fn new(callback: Occasion, job_id: &'a str, worker_name: &'a str, fields: &'a Fields) -> Self {
        Self { callback, job_id, worker_name, fields: names_and_lengths(fields) }
    }
}

/// How the fields of a job are told apart in the body that they travel in.
pub(crate) fn names_and_lengths(fields: &Fields) -> Vec<(String, usize)> {
    fields.iter().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.len())).collect()
}

/// Why a job cannot run its callbacks itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Occasion {
    /// A user stopped it: its stopped callback runs.
    Stopped,
    /// Its worker is gone: its failure callback runs, then the exception handlers.
    Abandoned,
}

/// What a horse says.
#[derive(Debug, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub(super) enum HorseReport {
    Ready {
        protocol: u32,
        horse: u64,
        pid: u32,
        pgid: u32,
        /// The number of the file for stacks in the horse.
        #[serde(default)]
        window: Option<u32>,
    },
    Phase(PhaseHead),
    CallbackRaised {
        callback: CallbackKind,
    },
    Called {
        raised: bool,
    },
    Ended(Box<EndedHead>),
    Return {
        pid: u32,
    },
}

/// Where in a job a horse says it is.
#[derive(Debug, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum PhaseHead {
    Function {
        #[serde(default)]
        func_name: Option<String>,
        /// What the job's `meta` tells of a trace.
        #[serde(default)]
        trace: Option<TraceHeaders>,
    },
    Callback {
        callback: CallbackKind,
        #[serde(default)]
        limit: Option<u64>,
    },
    Ending,
}

/// Where in a job a horse is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The function runs: its time counts. Its dotted name, when the payload could be read.
    /// What its `meta` tells of a trace comes with it.
    Function(Option<String>, Option<TraceHeaders>),
    /// A callback runs, under a limit of its own if it has one.
    Callback(CallbackKind, Option<Duration>),
    /// The function, or a callback, is over.
    Ending,
}

/// The callbacks of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallbackKind {
    Success,
    Failure,
    Stopped,
}

impl fmt::Display for CallbackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Stopped => "stopped",
        })
    }
}

impl From<PhaseHead> for Phase {
    fn from(head: PhaseHead) -> Self {
        match head {
            PhaseHead::Function { func_name, trace } => Self::Function(func_name, trace),
            PhaseHead::Callback { callback, limit } => {
                Self::Callback(callback, limit.map(|limit| Duration::from_secs(limit.min(job::LONGEST))))
            }
            PhaseHead::Ending => Self::Ending,
        }
    }
}

/// How a job ended, by a horse's word.
#[derive(Debug, Deserialize)]
pub(super) struct EndedHead {
    pub(super) kind: EndedKind,
    pub(super) started_at: Option<f64>,
    pub(super) ended_at: Option<f64>,
    #[serde(default)]
    pub(super) none: bool,
    #[serde(default)]
    pub(super) repr: Option<String>,
    #[serde(default)]
    pub(super) unserializable: Option<String>,
    #[serde(default)]
    pub(super) func_name: Option<String>,
    /// Of an exception.
    #[serde(default)]
    pub(super) cause: RaisedBy,
    #[serde(default)]
    pub(super) missing: Option<MissingHead>,
    #[serde(default)]
    pub(super) payload: Option<PayloadHead>,
    #[serde(default)]
    pub(super) max: i64,
    #[serde(default)]
    pub(super) intervals: Vec<f64>,
    #[serde(default)]
    pub(super) at_front: bool,
    /// Boxed, as hardly any report has it.
    #[serde(default)]
    pub(super) evidence: Option<Box<Evidence>>,
    /// It asks not to be given another job.
    #[serde(default)]
    pub(super) worn: bool,
    /// How many log records of the job did not get through.
    #[serde(default)]
    pub(super) lost_records: u64,
}

impl EndedHead {
    /// What is told of the failure of a job that RQ's own code has settled.
    pub(super) fn settled_evidence(&mut self) -> Option<Arc<Evidence>> {
        let evidence = matches!(self.kind, EndedKind::Settled).then(|| self.evidence.take()).flatten();
        evidence.map(|evidence| Arc::new(*evidence))
    }
}

/// The kinds of end.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndedKind {
    Returned,
    Raised,
    AskedRetry,
    /// RQ's own code has settled the job.
    Settled,
}

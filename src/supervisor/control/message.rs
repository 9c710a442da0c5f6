//! Questions and answers. What is added later has a default, so that another release of the client understands what it knows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::stack::JobStack;
use crate::supervisor::health::Health;

/// The version of this language; another one is refused in words.
pub(super) const VERSION: u32 = 1;

/// What goes over the socket, in either direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) version: u32,
    pub(super) message: T,
}

/// A question. `workers` names workers of the daemon; none named is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// How the daemon and its workers are.
    Status,
    /// Whether the daemon is well.
    Health,
    /// Read the configuration again; with `code`, load the application anew too.
    Reload {
        #[serde(default)]
        code: bool,
    },
    /// Take no new jobs.
    Quiet {
        #[serde(default)]
        workers: Vec<String>,
    },
    /// Take jobs again.
    Resume {
        #[serde(default)]
        workers: Vec<String>,
    },
    /// Stop after the job in hand; `cold`, without waiting for it.
    Stop {
        #[serde(default)]
        workers: Vec<String>,
        #[serde(default)]
        cold: bool,
    },
    /// The settings in force.
    Configuration,
    /// What a reload would do.
    Difference,
    /// What a job does just now: the id of a job, or the name of its worker.
    Stack { of: String },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub(crate) enum Reply {
    Status(DaemonStatus),
    Health(Health),
    Reload(ReloadOutcome),
    /// It is so, or will be when the jobs in hand are done, for these workers.
    Done {
        workers: Vec<String>,
    },
    Configuration {
        settings: Vec<Setting>,
        /// The files and modules that they come from, the lowest first.
        sources: Vec<String>,
        generation: u64,
    },
    Stack(Box<JobStack>),
    /// Nothing was changed, or nothing can be told.
    Refused {
        error: String,
    },
}

/// How a daemon is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DaemonStatus {
    pub(crate) pid: u32,
    pub(crate) version: String,
    /// Seconds of the epoch.
    pub(crate) started_at: f64,
    pub(crate) state: State,
    /// How many configurations there were, the first one being 1.
    pub(crate) generation: u64,
    #[serde(default)]
    pub(crate) last_reload: Option<ReloadOutcome>,
    /// The interpreter and the process that has the application.
    pub(crate) application: String,
    pub(crate) groups: Vec<GroupStatus>,
}

/// What a daemon is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Starting,
    Running,
    Quiet,
    Stopping,
}

/// Workers of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupStatus {
    pub(crate) name: String,
    /// How many there are to be.
    pub(crate) wanted: u64,
    pub(crate) workers: Vec<WorkerStatus>,
}

/// How a worker is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkerStatus {
    pub(crate) name: String,
    pub(crate) queues: Vec<String>,
    /// RQ's word: `idle`, `busy`, `suspended`, `started`; or `quiet`, `stopping`; or `failed`, and to be
    /// replaced after a while.
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) job: Option<String>,
    #[serde(default)]
    pub(crate) function: Option<String>,
    /// When the job began, or the worker had its last one: seconds of the epoch.
    #[serde(default)]
    pub(crate) since: Option<f64>,
    pub(crate) jobs_done: u64,
}

/// What became of a reload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReloadOutcome {
    pub(crate) outcome: Outcome,
    /// A signal, a change of a file, or somebody's command.
    pub(crate) asked_by: String,
    /// Seconds of the epoch.
    pub(crate) at: f64,
    /// What is in force now.
    #[serde(default)]
    pub(crate) changes: Vec<Change>,
    /// What waits for a restart.
    #[serde(default)]
    pub(crate) pending: Vec<Change>,
    /// What has changed where something else counts higher.
    #[serde(default)]
    pub(crate) shadowed: Vec<Change>,
    /// Whether the application was loaded anew.
    #[serde(default)]
    pub(crate) renewed: bool,
    #[serde(default)]
    pub(crate) errors: Vec<String>,
}

/// How a reload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Applied,
    Unchanged,
    Refused,
}

/// A setting that has another value. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) from: Value,
    pub(crate) to: Value,
    pub(crate) origin: String,
    /// When it counts, in words: `at once`, `for the next job`, `after a restart`.
    pub(crate) applies: String,
}

/// A setting in force. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) origin: String,
    #[serde(default)]
    pub(crate) shadows: Vec<String>,
}

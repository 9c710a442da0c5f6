//! The two engines: who performs and settles jobs, and what is told about the choice (`docs/protocol.md`).

use serde::{Deserialize, Serialize};

use crate::job::FailureTtl;

/// What the fork server is told about engines and classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Wishes {
    /// `auto`, `native` or `rq`.
    pub(crate) engine: String,
    pub(crate) worker_class: Option<String>,
    pub(crate) job_class: Option<String>,
    pub(crate) queue_class: Option<String>,
    pub(crate) connection_class: Option<String>,
    /// The names of the worker's queues.
    pub(crate) queues: Vec<String>,
    /// What RQ's worker object is made with.
    pub(crate) options: WorkerOptions,
    pub(crate) logging: LogWishes,
    pub(crate) failures: FailureTtl,
}

impl Wishes {
    /// What the choice of the engine hangs on.
    pub(super) fn choice_alone(&self) -> Self {
        Self {
            queues: Vec::new(),
            options: WorkerOptions::default(),
            logging: LogWishes::default(),
            failures: FailureTtl::default(),
            ..self.clone()
        }
    }
}

/// Keyword arguments of RQ's worker class, in RQ's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct WorkerOptions {
    pub(crate) default_result_ttl: i64,
    pub(crate) worker_ttl: u64,
    pub(crate) job_monitoring_interval: u64,
    pub(crate) maintenance_interval: u64,
    pub(crate) log_job_description: bool,
    pub(crate) disable_default_exception_handler: bool,
}

/// How the lines of RQ's own code look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LogWishes {
    /// Python's name of the level, when somebody asked for one.
    pub(crate) level: Option<String>,
    pub(crate) format: String,
    pub(crate) date_format: String,
}

/// What the fork server chose.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Engine {
    #[serde(rename = "engine")]
    pub(crate) kind: EngineKind,
    /// Why, in words.
    pub(crate) reason: String,
    pub(crate) model: Model,
    /// The dequeue strategy that the worker's class stands for.
    #[serde(default)]
    pub(crate) strategy: Option<String>,
    /// Whether a warm stop is told to the horse.
    #[serde(default)]
    pub(crate) warm_signal: bool,
}

/// Who performs and settles jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EngineKind {
    /// The daemon, with our code in the horse.
    Native,
    /// RQ's own code in the horse.
    Rq,
}

/// How horses are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Model {
    /// One by a fork for each job.
    Fork,
    /// One for any number of jobs.
    Reuse,
    /// One in an interpreter of its own for each job.
    Spawn,
}

impl EngineKind {
    /// Its word in the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Rq => "rq",
        }
    }
}

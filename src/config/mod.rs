//! What the daemon may be told: one definition of every setting, and the layers that it is read from.
//!
//! [`Sources`] names what to read, [`Sources::read`] reads it and gives [`Resolved`], the [`Settings`] in force
//! with the origin of each value, and every [`Problem`] at once. The layers, the lowest first: built-in defaults,
//! default files, RQ's own names in the environment, what `-c` names, files with secrets, variables that start with
//! `RQ_`, options of the command line. `docs/configuration.md` tells the rules to users.

mod appender;
mod connection;
mod credentials;
mod cron;
mod django;
mod doubts;
mod dsn;
mod duration;
mod environment;
mod excerpt;
mod explicit;
mod file;
mod generate;
mod group;
mod kind;
mod layer;
mod origin;
mod places;
mod problem;
mod python;
mod reload;
mod resolved;
mod schema;
mod secret;
mod section;
mod sentinel;
mod shadow;
mod size;
mod sources;
mod stack;

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use connection::Address;
pub(crate) use dsn::Dsn;
pub(crate) use environment::Environment;
pub(crate) use excerpt::{Excerpt, excerpts};
pub(crate) use explicit::{PythonCandidate, PythonSource};
pub(crate) use file::Format;
pub(crate) use generate::{Explained, explain, reference, rq_toml};
pub(crate) use kind::{Kind, describe};
pub(crate) use origin::Origin;
pub(crate) use problem::{Problem, Problems, nearest};
pub(crate) use python::PythonModule;
pub(crate) use reload::ReloadClass;
pub(crate) use resolved::{Effective, Resolved, Shadowed};
pub(crate) use schema::schema;
pub(crate) use section::{
    Additions, Appender, AppenderKind, AtSuspension, CatchUp, Count, Cron, DictConfig, Facility, Group,
    Health, Horse, Http, Key, Level, LineLook, Logging, Maintenance, Metrics, OnInterrupt, OnShutdown,
    OnStranded, Output, Overlap, Place, Protocol, Queue, Records, Reload, Rotate, Scheduler, Sentry,
    Shutdown, Strategy, StreamChoice, Target, Worker, class_of, key, keys, target,
};
pub(crate) use sources::Sources;

/// Everything the daemon was told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) redis: Redis,
    pub(crate) worker: Worker,
    pub(crate) scheduler: Scheduler,
    pub(crate) horse: Horse,
    pub(crate) logging: Logging,
    /// Where log lines go, by the names of the places; none is the console as RQ writes it.
    pub(crate) appenders: BTreeMap<String, Appender>,
    pub(crate) shutdown: Shutdown,
    pub(crate) reload: Reload,
    pub(crate) maintenance: Maintenance,
    pub(crate) sentry: Sentry,
    pub(crate) http: Http,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    /// The rules of queues, by their names.
    pub(crate) queues: BTreeMap<String, Queue>,
    /// Workers of one kind, by the names of the kinds.
    pub(crate) groups: BTreeMap<String, Group>,
    /// What is enqueued again and again, by name.
    pub(crate) cron: BTreeMap<String, Cron>,
}

/// Which Redis, and how it is met.
#[derive(Debug, Clone)]
pub(crate) struct Redis {
    /// Where it is.
    pub(crate) address: Address,
    /// How long to try to reach it at start.
    pub(crate) start_timeout: Duration,
    /// What every key starts with.
    pub(crate) key_prefix: String,
}

#[cfg(test)]
mod tests;

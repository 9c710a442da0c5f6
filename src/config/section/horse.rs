//! `[horse]`: the Python processes that run the jobs.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// The Python processes that run the jobs.
    Horse as "horse" {
        /// The Python interpreter, as a path or a name on PATH. When unset: that of the active virtual environment,
        /// else `.venv/bin/python` (for root: if it is root's own), else `python3`. A leading `~/` is the home. It cannot stand in a Python settings module.
        python: Option<PathBuf> = Key::new(Kind::Path).variable("RQ_PYTHON").option("--python")
            .example("\"/srv/app/.venv/bin/python\"").before_python(), NewApplication;
        /// What is appended to the import path. It cannot stand in a Python settings module.
        path: Vec<String> = Key::new(Kind::List).option("--path, -P").default("[\".\"]")
            .before_python(), NewApplication;
        /// Modules that are imported once, before the first job, so that no job pays for it.
        preload: Vec<String> = Key::new(Kind::List).option("--preload").default("[]"), NewApplication;
        /// A function that each process calls before its first job, as a dotted name; it is given nothing. There is a
        /// process per job, so this is the place to connect to a database. What it raises fails the job.
        setup: Option<String> = Key::new(Kind::Text).example("\"app.hooks.connect\""), NewApplication;
        /// A function that is called right before each job, outside of its time limit. `get_current_job()` tells
        /// the job. What it raises fails the job.
        before_job: Option<String> = Key::new(Kind::Text).example("\"app.hooks.before\""), NewApplication;
        /// A function that is called after each job and its callbacks, whatever became of it. What it raises is
        /// written to standard error.
        after_job: Option<String> = Key::new(Kind::Text).example("\"app.hooks.after\""), NewApplication;
        /// How long a job may go on after its time limit before its processes are killed.
        timeout_grace: Duration = Key::span(0).default("\"60s\""), NextJob;
        /// Who performs and settles jobs: `native` is the daemon and its own code in the work horses, `rq` is RQ's own
        /// code in the work horses; `auto` is native unless a class of yours has a say in it, or something has replaced
        /// a method of RQ's, as the Sentry SDK's `RqIntegration` does.
        engine: EngineWish = Key::new(Kind::Choice(ENGINES)).default("\"auto\""), NewApplication;
        /// How many jobs a work horse may run before another takes its place; 0 is any number. A work horse that died
        /// or was killed is always replaced.
        max_jobs: u64 = Key::integer(0, i64::MAX).default("1"), NextJob;
        /// How long a job may clean up after a command to stop or to kill it: its processes get SIGTERM first, and
        /// SIGKILL when the time is over. With 0s, as in RQ, it is SIGKILL at once.
        stop_grace: Duration = Key::span(0).default("\"0s\""), NextJob;
        /// How large the result of a job may be, serialized: 1B to 384MiB. A larger one fails the job, after its success
        /// callback. Redis takes a third more than that as one value, and no value above its `proto-max-bulk-len`,
        /// which is 512MiB unless the server says otherwise.
        max_result_size: u64 = Key::size(1, LARGEST_RESULT).default("\"256MiB\""), NewApplication;
        /// How long a Python settings module may take to import. It cannot stand in such a module.
        settings_timeout: Duration = Key::span(100).default("\"10s\"").before_python(), Immediate;
        /// How long the interpreter may take to start and import the preloaded modules.
        start_timeout: Duration = Key::span(100).default("\"60s\""), NewApplication;
    }
}

/// What Redis takes as one value, by default, when a result is written in base64.
const LARGEST_RESULT: u64 = 384 << 20;

/// Who is asked to perform and settle jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineWish {
    Auto,
    Native,
    Rq,
}

pub(super) const ENGINES: &[(&str, &str)] = &[("auto", "auto"), ("native", "native"), ("rq", "rq")];

impl EngineWish {
    /// Its word in the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Rq => "rq",
        }
    }
}

//! `[horse]`: the Python processes that run the jobs.

use std::path::PathBuf;
use std::time::Duration;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;
use crate::config::secret::names_a_secret;

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
        max_jobs: u64 = Key::integer(0, i64::MAX).option("--reuse").default("1"), NextJob;
        /// How long a job may clean up after a command to stop or to kill it, or at `shutdown.deadline`: its processes get SIGTERM first, and
        /// SIGKILL when the time is over. With 0s, as in RQ, it is SIGKILL at once.
        stop_grace: Duration = Key::span(0).default("\"0s\""), NextJob;
        /// What becomes of a job's standard output and error: `inherit`, they are those of the daemon, as in RQ; `log`, each
        /// line becomes a line of the log, with the job's id; `keep`, the same, and their end is kept with the job's result.
        output: Output = Key::new(Kind::Choice(OUTPUTS)).default("\"inherit\""), NextJob;
        /// How much of the end of its output is kept with a job's result where `output` is `keep`: 1B to 16MiB.
        output_keep: u64 = Key::size(1, 16 << 20).default("\"64KiB\""), NextJob;
        /// How large the result of a job may be, serialized: 1B to 384MiB. A larger one fails the job, after its success
        /// callback. Redis takes a third more than that as one value, and no value above its `proto-max-bulk-len`,
        /// which is 512MiB unless the server says otherwise.
        max_result_size: u64 = Key::size(1, LARGEST_RESULT).default("\"256MiB\""), NewApplication;
        /// How much memory a work horse may have after a job, as resident size: one that has more is not given another
        /// job. It matters where `max_jobs` is not 1.
        max_memory: Option<u64> = Key::size(1 << 20, i64::MAX as u64).example("\"500MiB\""), NewApplication;
        /// How old a work horse may be after a job to be given another. It matters where `max_jobs` is not 1.
        max_age: Option<Duration> = Key::span(1).example("\"1h\""), NewApplication;
        /// The most memory that a process of a job can have, counted as what it may write to (`RLIMIT_DATA`); what was
        /// loaded before the job counts too. More fails with `MemoryError`.
        memory_limit: Option<u64> = Key::size(1 << 20, i64::MAX as u64).example("\"1GiB\""), NewApplication;
        /// The most CPU time that a job may use in one process, in whole seconds (`RLIMIT_CPU`). SIGXCPU ends it then.
        cpu_time: Option<Duration> = Key::span(1000).example("\"10m\""), NewApplication;
        /// The most files, sockets among them, that a process of a job can have open (`RLIMIT_NOFILE`).
        max_open_files: Option<u64> = Key::integer(64, i32::MAX as i64).example("4096"), NewApplication;
        /// The most processes and threads that the user of the work horses can have, all of that user's together
        /// (`RLIMIT_NPROC`). The kernel does not hold root to it.
        max_processes: Option<u64> = Key::integer(1, i32::MAX as i64).example("512"), NewApplication;
        /// The priority of the work horses, from -20, the highest, to 19. When unset: that of the daemon.
        nice: Option<i64> = Key::integer(-20, 19).example("10"), NewApplication;
        /// The directory that the application is loaded in and jobs run in, where relative places of `path` start too.
        /// When unset: that of the daemon. It cannot stand in a Python settings module.
        working_directory: Option<PathBuf> = Key::new(Kind::Path).example("\"/srv/app\"").before_python(), NewApplication;
        /// Variables for the application and its jobs, beside those of the daemon. Their values are never shown. The
        /// interpreter runs already when they are set, so that those which it reads itself (`PYTHONPATH`) do nothing.
        /// It cannot stand in a Python settings module.
        environment: Additions = Key::new(Kind::Environment).default("{}").before_python(), NewApplication;
        /// Which rights files that jobs make do not get, in octal digits. When unset: what the daemon has. It cannot
        /// stand in a Python settings module.
        umask: Option<String> = Key::new(Kind::Text).check(octal).example("\"027\"").before_python(), NewApplication;
        /// The user, by name or number, that the application is loaded and run as, where the daemon runs as root. HOME,
        /// USER and LOGNAME become that user's. It cannot stand in a Python settings module.
        user: Option<String> = Key::new(Kind::Text).check(not_empty).example("\"www-data\"").before_python(), NewApplication;
        /// The group, by name or number, for the same. When unset: that of `user`. It cannot stand in a Python
        /// settings module.
        group: Option<String> = Key::new(Kind::Text).check(not_empty).example("\"www-data\"").before_python(), NewApplication;
        /// How long a Python settings module may take to import. It cannot stand in such a module.
        settings_timeout: Duration = Key::span(100).default("\"10s\"").before_python(), Immediate;
        /// How long the interpreter may take to start and import the preloaded modules.
        start_timeout: Duration = Key::span(100).default("\"60s\""), NewApplication;
    }
}

/// What Redis takes as one value, by default, when a result is written in base64.
const LARGEST_RESULT: u64 = 384 << 20;

/// Variables of the environment; their values are secrets.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Additions(BTreeMap<String, String>);

/// Tables travel through the stack as JSON text, so that layers replace them and do not mix them.
impl<'de> Deserialize<'de> for Additions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map(Self).map_err(|_| serde::de::Error::custom("a table lost its form"))
    }
}

impl Additions {
    /// The values whose names say that they are secrets.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter(|(name, _)| names_a_secret(name)).map(|(_, value)| value.clone())
    }
}

impl fmt::Debug for Additions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

pub(super) fn octal(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if u32::from_str_radix(text, 8).is_ok_and(|mask| mask <= 0o777) => Ok(()),
        Value::Text(text) => Err(Mismatch::new("octal digits from 0 to 777", format!("{text:?}"))),
        _ => Ok(()),
    }
}

fn not_empty(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if text.is_empty() => Err(Mismatch::new("a name or a number", "an empty text")),
        _ => Ok(()),
    }
}

/// What becomes of what jobs write to their standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Output {
    Inherit,
    Log,
    Keep,
}

pub(super) const OUTPUTS: &[(&str, &str)] = &[("inherit", "inherit"), ("log", "log"), ("keep", "keep")];

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

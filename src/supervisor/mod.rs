//! The supervisor: starts what a worker needs, passes signals on, and sees to its end.

mod address;
mod alarm;
mod asking;
mod base;
mod briefing;
mod canary;
mod change;
mod check;
pub(crate) mod control;
mod cron;
mod daemon;
mod doctor;
mod engine;
mod file_watch;
mod growing;
pub(crate) mod health;
mod interpreter;
mod leash;
mod loaded;
mod logging;
mod looking;
mod names;
pub(crate) mod outlook;
mod pages;
mod redis;
mod refusal;
mod reload;
mod reloading;
mod remote;
mod request;
mod scale;
mod service;
mod settling;
mod signals;
mod stacks;
mod staffing;
mod start;
mod team;
mod trial;
mod wanted;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::config::{Problems, Resolved, Sources};
use crate::horse::StartError;
use crate::os::{self, Signal};
use crate::store::StoreError;
use crate::worker::{Ask, Left, WorkError};
use leash::Leash;

pub(crate) use alarm::ring;
pub(crate) use check::doubts;
pub(crate) use cron::{Upcoming, cron_times, run_cron};
pub(crate) use doctor::{Deed, Examination, Finding, Outcome, Report, Severity, Wished, examine};
pub(crate) use interpreter::{ADVICE as INTERPRETER, doubt as doubt_interpreter};
pub(crate) use logging::options as logging_options;
pub(crate) use looking::{Looking, look};
pub(crate) use names::{Named, names_in_redis};
pub(crate) use remote::{Delivery, ask_for_stack, command_workers, look_elsewhere};
pub(crate) use settling::{Purpose, load_settings};
pub(crate) use trial::{Tried, try_out};
pub(crate) use wanted::Scope;

/// Why the daemon ended that was not asked to.
#[derive(Debug, Error)]
pub(crate) enum SupervisorError {
    #[error("{0}")]
    Config(Problems),
    #[error(transparent)]
    Application(#[from] StartError),
    /// The fork server refused what a setting asks for.
    #[error("{error} ({given})")]
    Setting { given: String, error: StartError },
    /// Redis was never reached.
    #[error("redis did not answer {}", within(.0))]
    Unreachable(Duration, #[source] StoreError),
    /// RQ is suspended, and a worker does not start then.
    #[error("RQ is currently suspended, to resume job execution run \"rq resume\"")]
    Suspended,
    /// There is neither a cron module nor a table of the configuration.
    #[error("there is nothing to enqueue")]
    NothingToEnqueue,
    #[error(transparent)]
    Work(#[from] WorkError),
    #[error("cannot write the pid file {0}")]
    PidFile(std::path::PathBuf, #[source] io::Error),
    #[error("cannot set up the event loop")]
    System(#[source] io::Error),
}

fn within(limit: &Duration) -> String {
    if limit.is_zero() { "at once".to_owned() } else { format!("within {}s", limit.as_secs_f64()) }
}

impl From<Problems> for SupervisorError {
    fn from(problems: Problems) -> Self {
        Self::Config(problems)
    }
}

/// Opens the log as settings say.
pub(crate) type OpenLog = Rc<dyn Fn(&Resolved) -> Result<(), SupervisorError>>;

/// Everything that can happen to a daemon.
enum Input {
    Signal(Signal),
    /// Somebody wants the configuration to be read again; `code` is to load the application anew, too.
    Reload {
        by: &'static str,
        code: bool,
    },
    Asked(u64, Ask),
    /// A worker ended.
    Ended(u64, Box<Result<Left, SupervisorError>>),
    /// The pause after a failed worker is over.
    Rested,
    Prepared(Box<Result<reload::Prepared, SupervisorError>>),
    /// Somebody who watches wants to see the daemon.
    Look(oneshot::Sender<outlook::Scene>),
    /// A user of the machine asks something.
    Question(control::Asked),
    /// So many jobs wait for a group, the first of them for so long.
    Backlog {
        group: String,
        waiting: u64,
        oldest: std::time::Duration,
    },
    /// Everybody works who can.
    Opened,
    /// Another Redis knows this daemon now.
    Moved,
}

/// Runs workers as the sources say, until they are done or asked to stop. `open_log` sees the settings before anything is started.
pub(crate) fn run(sources: Sources, scope: Scope, open_log: OpenLog) -> Result<(), SupervisorError> {
    block_on(async move {
        let signals = os::Signals::install().and_then(os::Signals::of_worker);
        let signals = signals.map_err(SupervisorError::System)?;
        // Where the kernel cannot do it, orphans of a lost fork server are noticed by their sockets alone.
        let _ = os::become_subreaper();
        let (tell, mut inputs) = mpsc::unbounded_channel();
        let morgues = Rc::default();
        tokio::task::spawn_local(signals::pass_on(signals, Rc::clone(&morgues), tell.clone()));
        let recipe = reload::Recipe { sources, scope, leash: Leash::new()?, morgues };
        match Box::pin(start::start(recipe, open_log, &mut inputs, tell)).await? {
            Some(daemon) => Box::pin(daemon.run(inputs)).await,
            None => Ok(()),
        }
    })
}

/// Runs a future on this thread, together with the tasks that it spawns; a panic of one of these is one of the whole.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, SupervisorError>>,
) -> Result<T, SupervisorError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SupervisorError::System)?;
    let done = LocalSet::new().block_on(&runtime, alarm::heeding(work));
    // A thread that waits for a file system that hangs is not waited for.
    runtime.shutdown_background();
    done
}

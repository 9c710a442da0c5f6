//! The supervisor: starts what a worker needs, passes signals on, and sees to its end.

mod address;
mod alarm;
mod check;
mod cron;
mod engine;
mod interpreter;
mod redis;
mod refusal;
mod scheduler;
mod signals;
mod startup;
mod trial;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;

use crate::config::{Problems, Resolved, Sources};
use crate::horse::{Stable, StartError};
use crate::os;
use crate::store::StoreError;
use crate::worker::{Stop, WorkError};

pub(crate) use alarm::ring;
pub(crate) use check::doubts;
pub(crate) use cron::{Upcoming, cron_times, run_cron};
pub(crate) use interpreter::{ADVICE as INTERPRETER, doubt as doubt_interpreter};
pub(crate) use startup::{Purpose, load_settings};
pub(crate) use trial::{Tried, try_out};

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

/// Runs a worker as the sources say, until it is done or asked to stop. `check` sees the settings before anything is started.
pub(crate) fn run(
    sources: Sources,
    check: impl FnOnce(&Resolved) -> Result<(), SupervisorError>,
) -> Result<(), SupervisorError> {
    block_on(async move {
        let daemon = Daemon::new();
        let signals = os::Signals::install().and_then(os::Signals::of_worker);
        let signals = signals.map_err(SupervisorError::System)?;
        // Where the kernel cannot do it, orphans of a lost fork server are noticed by their sockets alone.
        let _ = os::become_subreaper();
        let stable = Rc::clone(&daemon.stable);
        let work = startup::start_and_work(&daemon, sources, check);
        tokio::select! {
            worked = work => worked,
            never = signals::pass_on(&daemon, signals, &stable) => match never {},
            () = daemon.stopped_while_starting() => Ok(()),
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
    LocalSet::new().block_on(&runtime, alarm::heeding(work))
}

/// What the parts of the daemon share.
struct Daemon {
    stop: watch::Sender<Stop>,
    /// Whether workers are to take no jobs for now.
    quiet: watch::Sender<bool>,
    shutdown: mpsc::Sender<()>,
    shutdowns: RefCell<Option<mpsc::Receiver<()>>>,
    /// Whether a worker is there to be asked; before it, a stop ends the start itself.
    working: Cell<bool>,
    stable: Rc<RefCell<Option<Rc<Stable>>>>,
}

impl Daemon {
    fn new() -> Self {
        let (stop, _) = watch::channel(Stop::No);
        let (quiet, _) = watch::channel(false);
        let (shutdown, shutdowns) = mpsc::channel(8);
        Self {
            stop,
            quiet,
            shutdown,
            shutdowns: RefCell::new(Some(shutdowns)),
            working: Cell::new(false),
            stable: Rc::default(),
        }
    }

    fn is_stopped_cold(&self) -> bool {
        *self.stop.borrow() == Stop::Cold
    }

    async fn stopped_cold(&self) {
        let mut stop = self.stop.subscribe();
        if stop.wait_for(|stop| *stop == Stop::Cold).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn stopped_while_starting(&self) {
        let mut stop = self.stop.subscribe();
        let stopped = stop.wait_for(|stop| *stop != Stop::No).await.is_ok();
        if !stopped || self.working.get() {
            std::future::pending::<()>().await;
        }
    }
}

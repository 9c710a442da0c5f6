//! The start: settings, Redis, the application; in this order, because each needs the one before.

use std::fs;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::base::Base;
use super::daemon::Daemon;
use super::file_watch::Snapshot;
use super::leash::Leash;
use super::loaded::{Means, application};
use super::outlook::{Outlook, Scene};
use super::pages::Door;
use super::redis::Patience;
use super::refusal::attributed;
use super::reload::{InForce, Recipe, load};
use super::request::Request;
use super::settling::{Purpose, Settled, settle};
use super::wanted::{Scope, Wanted};
use super::{Input, OpenLog, SupervisorError, doubts, interpreter};
use crate::config::{AtSuspension, Resolved, Worker as WorkerSection};
use crate::event::Event;
use crate::horse::Opened;
use crate::job::{Timestamp, WorkerName};
use crate::os::Signal;
use crate::telemetry::emit;

/// Starts everything; a stop that comes before there is a worker ends the start itself.
pub(super) async fn start(
    recipe: Recipe,
    open_log: OpenLog,
    inputs: &mut mpsc::UnboundedReceiver<Input>,
    tell: mpsc::UnboundedSender<Input>,
) -> Result<Option<Daemon>, SupervisorError> {
    let mut meanwhile = Meanwhile { started_at: Timestamp::now(), quiet: false, reload: None };
    let outlook = Rc::new(Outlook::new(tell.clone()));
    let now = tokio::select! {
        now = begin(&recipe, &open_log, &outlook) => now?,
        () = meanwhile.stopped(inputs, &outlook) => return Ok(None),
    };
    let mut daemon = Daemon::new(recipe, open_log, (now, outlook), tell);
    daemon.started_at = meanwhile.started_at;
    daemon.team.say_quiet(meanwhile.quiet);
    if let Some(reload) = meanwhile.reload {
        daemon.request(reload);
    }
    Ok(Some(daemon))
}

/// What was asked for during the start.
struct Meanwhile {
    started_at: Timestamp,
    quiet: bool,
    /// The files, or the application, may have been read before they were changed.
    reload: Option<Request>,
}

impl Meanwhile {
    /// Waits for a stop, and notes the rest.
    async fn stopped(&mut self, inputs: &mut mpsc::UnboundedReceiver<Input>, outlook: &Outlook) {
        loop {
            let input = tokio::select! {
                input = inputs.recv() => input,
                () = outlook.due() => { outlook.beat(); continue }
            };
            match input {
                Some(Input::Signal(Signal::Interrupt | Signal::Terminate | Signal::Hangup)) => return,
                Some(Input::Signal(Signal::Quiet)) => self.quiet = true,
                Some(Input::Signal(Signal::Resume)) => self.quiet = false,
                Some(Input::Reload { by, code }) => {
                    Request::of(by, code).add_to(&mut self.reload);
                }
                Some(Input::Look(tell)) => drop(tell.send(Scene::of_start(self.started_at))),
                Some(_) => {}
                None => std::future::pending::<()>().await,
            }
        }
    }
}

async fn begin(recipe: &Recipe, open_log: &OpenLog, outlook: &Outlook) -> Result<InForce, SupervisorError> {
    let seen = Snapshot::of(recipe.sources.files());
    let settled = settle(recipe.sources.clone(), Purpose::Work, recipe.leash.clone(), None).await?;
    let Settled { resolved, opened, imported, .. } = settled;
    open_log(&resolved)?;
    announce(&resolved, recipe.scope)?;
    let door = Door::prepare(&resolved, None).await?;
    outlook.show(&resolved.settings, door.as_ref());
    let wanted = Wanted::all(&resolved, recipe.scope);
    // What is no Python is told before anybody is waited for.
    let opened = match opened {
        Some(opened) => opened,
        None => open(&wanted[0].resolved, &recipe.leash).await?,
    };
    let settings = &resolved.settings;
    let name = wanted[0].name(1).unwrap_or_else(WorkerName::random).to_string();
    let base = Base::new(&resolved, &name)?;
    let burst = settings.worker.burst;
    let limit = if burst { Duration::ZERO } else { settings.redis.start_timeout };
    let suspended = Patience { worker: &name, limit }.reach(&base.store).await?;
    if suspended && (burst || settings.worker.suspended_at_start == AtSuspension::Exit) {
        return Err(SupervisorError::Suspended);
    }
    let means = Means {
        leash: &recipe.leash,
        base: &base,
        imported: imported.as_ref(),
        morgues: &|morgue| recipe.morgues.borrow_mut().push(morgue),
        purpose: Purpose::Work,
    };
    let groups = load(wanted, Some(opened), Vec::new(), &means).await?;
    Ok(InForce { resolved, groups, imported, base: Rc::new(base), door, seen })
}

/// Starts the interpreter of settings that are not in Python.
async fn open(resolved: &Resolved, leash: &Leash) -> Result<Opened, SupervisorError> {
    let application = application(resolved, Purpose::Work)?;
    Opened::open(&application, leash.end()).await.map_err(|error| attributed(resolved, error))
}

/// Tells what is doubtful, and which process this is.
fn announce(resolved: &Resolved, scope: Scope) -> Result<(), SupervisorError> {
    let doubts = doubts(resolved).into_iter().chain(interpreter::doubt(resolved));
    for warning in doubts.chain(scope.passes_over(resolved)) {
        emit(Event::ConfigurationDoubted { warning });
    }
    write_pid(&resolved.settings.worker)
}

/// RQ: the number alone, without a line's end.
fn write_pid(worker: &WorkerSection) -> Result<(), SupervisorError> {
    let Some(path) = &worker.pid_file else { return Ok(()) };
    fs::write(path, std::process::id().to_string())
        .map_err(|error| SupervisorError::PidFile(path.clone(), error))
}

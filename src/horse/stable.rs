//! The stable: where horses come from. What goes on in it is its keeper's business.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::sync::{mpsc, oneshot};

use super::fork_server::{Application, ForkServer, Prepared, PythonSettings, StartError};
use super::keeper::{Input, Keeper, Warm};
use super::returning;
use super::work_horse::Horse;
use crate::os::Reaped;

/// What a stable is made of.
pub(crate) struct StableOptions {
    pub(crate) application: Application,
    /// The read end of the leash; its write end must live exactly as long as the daemon.
    pub(crate) leash: OwnedFd,
}

/// A fork server that has loaded the settings, and what they say: the daemon decides on them before it goes on.
pub(crate) struct Opened {
    pub(super) server: ForkServer,
    application: Application,
    pub(crate) settings: Option<PythonSettings>,
}

impl Opened {
    /// Starts the interpreter and imports the settings module.
    pub(crate) async fn open(application: &Application, leash: &OwnedFd) -> Result<Self, StartError> {
        let leash =
            leash.try_clone().map_err(|error| StartError::Spawn(application.python.clone(), error))?;
        let mut server = ForkServer::spawn(application, leash).await?;
        let settings = server.settings(application).await?;
        Ok(Self { server, application: application.clone(), settings })
    }

    /// Whether it can go on as this application.
    pub(crate) fn is_of(&self, application: &Application) -> bool {
        self.application.opens_as(application)
    }

    /// The interpreter's `sys.version`.
    pub(crate) fn python_version(&self) -> &str {
        &self.server.hello.python
    }
}

/// Where horses come from.
pub(crate) struct Stable {
    inputs: mpsc::UnboundedSender<Input>,
    /// What its keeper has for those who come.
    warm: Warm,
}

impl Stable {
    /// Preloads the application and begins to make horses.
    pub(crate) async fn start(
        mut opened: Opened,
        options: StableOptions,
    ) -> Result<(Self, Prepared), StartError> {
        let (inputs, incoming) = mpsc::unbounded_channel();
        let returned = inputs.clone();
        let heard = inputs.clone();
        let unheard = async move { heard.closed().await };
        let return_address =
            returning::listen(move |stream| drop(returned.send(Input::Returned(stream))), unheard)
                .map_err(|error| StartError::Spawn(options.application.python.clone(), error))?;
        let prepared = opened.server.prepare(&options.application, &return_address).await?;
        let warm = Warm::default();
        let keeper = Keeper::new(options, return_address, inputs.clone(), opened.server, Rc::clone(&warm));
        tokio::task::spawn_local(keeper.keep(incoming));
        Ok((Self { inputs, warm }, prepared))
    }

    /// A warm horse, when one is there; the next one is made meanwhile.
    pub(crate) fn take(&self) -> Option<Horse> {
        loop {
            let mut horse = self.warm.borrow_mut().pop_front()?;
            let _ = self.inputs.send(Input::Taken);
            if !horse.is_gone() {
                return Some(horse);
            }
        }
    }

    /// Waits for a warm horse. Nothing when the stable is closed.
    pub(crate) async fn lend(&self) -> Option<Horse> {
        if let Some(horse) = self.take() {
            return Some(horse);
        }
        let (give, given) = oneshot::channel();
        self.inputs.send(Input::Wanted(give)).ok()?;
        given.await.ok()
    }

    /// Where the deaths of the daemon's children are to be told, for as long as there are horses of this stable.
    pub(crate) fn morgue(&self) -> Morgue {
        Morgue(self.inputs.clone())
    }
}

/// Nobody asks for horses any more. Those at work go on; the fork server and its memory are given up.
impl Drop for Stable {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Closed);
    }
}

/// Where a stable hears of deaths.
pub(crate) struct Morgue(mpsc::UnboundedSender<Input>);

impl Morgue {
    /// Tells of a child of the daemon that ended: a fork server, or an orphan of one.
    pub(crate) fn child_ended(&self, reaped: Reaped) {
        let _ = self.0.send(Input::ChildEnded(reaped));
    }

    /// Whether the stable and all its horses are gone.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_closed()
    }
}

/// Starts a fork server in place of a lost one.
pub(super) async fn start(
    application: &Application,
    leash: io::Result<OwnedFd>,
    return_address: &str,
) -> Result<ForkServer, StartError> {
    let leash = leash.map_err(|error| StartError::Spawn(application.python.clone(), error))?;
    let mut opened = Opened::open(application, &leash).await?;
    opened.server.prepare(application, return_address).await?;
    Ok(opened.server)
}

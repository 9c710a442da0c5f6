//! The settings: every source read, a Python settings module by the interpreter that will run the jobs.

use std::path::PathBuf;
use std::time::SystemTime;

use super::SupervisorError;
use super::check::checked;
use super::file_watch::Snapshot;
use super::leash::Leash;
use super::loaded::application;
use super::refusal::attributed;
use crate::config::{PythonCandidate, PythonModule, PythonSource, Resolved, Sources};
use crate::horse::{Application, Opened, StartError};

/// What settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To work: an interpreter is needed in any case.
    Work,
    /// To be judged: an interpreter is started only for settings in Python, and standard output is kept free.
    Check,
    /// To be tried out: as to work, but nothing is begun, and standard output is kept free.
    Try,
    /// To be looked at: as to be judged, and nothing is judged that does not show.
    Look,
    /// To enqueue: an interpreter is started only for settings and cron modules in Python.
    Schedule,
    /// To tell when something is to be enqueued: as before, and standard output is kept free.
    Tell,
}

impl Purpose {
    /// Whether Redis is to be talked to, and the log to be written.
    pub(super) fn connects(self) -> bool {
        match self {
            Self::Work | Self::Check | Self::Try | Self::Schedule => true,
            Self::Look | Self::Tell => false,
        }
    }

    /// Whether there must be an interpreter for jobs.
    pub(super) fn runs_jobs(self) -> bool {
        match self {
            Self::Work | Self::Check | Self::Try => true,
            Self::Look | Self::Schedule | Self::Tell => false,
        }
    }

    /// Whether standard output is for the answer of the command.
    pub(super) fn answers(self) -> bool {
        match self {
            Self::Check | Self::Try | Self::Look | Self::Tell => true,
            Self::Work | Self::Schedule => false,
        }
    }
}

/// The settings, whole, and the interpreter that told the Python part of them.
pub(crate) struct Settled {
    pub(crate) resolved: Resolved,
    /// A fork server that has imported the settings module.
    pub(super) opened: Option<Opened>,
    /// What the module said, when there is one.
    pub(super) imported: Option<Imported>,
    pub(super) leash: Leash,
}

/// A settings module that was imported.
#[derive(Clone)]
pub(super) struct Imported {
    pub(super) source: PythonSource,
    module: PythonModule,
    /// What the interpreter was told that did it.
    by: Application,
    /// The project's files that the import read, as they were.
    pub(super) files: Snapshot,
}

/// Reads every source.
pub(crate) async fn load_settings(sources: Sources, purpose: Purpose) -> Result<Settled, SupervisorError> {
    settle(sources, purpose, Leash::new()?, None).await
}

/// The same, without a new import when the module and all it imports are as they were.
pub(super) async fn settle(
    mut sources: Sources,
    purpose: Purpose,
    leash: Leash,
    known: Option<&Imported>,
) -> Result<Settled, SupervisorError> {
    let (mut opened, mut imported) = (None, None);
    if let Some(candidate) = sources.python_wanted().cloned() {
        match import(&sources, &candidate, &leash, (purpose, known)).await {
            Ok((server, module)) => {
                sources = sources.python(module.module.clone());
                (opened, imported) = (server, Some(module));
            }
            Err(
                SupervisorError::Application(StartError::Refused(refused))
                | SupervisorError::Setting { error: StartError::Refused(refused), .. },
            ) if refused.missing => {
                sources = sources.module_is_missing()?;
            }
            // What is wrong in the other sources may well be the reason.
            Err(error) => return checked(&sources, purpose).and(Err(error)),
        }
    }
    let resolved = checked(&sources, purpose)?;
    Ok(Settled { resolved, opened, imported, leash })
}

/// Imports a settings module by the interpreter that the other sources name.
async fn import(
    sources: &Sources,
    candidate: &PythonCandidate,
    leash: &Leash,
    (purpose, known): (Purpose, Option<&Imported>),
) -> Result<(Option<Opened>, Imported), SupervisorError> {
    let resolved = sources.read()?.0;
    let mut application = application(&resolved, purpose)?;
    name(&mut application, &candidate.source);
    if let Some(known) = known
        && known.source == candidate.source
        && known.by.opens_as(&application)
        && known.files.is_current()
    {
        return Ok((None, known.clone()));
    }
    let began = SystemTime::now();
    let opened = Opened::open(&application, leash.end()).await;
    let opened = opened.map_err(|error| attributed(&resolved, error))?;
    let module = module(candidate, &opened);
    let files = opened.settings.iter().flat_map(|settings| settings.files.clone());
    let files = Snapshot::of_read_since(began, files.chain(module.file.clone()).collect());
    let source = candidate.source.clone();
    Ok((Some(opened), Imported { source, module, by: application, files }))
}

pub(super) fn name(application: &mut Application, source: &PythonSource) {
    match source {
        PythonSource::Module(name) => application.module = Some(name.clone()),
        PythonSource::File(path) => application.file = Some(path.to_string_lossy().into_owned()),
    }
}

fn module(candidate: &PythonCandidate, opened: &Opened) -> PythonModule {
    let settings = opened.settings.as_ref();
    PythonModule {
        name: candidate.name.clone(),
        file: settings.and_then(|settings| settings.file.clone()).map(PathBuf::from),
        values: settings.map(|settings| settings.values.clone()).unwrap_or_default(),
        opaque: settings.map(|settings| settings.opaque.clone()).unwrap_or_default(),
    }
}

//! The application of a group of workers: what its fork server loads, and the stable that comes of it.

use std::rc::Rc;

use super::base::Base;
use super::file_watch::Snapshot;
use super::leash::Leash;
use super::refusal::attributed;
use super::settling::{Imported, Purpose, name};
use super::{SupervisorError, engine, interpreter};
use crate::config::{DictConfig, Resolved, Settings};
use crate::event::Event;
use crate::horse::{
    Application, Bounds, Engine, Ground, Hooks, Morgue, Opened, Prepared, Stable, StableOptions, StartError,
    Wishes,
};
use crate::telemetry::emit;

/// An application whose horses can be had.
pub(super) struct Loaded {
    application: Application,
    pub(super) stable: Rc<Stable>,
    pub(super) engine: Engine,
    /// `sys.version` of the horses.
    pub(super) python_version: String,
    /// The project's own files in it.
    pub(super) files: Snapshot,
}

/// What loading takes beside the settings.
pub(super) struct Means<'a> {
    pub(super) leash: &'a Leash,
    pub(super) base: &'a Base,
    pub(super) imported: Option<&'a Imported>,
    /// Where the deaths of children are to be told.
    pub(super) morgues: &'a dyn Fn(Morgue),
    pub(super) purpose: Purpose,
}

impl Means<'_> {
    /// A fork server for an application: one that has imported the settings by the same interpreter, or a new one.
    pub(super) async fn opened(
        &self,
        application: &Application,
        opened: Option<Opened>,
    ) -> Result<Opened, StartError> {
        match opened.filter(|opened| opened.is_of(application)) {
            Some(opened) => Ok(opened),
            None => Opened::open(application, self.leash.end()).await,
        }
    }
}

impl Loaded {
    /// Loads an application, in a fork server that has imported the settings already, if there is one.
    pub(super) async fn load(
        resolved: &Resolved,
        application: Application,
        opened: Option<Opened>,
        means: &Means<'_>,
    ) -> Result<Self, SupervisorError> {
        let opened = means.opened(&application, opened).await;
        let opened = opened.map_err(|error| attributed(resolved, error))?;
        let python_version = opened.python_version().to_owned();
        let leash = means.leash.another();
        let leash = leash.map_err(|error| StartError::Spawn(application.python.clone(), error))?;
        let options = StableOptions { application: application.clone(), leash };
        let (stable, Prepared { engine, files }) =
            Stable::start(opened, options).await.map_err(|error| attributed(resolved, error))?;
        (means.morgues)(stable.morgue());
        emit(Event::EngineChosen { engine: engine.kind.word(), reason: engine.reason.clone() });
        if let Some(warning) = engine::doubts(&engine, &resolved.settings) {
            emit(Event::ConfigurationDoubted { warning });
        }
        let (stable, files) = (Rc::new(stable), Snapshot::of(files));
        Ok(Self { application, stable, engine, python_version, files })
    }

    /// Whether its horses are what is wanted.
    pub(super) fn serves_as(&self, wanted: &Application) -> bool {
        self.application.serves_as(wanted, self.engine.kind)
    }
}

/// The application that settings ask for, before Redis is known.
pub(super) fn application(resolved: &Resolved, purpose: Purpose) -> Result<Application, SupervisorError> {
    let horse = &resolved.settings.horse;
    Ok(Application {
        python: interpreter::find(resolved)?.python,
        module: None,
        file: None,
        path: horse.path.clone(),
        preload: Vec::new(),
        dict_config: serde_json::Value::Bool(false),
        serializer: None,
        exception_handlers: Vec::new(),
        hooks: Hooks::default(),
        max_result_size: horse.max_result_size,
        connection: serde_json::Value::Null,
        key_prefix: String::new(),
        engine: Wishes::default(),
        bounds: Bounds::default(),
        ground: Ground::of(horse),
        settings_timeout: horse.settings_timeout,
        start_timeout: horse.start_timeout,
        settings_alone: purpose.answers(),
    })
}

/// The same, whole.
pub(super) async fn whole_application(
    resolved: &Resolved,
    means: &Means<'_>,
) -> Result<Application, SupervisorError> {
    let settings = &resolved.settings;
    let mut application = application(resolved, means.purpose)?;
    if let Some(imported) = means.imported {
        name(&mut application, &imported.source);
    }
    application.connection = means.base.address.for_horse();
    application.bounds = Bounds::of(&settings.horse);
    application.preload.clone_from(&settings.horse.preload);
    application.serializer.clone_from(&settings.worker.serializer);
    application.exception_handlers.clone_from(&settings.worker.exception_handlers);
    application.hooks = Hooks {
        setup: settings.horse.setup.clone(),
        before_job: settings.horse.before_job.clone(),
        after_job: settings.horse.after_job.clone(),
    };
    application.dict_config = dict_config(settings);
    application.key_prefix.clone_from(&settings.redis.key_prefix);
    application.engine = engine::wishes(resolved);
    means.base.fit_results(&mut application.max_result_size).await;
    Ok(application)
}

/// What the fork server does about logging in the horses: nothing, its module's own `DICT_CONFIG`, or one from a file.
fn dict_config(settings: &Settings) -> serde_json::Value {
    match &settings.logging.dict_config {
        None => false.into(),
        Some(DictConfig::InModule(_)) => true.into(),
        Some(DictConfig::Given(table)) => table.clone(),
    }
}

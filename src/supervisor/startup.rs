//! The start: settings, interpreter, Redis, worker; in this order, because each needs the one before.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::check::{checked, doubts};
use super::redis::{Patience, fit_results};
use super::refusal::attributed;
use super::{Daemon, SupervisorError, address, engine, interpreter, scheduler};
use crate::config::{
    self, AtSuspension, PythonCandidate, PythonModule, PythonSource, Resolved, Settings, Sources,
    Worker as WorkerSection,
};
use crate::event::Event;
use crate::horse::{
    Application, Bounds, EngineKind, Ground, Hooks, Mourners, Opened, Stable, StableOptions, StartError,
    Wishes,
};
use crate::job::{
    Defaults, FailureTtl, InterruptRules, Keep, OnInterrupt, QueueName, TimeLimits, TimeRules, WorkerName,
};
use crate::maintenance::{self, Followup, Maintenance, OnStranded};
use crate::os;
use crate::store::{self, Life, Store};
use crate::telemetry::emit;
use crate::webhook::Courier;
use crate::worker::{self, Birth, Horses, Left, Options, Surroundings, WorkError, Worker};

/// How long a daemon that has ended stays for webhooks which are being sent. RQ: their limit unless they name one.
const WEBHOOKS: Duration = Duration::from_secs(10);

/// What settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To work: an interpreter is needed in any case.
    Work,
    /// To be judged: an interpreter is started only for settings in Python, and standard output is kept free.
    Check,
    /// To be looked at: as before, and nothing is judged that does not show.
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
            Self::Work | Self::Check | Self::Schedule => true,
            Self::Look | Self::Tell => false,
        }
    }

    /// Whether there must be an interpreter for jobs.
    pub(super) fn runs_jobs(self) -> bool {
        match self {
            Self::Work | Self::Check => true,
            Self::Look | Self::Schedule | Self::Tell => false,
        }
    }

    /// Whether standard output is for the answer of the command.
    fn answers(self) -> bool {
        match self {
            Self::Check | Self::Look | Self::Tell => true,
            Self::Work | Self::Schedule => false,
        }
    }
}

/// The settings, whole, and the interpreter that told the Python part of them.
pub(crate) struct Settled {
    pub(crate) resolved: Resolved,
    pub(super) opened: Option<Opened>,
    application: Option<Application>,
    leash: Leash,
}

impl Settled {
    /// The read end of the leash.
    pub(super) fn leash(&self) -> &OwnedFd {
        &self.leash.read
    }
}

/// The pipe whose only write end this process holds: horses end when it does.
struct Leash {
    read: OwnedFd,
    _write: OwnedFd,
}

/// Reads every source; a Python settings module is imported by the interpreter that will run the jobs.
pub(crate) async fn load_settings(
    mut sources: Sources,
    purpose: Purpose,
) -> Result<Settled, SupervisorError> {
    let leash = leash()?;
    let mut opened = None;
    if let Some(candidate) = sources.python_wanted().cloned() {
        match import(&sources, &candidate, &leash, purpose).await {
            Ok(server) => {
                sources = with_module(sources, &candidate, &server);
                opened = Some((server, candidate.source));
            }
            Err(SupervisorError::Application(StartError::Refused(refused))) if refused.missing => {
                sources = sources.module_is_missing()?;
            }
            // What is wrong in the other sources may well be the reason.
            Err(error) => return checked(&sources, purpose).and(Err(error)),
        }
    }
    let resolved = checked(&sources, purpose)?;
    if purpose != Purpose::Work {
        return Ok(Settled { resolved, opened: opened.map(|(server, _)| server), application: None, leash });
    }
    let mut application = application(&resolved, purpose)?;
    let opened = match opened {
        Some((server, source)) => {
            name(&mut application, &source);
            server
        }
        None => {
            Opened::open(&application, &leash.read).await.map_err(|error| attributed(&resolved, error))?
        }
    };
    Ok(Settled { resolved, opened: Some(opened), application: Some(application), leash })
}

/// Imports a settings module by the interpreter that the other sources name.
async fn import(
    sources: &Sources,
    candidate: &PythonCandidate,
    leash: &Leash,
    purpose: Purpose,
) -> Result<Opened, SupervisorError> {
    let resolved = sources.read()?.0;
    let mut application = application(&resolved, purpose)?;
    name(&mut application, &candidate.source);
    Opened::open(&application, &leash.read).await.map_err(|error| attributed(&resolved, error))
}

fn name(application: &mut Application, source: &PythonSource) {
    match source {
        PythonSource::Module(name) => application.module = Some(name.clone()),
        PythonSource::File(path) => application.file = Some(path.to_string_lossy().into_owned()),
    }
}

fn with_module(sources: Sources, candidate: &PythonCandidate, server: &Opened) -> Sources {
    let Some(settings) = &server.settings else { return sources };
    sources.python(PythonModule {
        name: candidate.name.clone(),
        file: settings.file.clone().map(PathBuf::from),
        values: settings.values.clone(),
        opaque: settings.opaque.clone(),
    })
}

/// Starts everything and works.
pub(super) async fn start_and_work(
    daemon: &Daemon,
    sources: Sources,
    check: impl FnOnce(&Resolved) -> Result<(), SupervisorError>,
) -> Result<(), SupervisorError> {
    let Settled { resolved, opened, application, leash } = load_settings(sources, Purpose::Work).await?;
    let mut application = application.expect("there is one to work with");
    check(&resolved)?;
    announce(&resolved)?;
    let settings = &resolved.settings;
    let opened = opened.expect("it was asked for");
    let mut options = options(settings, opened.python_version());
    let address = address::of(&resolved)?;
    complete(&mut application, &resolved, &address);
    let name = options.name.to_string();
    let store = address::store(&resolved, address, &name).keeping(failure_ttl(&settings.worker));
    let limit = if options.burst { Duration::ZERO } else { settings.redis.start_timeout };
    let patience = Patience { worker: &name, limit };
    let suspended = patience.reach(&store).await?;
    if suspended && (options.burst || settings.worker.suspended_at_start == AtSuspension::Exit) {
        return Err(SupervisorError::Suspended);
    }
    fit_results(&store, &mut application.max_result_size).await;
    let Leash { read, _write } = leash;
    let (stable, prepared) = Stable::start(opened, StableOptions { application, leash: read })
        .await
        .map_err(|error| attributed(&resolved, error))?;
    engine::adopt(&prepared.engine, settings, &mut options);
    let stable = Rc::new(stable);
    *daemon.stable.borrow_mut() = Some(Rc::clone(&stable));
    let maintenance_options = maintenance_options(settings, &options);
    let life = maintenance_options.life.clone();
    let followup = followup(settings, stable, &store, &life);
    let (mourners, courier) = (followup.mourners.clone(), Rc::clone(&followup.courier));
    let mut maintenance = Maintenance::new(store.clone(), maintenance_options, followup);
    let (begin, may_begin) = oneshot::channel();
    let (tell_over, over) = watch::channel(false);
    let around = Surroundings {
        store: store.clone(),
        mourners,
        courier: Rc::clone(&courier),
        stop: daemon.stop.subscribe(),
        quiet: daemon.quiet.subscribe(),
        life,
        first_round: worker::FirstRound { begin: Some(begin), over },
        shutdown: daemon.shutdown.clone(),
    };
    // Redis may have gone away while the application was loaded.
    let mut birth = Birth::new(&options, &around.life);
    let born = patience.insist(async || birth.attempt(&store).await).await?;
    let worker = Worker::of(options, around, born);
    let first_round = maintenance::FirstRound { begin: may_begin, over: tell_over };
    maintenance.start(vec![worker.registered_name()], first_round).await;
    daemon.working.set(true);
    let scheduler = scheduler::start(daemon, settings, &store).await;
    let end = worker.work().await;
    if let Some(scheduler) = scheduler {
        scheduler.end().await;
    }
    let has_settled = !matches!(end, Ok(Left::InOutage) | Err(WorkError::Unsettled));
    maintenance.leave(has_settled, daemon.stopped_cold()).await;
    courier.rest(if daemon.is_stopped_cold() { Duration::ZERO } else { WEBHOOKS }).await;
    end?;
    Ok(())
}

/// Who tells of jobs that ended otherwise than by their own horse.
fn followup(settings: &Settings, stable: Rc<Stable>, store: &Store, life: &Life) -> Followup {
    let handlers = !settings.worker.exception_handlers.is_empty();
    let mourners = Mourners { stable, handlers, grace: settings.horse.timeout_grace };
    let courier = Rc::new(Courier::new(store.clone(), life.daemon.clone()));
    Followup { mourners, courier }
}

/// Tells what is doubtful, and which process this is.
fn announce(resolved: &Resolved) -> Result<(), SupervisorError> {
    for warning in doubts(resolved).into_iter().chain(interpreter::doubt(resolved)) {
        emit(Event::ConfigurationDoubted { warning });
    }
    write_pid(&resolved.settings.worker)
}

/// What the fork server is told beyond the interpreter and the settings module.
fn complete(application: &mut Application, resolved: &Resolved, address: &store::Address) {
    let settings = &resolved.settings;
    application.connection = address.for_horse();
    application.start_timeout = settings.horse.start_timeout;
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
}

fn leash() -> Result<Leash, SupervisorError> {
    let (read, write) = os::pipe().map_err(SupervisorError::System)?;
    Ok(Leash { read, _write: write })
}

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

fn options(settings: &Settings, python_version: &str) -> Options {
    let worker = &settings.worker;
    Options {
        name: worker.name.clone().map_or_else(WorkerName::random, WorkerName::new),
        name_may_change: worker.name_from_environment,
        queues: worker.queues.iter().map(QueueName::new).collect(),
        strategy: worker::Strategy::Default,
        burst: worker.burst,
        defaults: Defaults {
            result_ttl: Keep::from_seconds(worker.results_ttl),
            record_failures: worker.record_failures,
        },
        time_limits: time_limits(settings),
        ttl: worker.ttl,
        monitoring_interval: worker.job_monitoring_interval,
        max_jobs: worker.max_jobs,
        max_idle_time: worker.max_idle_time,
        stop_deadline: settings.shutdown.deadline,
        interrupt_rules: interrupt_rules(worker),
        timeout_grace: settings.horse.timeout_grace,
        stop_grace: settings.horse.stop_grace,
        python_version: python_version.to_owned(),
        horses: Horses { engine: EngineKind::Native, max_jobs: settings.horse.max_jobs, warm_signal: false },
    }
}

pub(super) fn failure_ttl(worker: &WorkerSection) -> FailureTtl {
    FailureTtl { ttl: worker.failure_ttl, most: worker.max_failure_ttl }
}

fn time_limits(settings: &Settings) -> TimeLimits {
    let rules = |queue: &config::Queue| TimeRules {
        timeout: queue.timeout,
        unset: queue.unset_timeout,
        most: queue.max_timeout,
    };
    let tables = settings.queues.iter();
    TimeLimits(tables.map(|(name, queue)| (QueueName::new(name.as_str()), rules(queue))).collect())
}

fn maintenance_options(settings: &Settings, worker: &Options) -> maintenance::Options {
    maintenance::Options {
        queues: worker.queues.clone(),
        interval: settings.worker.maintenance_interval,
        liveness: settings.maintenance.liveness,
        life: maintenance::life(settings.maintenance.liveness),
        rules: worker.interrupt_rules.clone(),
        on_stranded: match settings.maintenance.stranded {
            config::OnStranded::PutBack => OnStranded::PutBack,
            config::OnStranded::AsRq => OnStranded::AsRq { record: settings.worker.record_failures },
        },
    }
}

fn interrupt_rules(worker: &WorkerSection) -> InterruptRules {
    let policy = |policy: config::OnInterrupt| match policy {
        config::OnInterrupt::AsRq => OnInterrupt::AsRq,
        config::OnInterrupt::Requeue => OnInterrupt::Requeue,
        config::OnInterrupt::Fail => OnInterrupt::Fail,
    };
    let of_queue = worker.on_interrupt_queues.0.iter();
    InterruptRules {
        policy: policy(worker.on_interrupt),
        of_queue: of_queue.map(|(queue, own)| (QueueName::new(queue.as_str()), policy(*own))).collect(),
        budget: worker.max_interruptions,
    }
}

/// What the fork server does about logging in the horses: nothing, its module's own `DICT_CONFIG`, or one from a file.
fn dict_config(settings: &Settings) -> serde_json::Value {
    use crate::config::DictConfig;
    match &settings.logging.dict_config {
        None => false.into(),
        Some(DictConfig::InModule) => true.into(),
        Some(DictConfig::Given(table)) => table.clone(),
    }
}

/// RQ: the number alone, without a line's end.
fn write_pid(worker: &WorkerSection) -> Result<(), SupervisorError> {
    let Some(path) = &worker.pid_file else { return Ok(()) };
    fs::write(path, std::process::id().to_string())
        .map_err(|error| SupervisorError::PidFile(path.clone(), error))
}

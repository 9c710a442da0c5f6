//! Birth and death of a worker, and what it tells of itself in between.

use std::rc::Rc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::brief::Briefing;
use super::command::{Command, Ear};
use super::heart::{Beat, Heart};
use super::listen::Listener;
use super::patience::{FAREWELL, Patience};
use super::strategy::Turns;
use super::{Ask, Brief, Left, Options, Stop, Surroundings, Taken, WorkError, Worker};
use crate::event::Event;
use crate::job::{Timestamp, WorkerName};
use crate::os::{self, Identity};
use crate::store::{Registered, Registration, Store, StoreError, Subscription};
use crate::telemetry::emit;

/// How many commands may wait for the worker to turn to them.
const COMMANDS: usize = 64;

/// A worker on its way into Redis.
pub(crate) struct Birth {
    brief: Rc<Brief>,
    registration: Registration,
    name_may_change: bool,
    began: bool,
    told: bool,
}

/// A worker that stands in Redis and hears commands; from here on it must work.
pub(crate) struct Born {
    brief: Rc<Brief>,
    registration: Registration,
    ear: Ear,
    subscription: Subscription,
    commands: mpsc::Receiver<Command>,
    /// The server's.
    version: Option<String>,
}

impl Birth {
    pub(crate) fn new(brief: Rc<Brief>) -> Self {
        let options = &brief.options;
        let identity = Identity::own();
        let registration = Registration {
            name: options.name.clone(),
            queues: options.queues.clone(),
            birth: Timestamp::now(),
            pid: identity.pid(),
            hostname: os::hostname(),
            ip_address: String::new(),
            python_version: options.python_version.clone(),
            daemon: brief.life.daemon.clone(),
            identity: identity.to_string(),
            ttl: options.ttl,
        };
        let name_may_change = options.name_may_change;
        Self { brief, registration, name_may_change, began: false, told: false }
    }

    /// Takes a worker back that is not to be born after all, as far as it came.
    pub(crate) async fn withdraw(self, store: &Store) {
        if self.began {
            // What cannot be taken back expires.
            let _ = timeout(FAREWELL, store.unregister(&self.registration)).await;
        }
    }

    /// Enters the worker. When Redis goes away meanwhile it may be tried again, all of it: Redis may have forgotten what
    /// was done before.
    pub(crate) async fn attempt(&mut self, store: &Store) -> Result<Born, WorkError> {
        let server = store.client().identity().await?;
        self.registration.ip_address = server.address;
        if !std::mem::replace(&mut self.began, true) {
            emit(Event::BirthBegan { worker: self.registration.name.to_string() });
        }
        enter(store, &mut self.registration, self.name_may_change).await?;
        store.prepare_to_run().await?;
        let worker = self.registration.name.to_string();
        if !std::mem::replace(&mut self.told, true) {
            emit(Event::WorkerStarted { worker: worker.clone(), pid: self.registration.pid });
        }
        let (tell, commands) = mpsc::channel(COMMANDS);
        let channel = store.channel(&self.registration.name);
        let ear = Ear { worker, channel, store: store.clone(), tell };
        let subscription = ear.open().await?;
        let registration = self.registration.clone();
        let brief = Rc::clone(&self.brief);
        Ok(Born { brief, registration, ear, subscription, commands, version: server.version })
    }
}

impl Worker {
    /// A worker that was born, with its heart and its ear.
    pub(crate) fn of(around: Surroundings, born: Born) -> Self {
        let Born { brief, registration, ear, subscription, commands, version } = born;
        let mut worker = Self::new(brief, around, registration, (commands, version));
        worker.tasks.spawn_local(ear.listen(subscription));
        worker
    }

    fn new(
        brief: Rc<Brief>,
        around: Surroundings,
        registration: Registration,
        (commands, version): (mpsc::Receiver<Command>, Option<String>),
    ) -> Self {
        let Surroundings { courier, stop, quiet, ask, first_round, doing, tally, titled, .. } = around;
        let options = Options { name: registration.name.clone(), ..brief.options.clone() };
        let store = around.store.keeping(options.failure_ttl);
        let listener = Listener::new(&store, &options.queues, version.as_deref());
        let (tell, pulses) = mpsc::channel(COMMANDS);
        let (beat, beats) = watch::channel(Beat::of(&options, &registration));
        let heart = Heart { beat: beats, store: store.clone(), doing: Rc::clone(&doing), tell };
        let mut tasks = JoinSet::new();
        tasks.spawn_local(heart.go_on());
        let turns = Turns::new(options.strategy.clone(), &options.queues);
        Self {
            options,
            store,
            stable: Rc::clone(&brief.mourners.stable),
            mourners: brief.mourners.clone(),
            courier,
            stop,
            quiet,
            ask,
            horse: None,
            registration,
            commands,
            pulses,
            doing,
            tally,
            beat,
            listener,
            version,
            taken: Taken::default(),
            turn: 0,
            life: brief.life.clone(),
            briefing: Briefing { told: around.brief, heeded: brief },
            first_round,
            turns,
            jobs_done: 0,
            idle_since: Instant::now(),
            asked_to_end: None,
            stop_told: None,
            began: false,
            titled,
            releases: JoinSet::new(),
            notes: JoinSet::new(),
            tasks,
        }
    }

    /// A claim found the worker's key gone.
    pub(super) async fn register_again(&mut self) -> Result<(), WorkError> {
        let registration = self.registration.clone();
        let registered = self
            .persist(Patience::Idle, async |store| store.register(&registration, "idle", "").await)
            .await?;
        match registered {
            Some(Registered::Yes) => emit(Event::WorkerReregistered { worker: self.name() }),
            Some(Registered::Taken { .. }) => return Err(WorkError::NameTaken(registration.name)),
            None => {}
        }
        Ok(())
    }

    /// Ends the worker's registration. What was in hand is settled by now.
    pub(super) async fn leave(mut self) -> Result<Left, WorkError> {
        self.finish_releases().await;
        let Taken { claiming, mut surfaced, .. } = std::mem::take(&mut self.taken);
        surfaced.extend(self.listener.rest().await);
        emit(Event::DeathBegan { worker: self.name() });
        // A heartbeat that came after the death would keep the dead hash alive.
        self.tasks.shutdown().await;
        self.notes.shutdown().await;
        let registration = &self.registration;
        let said = self
            .persist(Patience::Leaving, async |store| {
                store.restore(&registration.name, claiming.as_ref(), &surfaced).await?;
                store.unregister(registration).await
            })
            .await;
        let channel = self.store.channel(&registration.name);
        emit(Event::ChannelUnsubscribed { worker: self.name(), channel });
        if let Some(horse) = self.horse.take() {
            horse.dismiss().await;
        }
        if said?.is_some() {
            return Ok(Left::InOrder);
        }
        emit(Event::LeftInOutage { worker: self.name() });
        Ok(Left::InOutage)
    }

    /// Shows a state to monitors; it is for their eyes only, so a failure is left to the next heartbeat.
    pub(super) async fn show_state(&self, state: &str) {
        let lifetime = self.registration.ttl + crate::store::GRACE;
        let _ = self.store.beat(&self.registration, state, lifetime, None).await;
    }

    pub(super) fn tell_warm_stop(&mut self, busy: bool) {
        self.stop_told = Some(Instant::now());
        let signal = match self.stop_wanted() {
            Stop::Warm(signal) => signal,
            Stop::Cold | Stop::Retire | Stop::No => "SIGINT",
        };
        let (worker, pid) = (self.name(), self.registration.pid);
        emit(Event::WarmShutdownRequested { worker, pid, signal: signal.to_owned(), busy });
    }

    /// When a warm stop ends the job in hand.
    pub(super) fn stop_at(&self) -> Option<Instant> {
        Some(self.stop_told? + self.briefing.told.borrow().options.stop_deadline?)
    }

    /// Hands a command on that is the daemon's business.
    pub(super) fn pass_on(&self, command: &Command) {
        let ask = match command {
            Command::Shutdown { cold, id, .. } => {
                emit(Event::ShutdownCommanded { worker: self.name() });
                Ask::Shutdown { cold: *cold, id: id.clone() }
            }
            Command::Quiet { id } => Ask::Quiet { quiet: true, id: id.clone() },
            Command::Unquiet { id } => Ask::Quiet { quiet: false, id: id.clone() },
            Command::Reload { id, code } => Ask::Reload { code: *code, id: id.clone() },
            Command::Status { id } => Ask::Status { id: id.clone() },
            Command::Configuration { id } => Ask::Configuration { id: id.clone() },
            Command::Difference { id } => Ask::Difference { id: id.clone() },
            Command::Stack { of, id } => Ask::Stack { of: of.clone(), id: id.clone() },
            Command::KillHorse { .. }
            | Command::StopJob { .. }
            | Command::StopExecution { .. }
            | Command::Unknown => return,
        };
        (self.ask)(ask);
    }

    pub(super) fn obey_while_idle(&self, command: &Command) {
        let worker = self.name();
        if let Some(execution) = command.bound_to() {
            return emit(Event::CommandNotMeant { worker, execution: execution.to_owned() });
        }
        match command {
            Command::Shutdown { .. }
            | Command::Quiet { .. }
            | Command::Unquiet { .. }
            | Command::Reload { .. }
            | Command::Status { .. }
            | Command::Configuration { .. }
            | Command::Difference { .. }
            | Command::Stack { .. } => self.pass_on(command),
            Command::KillHorse { .. } => emit(Event::KillHorseCommanded { worker, working: false }),
            Command::StopJob { job_id } => {
                emit(Event::StopJobCommanded { worker, job: job_id.clone(), obeyed: false });
            }
            Command::StopExecution { job_id, execution_id } => emit(Event::StopExecutionCommanded {
                worker,
                job: job_id.clone(),
                execution: execution_id.clone(),
                obeyed: false,
            }),
            Command::Unknown => {}
        }
    }
}

/// Finds a name that is free, or whose holder is provably dead.
async fn enter(
    store: &Store,
    registration: &mut Registration,
    name_may_change: bool,
) -> Result<(), WorkError> {
    let Registered::Taken { holder } = store.register(registration, "started", "").await? else {
        return Ok(());
    };
    if let Some(dead) = Identity::parse(&holder).filter(os::is_provably_dead)
        && store.register(registration, "started", &holder).await? == Registered::Yes
    {
        emit(Event::NameTakenOver { worker: registration.name.to_string(), holder_pid: dead.pid() });
        return Ok(());
    }
    if name_may_change {
        return enter_with_suffix(store, registration).await.map_err(WorkError::from);
    }
    Err(WorkError::NameTaken(registration.name.clone()))
}

async fn enter_with_suffix(store: &Store, registration: &mut Registration) -> Result<(), StoreError> {
    let suffix = Uuid::new_v4().simple().to_string();
    registration.name = WorkerName::new(format!("{}-{}", registration.name, &suffix[..8]));
    store.register(registration, "started", "").await.map(drop)
}

//! One worker, registered in Redis as an RQ worker: listen, dequeue, run, settle, and again.

mod brief;
mod callback;
mod command;
mod dequeue;
mod heart;
mod interrupt;
mod kill;
mod listen;
mod patience;
mod quiet;
mod registration;
mod release;
mod rq_engine;
mod run;
mod settle;
mod strategy;

use std::rc::Rc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::event::{Event, JobEnd};
use crate::horse::{Attention, EngineKind, Horse, Mourners, ReportWish, Stable};
use crate::job::{Defaults, ExecutionId, FailureTtl, InterruptRules, QueueName, TimeLimits, WorkerName};
use crate::os;
use crate::store::{Claimed, Life, Registration, Store, StoreError, Surfaced};
use crate::telemetry::emit;
use crate::webhook::Courier;
pub(crate) use brief::Brief;
use brief::Briefing;
use command::Command;
use dequeue::Dequeued;
pub(crate) use heart::{AtWork, Doing, Tally};
use heart::{Beat, Pulse};
use listen::Listener;
pub(crate) use registration::Birth;
pub(crate) use strategy::Strategy;
use strategy::Turns;

/// What a worker is told.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) name: WorkerName,
    /// A name that nobody chose on purpose gets a suffix when it is taken.
    pub(crate) name_may_change: bool,
    /// In the order of their priority.
    pub(crate) queues: Vec<QueueName>,
    pub(crate) strategy: Strategy,
    pub(crate) burst: bool,
    pub(crate) defaults: Defaults,
    /// How long failures are kept.
    pub(crate) failure_ttl: FailureTtl,
    /// How long jobs may run by the rules of their queues.
    pub(crate) time_limits: TimeLimits,
    pub(crate) ttl: Duration,
    pub(crate) monitoring_interval: Duration,
    pub(crate) max_jobs: Option<u64>,
    pub(crate) max_idle_time: Option<Duration>,
    /// How long a warm stop waits for the job in hand; for ever when unset.
    pub(crate) stop_deadline: Option<Duration>,
    /// What becomes of a job that a stop cuts off.
    pub(crate) interrupt_rules: InterruptRules,
    /// How long after its limit a job's horse is killed.
    pub(crate) timeout_grace: Duration,
    /// How long a job may clean up after a command to stop or to kill it.
    pub(crate) stop_grace: Duration,
    /// `sys.version` of the horses.
    pub(crate) python_version: String,
    pub(crate) horses: Horses,
    /// What horses tell of exceptions beside their text; nothing where nobody wants it.
    pub(crate) reports: Option<ReportWish>,
}

/// How a worker's horses work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Horses {
    pub(crate) engine: EngineKind,
    /// How many jobs one may run; 0 is any number.
    pub(crate) max_jobs: u64,
    /// Whether a warm stop is told to the one at work.
    pub(crate) warm_signal: bool,
    /// What is heard of jobs beside how they end.
    pub(crate) attention: Attention,
}

/// How far a worker is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Not at all.
    No,
    /// After the job in hand, whatever time that takes: the configuration wants another worker, or one less.
    Retire,
    /// After the job in hand; the signal that asked.
    Warm(&'static str),
    /// Now.
    Cold,
}

impl Stop {
    /// How far it goes.
    pub(crate) fn reach(self) -> u8 {
        match self {
            Self::No => 0,
            Self::Retire => 1,
            Self::Warm(_) => 2,
            Self::Cold => 3,
        }
    }
}

/// Why a worker ended that was not asked to.
#[derive(Debug, Error)]
pub(crate) enum WorkError {
    /// RQ's words, because tools look for them.
    #[error("There exists an active worker named '{0}' already")]
    NameTaken(WorkerName),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The worker was stopped cold while Redis was away: what it had in hand is left to its lease.
    #[error("cannot settle the job in hand: redis is away")]
    Unsettled,
}

/// How a worker left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing of it is left in Redis.
    InOrder,
    /// Redis was away: what it had taken and not begun is for others to find.
    InOutage,
}

/// What a worker took for nobody yet: it goes back to the head of its queue when the worker leaves.
#[derive(Debug, Default)]
struct Taken {
    /// The execution of a claim that got no answer, or one that nobody has heeded.
    claiming: Option<ExecutionId>,
    /// The answer of a claim that was made with the settling of the job before.
    ahead: Option<Claimed>,
    /// What its waits surfaced, and no claim is known to have taken.
    surfaced: Vec<Surfaced>,
}

/// What a worker asks of its daemon, because a client told it so by a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// To stop this worker, as a signal would, or at once. `id` is where the answer goes, here and below.
    Shutdown { cold: bool, id: Option<String> },
    /// That this worker takes no more jobs, or takes jobs again.
    Quiet { quiet: bool, id: Option<String> },
    /// To read the configuration again, and the application too.
    Reload { code: bool, id: Option<String> },
    /// How the daemon is.
    Status { id: Option<String> },
    /// The settings in force.
    Configuration { id: Option<String> },
    /// What a reload would do.
    Difference { id: Option<String> },
    /// What a job does just now: of that id, or of the worker of that name.
    Stack { of: String, id: Option<String> },
}

/// One worker.
pub(crate) struct Worker {
    /// What is in force; what a reload brings counts from the next job on.
    options: Options,
    briefing: Briefing,
    store: Store,
    stable: Rc<Stable>,
    mourners: Mourners,
    courier: Rc<Courier>,
    stop: watch::Receiver<Stop>,
    quiet: watch::Receiver<bool>,
    ask: Rc<dyn Fn(Ask)>,
    /// A horse at hand: one that waits for a job, or that may have another one.
    horse: Option<Horse>,
    registration: Registration,
    commands: mpsc::Receiver<Command>,
    pulses: mpsc::Receiver<Pulse>,
    /// What the heart beats for.
    doing: Rc<Doing>,
    tally: Rc<Tally>,
    /// How the heart beats.
    beat: watch::Sender<Beat>,
    listener: Listener,
    /// The server's version.
    version: Option<String>,
    taken: Taken,
    life: Life,
    first_round: FirstRound,
    turns: Turns,
    jobs_done: u64,
    /// How many claims may have given a job.
    turn: u64,
    idle_since: Instant,
    /// When the job in hand was asked to end, at the deadline of a stop.
    asked_to_end: Option<Instant>,
    /// When the warm stop was told.
    stop_told: Option<Instant>,
    /// The function of the job in hand has begun.
    began: bool,
    titled: bool,
    /// Releases of dependents of this worker's jobs, which one step did not finish.
    releases: tokio::task::JoinSet<()>,
    /// Notes of jobs that were handed over, on their way to Redis.
    notes: tokio::task::JoinSet<()>,
    tasks: tokio::task::JoinSet<()>,
}

/// The daemon's first round of maintenance: what it puts back, a burst must not miss.
pub(crate) struct FirstRound {
    /// Lets it begin.
    pub(crate) begin: Option<oneshot::Sender<()>>,
    pub(crate) over: watch::Receiver<bool>,
}

/// What a worker needs from the daemon around it.
pub(crate) struct Surroundings {
    pub(crate) store: Store,
    pub(crate) courier: Rc<Courier>,
    pub(crate) brief: watch::Receiver<Rc<Brief>>,
    pub(crate) stop: watch::Receiver<Stop>,
    /// Whether no job is to be taken for now.
    pub(crate) quiet: watch::Receiver<bool>,
    pub(crate) first_round: FirstRound,
    /// Asks the daemon for what clients command.
    pub(crate) ask: Rc<dyn Fn(Ask)>,
    /// Where others see what it has in hand.
    pub(crate) doing: Rc<Doing>,
    /// Where the ends of jobs are counted.
    pub(crate) tally: Rc<Tally>,
    /// Whether the process has its title for this worker alone.
    pub(crate) titled: bool,
}

impl Worker {
    /// Works until it is asked to stop, or is done.
    pub(crate) async fn work(mut self) -> Result<Left, WorkError> {
        self.show_state("idle").await;
        emit(Event::QueuesAnnounced { worker: self.name(), queues: self.queue_names() });
        self.begin_first_round().await;
        let worked = self.work_on().await;
        if let Err(error) = &worked {
            emit(Event::LoopBroke { worker: self.name(), error: error.to_string() });
        }
        let left = self.leave().await;
        worked.and(left)
    }

    async fn work_on(&mut self) -> Result<(), WorkError> {
        loop {
            let (horse, claim) = match self.dequeue().await? {
                Dequeued::Job(horse, claim) => (horse, claim),
                Dequeued::Nothing(reason) => {
                    emit(reason);
                    return Ok(());
                }
            };
            let (queue, job, since) = (claim.queue.to_string(), claim.id.to_string(), Instant::now());
            let (end, cause) = match self.run(horse, *claim).await {
                Some(ended) => {
                    self.tally.count(ended.outcome.is_failure());
                    let cause = ended.outcome.cause();
                    (self.settle(ended).await?, cause)
                }
                None => (JobEnd::Left, None),
            };
            emit(Event::JobSettled { worker: self.name(), queue, job, end, took: since.elapsed(), cause });
            self.jobs_done += 1;
            self.doing.jobs_done.set(self.jobs_done);
            self.idle_since = Instant::now();
            if self.options.max_jobs.is_some_and(|most| self.jobs_done >= most) {
                emit(Event::JobLimitReached { worker: self.name(), jobs: self.jobs_done });
                return Ok(());
            }
        }
    }

    /// The name in Redis, which may not be the one that was asked for.
    pub(crate) fn registered_name(&self) -> WorkerName {
        self.registration.name.clone()
    }

    fn name(&self) -> String {
        self.registration.name.to_string()
    }

    /// RQ: the words, and that they do not follow the prefix of the keys. Of several workers in a process none is told.
    fn show_title(&self, doing: &str) {
        if !self.titled {
            return;
        }
        os::title::show(&format!("rq:worker:{}: {doing}", self.registration.name));
    }

    fn queue_names(&self) -> Vec<String> {
        self.options.queues.iter().map(QueueName::to_string).collect()
    }

    /// How long a claim, or a heartbeat in a job, holds. RQ: one monitoring interval and a minute.
    fn lease(&self) -> Duration {
        lease(&self.options)
    }

    fn stop_wanted(&self) -> Stop {
        *self.stop.borrow()
    }
}

fn lease(options: &Options) -> Duration {
    lease_of(options.monitoring_interval)
}

fn lease_of(monitoring_interval: Duration) -> Duration {
    monitoring_interval + Duration::from_secs(60)
}

//! Every fact worth telling.
//!
//! An event says what happened and to whom, in plain values. How it reads, how loud it is and who hears of it is decided in
//! `telemetry`; one event may become several lines there, because RQ tells some facts in several lines.

mod concern;
mod cron;

pub(crate) use cron::CronEvent;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::job::{Evidence, Lineage};

/// Something that happened.
///
/// `worker` is the worker's name, `job` a job's id, `execution` an execution's id, `queue` a queue's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    // The life of a worker.
    /// A worker is about to enter itself into Redis.
    BirthBegan { worker: String },
    /// A worker stands in Redis.
    WorkerStarted { worker: String, pid: u32 },
    /// A worker's name was free only because its holder is provably dead.
    NameTakenOver { worker: String, holder_pid: u32 },
    /// A worker missed its own entry in Redis and wrote it again.
    WorkerReregistered { worker: String },
    /// A worker hears commands from now on.
    ChannelSubscribed { worker: String, channel: String },
    /// A worker hears commands no more.
    ChannelUnsubscribed { worker: String, channel: String },
    /// A started worker named its queues.
    QueuesAnnounced { worker: String, queues: Vec<String> },
    /// A worker told Redis that it lives; `ttl` is how long Redis believes it.
    HeartbeatSent { worker: String, ttl: Duration },
    /// A worker found RQ suspended.
    SuspensionFound { worker: String, burst: bool },
    /// An operator wants the worker to take no more jobs for now.
    WorkerQuieted { worker: String },
    /// The worker takes jobs again.
    WorkerResumed { worker: String },
    /// A worker is about to take itself out of Redis.
    DeathBegan { worker: String },

    // Why a worker leaves.
    /// In burst mode, every queue was empty.
    QueuesDrained { worker: String },
    /// Nothing came for as long as the worker may idle.
    IdleLimitReached { worker: String, limit: Duration },
    /// The worker did as many jobs as it may.
    JobLimitReached { worker: String, jobs: u64 },
    /// The worker left its loop because it was asked to.
    StoppedOnRequest { worker: String },
    /// The worker left while Redis was away, and could not say so there.
    LeftInOutage { worker: String },
    /// A group has another number of workers, because of what waits and what idles.
    GroupResized { group: String, from: u32, to: u32, waiting: u64 },
    /// A worker ended by an error; another takes its place after `retry_in`.
    WorkerFailed { worker: String, error: String, retry_in: Duration },
    /// The worker met an error that it has no answer to.
    LoopBroke { worker: String, error: String },

    // Signals.
    /// A first signal asked the worker to stop after the job in hand.
    WarmShutdownRequested { worker: String, pid: u32, signal: String, busy: bool },
    /// A second signal asked the worker to stop at once.
    ColdShutdownRequested { worker: String, horse_pid: Option<u32> },
    /// A horse was told that its worker is about to be shut down.
    HorseWarned { worker: String },
    /// A horse was killed on purpose.
    HorseKilled { worker: String, pid: u32 },
    /// A horse that was to be killed was gone already.
    HorseGoneAlready { worker: String },

    // Redis.
    /// Redis cannot be reached; the next attempt comes after `retry_in`.
    RedisLost { worker: String, error: String, retry_in: Duration },
    /// Redis answers again after `away`.
    RedisReturned { worker: String, away: Duration },

    // One job, in order.
    /// A worker turned to its queues.
    ListenBegan { worker: String, queues: Vec<String> },
    /// A worker asks its queues for a job; `timeout` is `None` when it does not wait.
    DequeueBegan { worker: String, queues: Vec<String>, timeout: Option<Duration> },
    /// A job belongs to the worker.
    JobClaimed {
        worker: String,
        queue: String,
        job: String,
        execution: String,
        description: String,
        /// The horse that has it.
        horse: u32,
        /// How long it had waited in its queue, when the job says since when.
        waited: Option<Duration>,
    },
    /// The job's execution stands in Redis and a horse may have it.
    ExecutionPrepared { worker: String, job: String },
    /// The horse began with the job's function.
    FunctionBegan {
        worker: String,
        job: String,
        function: Option<String>,
        /// What the job was enqueued within, where somebody wants to know.
        lineage: Option<Box<Lineage>>,
    },
    /// A job's code logged something; `level` is Python's number. There is no job and no execution when a thread did it that an
    /// earlier job of the same horse left behind. `shown` tells that the job has written it to standard error, too.
    JobLogged {
        worker: String,
        job: Option<String>,
        execution: Option<String>,
        level: u8,
        logger: String,
        message: String,
        traceback: Option<String>,
        created: SystemTime,
        shown: bool,
    },
    /// A job, or a process that it started, wrote a line where its output is read.
    OutputWritten { worker: String, job: String, execution: String, stream: OutputStream, line: String },
    /// The output of a job cannot be read: it goes where the daemon's goes.
    OutputNotRead { worker: String, job: String, error: String },
    /// Log records of a job did not reach the daemon; without a job, they came after the end of theirs, or cannot be read.
    RecordsLost { worker: String, job: Option<String>, records: u64 },
    /// The job's function returned.
    FunctionReturned { worker: String, job: String },
    /// A webhook of a job that ended is about to be sent; `status` is `finished` or `failed`.
    WebhookBegan { job: String, status: String, url: String },
    /// A webhook could not be sent, or was not welcome.
    WebhookFailed { job: String, url: String, error: String },
    /// What a job says of webhooks cannot be read: none is sent.
    WebhooksUnreadable { job: String, reason: String },
    /// The daemon ends with webhooks of so many jobs unsent.
    WebhooksLeft { jobs: usize },
    /// A callback of the job began: `success`, `failure` or `stopped`.
    CallbackBegan { job: String, callback: String },
    /// A callback of the job raised, which becomes the job's own failure.
    CallbackRaised { job: String, callback: String, traceback: String },
    /// The callback of a stopped job raised, which changes nothing.
    StoppedCallbackRaised { worker: String, job: String, traceback: String },
    /// A job succeeded and its outcome is in Redis.
    JobSucceeded {
        worker: String,
        queue: String,
        job: String,
        description: String,
        took: Duration,
        /// What the function returned, as Python's `repr` tells it; `None` for Python's `None`.
        result: Option<String>,
        /// How long the result is kept in seconds; 0 is not at all, less is for ever.
        result_ttl: i64,
        /// When the job is to run again: how often still.
        repeats_left: Option<u32>,
    },
    /// A job raised an exception, which may yet be retried; `func_name` is `None` when its payload could not be read.
    JobRaised {
        worker: String,
        job: String,
        func_name: Option<String>,
        traceback: String,
        /// What a report is made of, where somebody wants one.
        evidence: Option<Arc<Evidence>>,
    },
    /// RQ's own code has settled a job that raised, and says that it failed for good.
    FailureLeft { worker: String, job: String, function: Option<String>, evidence: Arc<Evidence> },
    /// An execution is over, and so is the worker's part in it; `took` is from the claim to the end.
    JobSettled { worker: String, queue: String, job: String, end: JobEnd, took: Duration },
    /// A horse ended, well or not; `status` is the raw wait status.
    HorseEnded { worker: String, job: String, pid: u32, status: i32 },
    /// A horse died before its job was over; `reason` is the text that is kept with the job.
    HorseDied { worker: String, job: String, pid: u32, status: Option<i32>, reason: String },
    /// A horse outlived its job's limit and the grace after it, and was killed.
    HorseOverran { worker: String, job: String, pid: u32, limit: Duration, grace: Duration },
    /// A job is failed for good and that is in Redis; `reason` is the text that is kept with it.
    JobFailed { worker: String, job: String, reason: String },
    /// A job ended because a user stopped it.
    JobStopped { worker: String, job: String },
    /// A job's function returned a `Retry`.
    RetryAsked { worker: String, job: String },
    /// A job asked for more retries than it may have.
    RetriesExhausted { worker: String, job: String, max: u32 },
    /// A job waits in its queue for another attempt.
    RetryEnqueued { job: String, remaining: u32 },
    /// A job waits until `at` for another attempt.
    RetryScheduled { job: String, at: SystemTime, remaining: u32 },
    /// A job ended that was canceled while it ran; its result is in Redis.
    CanceledJobEnded { worker: String, job: String },
    /// Somebody else took the execution; the outcome of ours was dropped.
    ExecutionTakenAway { worker: String, job: String, execution: String },
    /// A job's hash could not be understood.
    JobUnreadable { worker: String, queue: String, job: String, reason: String, fate: UnreadableFate },
    /// The failure of a job could not be written.
    FailureNotPersisted { worker: String, job: String, error: String },

    // Commands.
    /// What came over the channel is not a command and was ignored.
    CommandUnreadable { worker: String, reason: String },
    /// The command to shut down came.
    ShutdownCommanded { worker: String },
    /// The command to kill the horse came; `working` tells whether there is one.
    KillHorseCommanded { worker: String, working: bool },
    /// The command to stop a job came; `obeyed` tells whether the worker has it in hand.
    StopJobCommanded { worker: String, job: String, obeyed: bool },
    /// A command came for an execution that is not in hand.
    CommandNotMeant { worker: String, execution: String },
    /// The command to stop an execution came; `obeyed` tells whether the worker has it in hand.
    StopExecutionCommanded { worker: String, job: String, execution: String, obeyed: bool },

    // Maintenance.
    /// The registries of a queue are being cleaned.
    RegistriesCleaned { worker: String, queue: String },
    /// Ids that a dead worker left between queue and registry are back in their queue.
    StrandedPutBack { queue: String, jobs: Vec<String> },
    /// The job of an id that a dead worker left between queue and registry is failed, as RQ does it.
    StrandedFailed { queue: String, job: String, reason: String },
    /// A job whose execution was cut off is back at the head of its queue.
    InterruptedPutBack { queue: String, job: String, reason: String },
    /// A job whose execution was cut off is failed for good; `reason` is the text that is kept with it.
    InterruptedFailed { queue: String, job: String, reason: String },
    /// The sets of groups are being cleaned.
    GroupsCleaned { worker: String },
    /// A daemon stopped giving signs of life; its work is taken on.
    DaemonFoundGone { worker: String, workers: Vec<String>, executions: usize },
    /// A chore of maintenance could not be done; it is due again later.
    ChoreFailed { worker: String, chore: &'static str, error: String },
    /// A job whose worker vanished was failed.
    AbandonedJobFailed {
        job: String,
        at: SystemTime,
        /// What is known of it.
        reason: String,
    },

    // The scheduler.
    /// A scheduler asks for the locks of its queues.
    SchedulerLocksWanted { queues: Vec<String> },
    /// A scheduler may move the due jobs of a queue from now on.
    SchedulerLockAcquired { queue: String },
    /// A scheduler's lock was free only because its holder is gone.
    SchedulerLockTakenOver { queue: String, holder: String },
    /// A scheduler's lock had expired, and nobody else had taken it.
    SchedulerLockReacquired { queue: String },
    /// Somebody else holds locks that a scheduler held.
    SchedulerLocksLost { queues: Vec<String> },
    /// A scheduler holds its first lock.
    SchedulerStarted { scheduler: String, pid: u32, queues: Vec<String> },
    /// A scheduler told Redis that it lives.
    SchedulerHeartbeatSent { queues: Vec<String> },
    /// A scheduler cannot do its work; the next attempt comes after `retry_in`, when there is one.
    SchedulerHindered { pid: u32, error: String, retry_in: Option<Duration> },
    /// A scheduler can work again after `hindered`.
    SchedulerRecovered { pid: u32, hindered: Duration },
    /// A scheduler is about to give its locks back.
    SchedulerStopping { scheduler: String, queues: Vec<String> },
    /// A scheduler is no more.
    SchedulerStopped { pid: u32 },
    /// Jobs whose time has come are in their queue.
    DueJobsQueued { queue: String, jobs: usize },
    /// A job's time has come, but it stands somewhere else already, or was canceled.
    DueJobPassed { queue: String, job: String },

    // The fork server.
    /// The application's Python is loaded and can fork horses.
    ForkServerStarted { pid: u32, python: String, executable: String, modules: u64, took: Duration },
    /// A fork server went away; `reason` says how.
    ForkServerLost { pid: u32, reason: String },
    /// Another fork server took the place of a lost one.
    ForkServerReplaced { lost_pid: u32, pid: u32 },
    /// A fork server could not start; `retry_in` is `None` when that is the end of it.
    ForkServerFailed { error: String, traceback: Option<String>, retry_in: Option<Duration> },
    /// A fork server forked a work horse.
    HorseForked { pid: u32 },
    /// A work horse is no more, however it ended.
    HorseGone { pid: u32 },
    /// The preloaded modules started threads, which do not survive a fork.
    PreloadThreadsFound { threads: Vec<String> },

    // Cron.
    /// Something in a cron scheduler.
    Cron { scheduler: String, event: CronEvent },
    /// It is decided who performs and settles jobs, and why.
    EngineChosen { engine: &'static str, reason: String },

    // Reports.
    /// Something was sent to Sentry, or was to be.
    ReportSent { what: String, outcome: String },
    /// So many reports were not sent, by reason; `trouble` is what went wrong last.
    ReportsLost { losses: Vec<(&'static str, u64)>, trouble: Option<String> },

    // Configuration.
    /// Something about the configuration is not as its author may think.
    ConfigurationDoubted { warning: String },
    /// The configuration was read again and is in force; each text tells a setting, its values and its origin. `pending` waits for
    /// a restart, `shadowed` was changed where something else is stronger.
    Reloaded {
        asked_by: String,
        changes: Vec<String>,
        pending: Vec<String>,
        shadowed: Vec<String>,
        /// The application was loaded anew.
        renewed: bool,
    },
    /// The configuration that came into force last failed so many jobs, and none succeeded: the one before is brought back.
    ReloadTakenBack { failed: u64 },
    /// The configuration was read again, and nothing of it is to be applied.
    ReloadChangedNothing { asked_by: String, pending: Vec<String>, shadowed: Vec<String> },
    /// The configuration was read again and cannot be used: everything is as it was.
    ReloadRefused { asked_by: String, errors: Vec<String> },
    /// Pages for monitoring systems are there.
    PagesOpened { place: String },
    /// A file for monitoring systems cannot be written; it is told once until it can.
    FileUnwritten { path: String, error: String },
    /// Lines are not written by an appender of the log: so many were lost since that was last told, for that reason.
    LogHindered { appender: String, lost: u64, reason: Option<String> },
    /// The kernel does not tell when files change: they are looked at every `interval` only.
    FilesUnwatched { reason: String, interval: Duration },
}

/// What became of a job whose hash could not be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnreadableFate {
    /// It was failed, with the reason.
    Failed,
    /// Not even that was possible; its id was taken out of the way.
    PutAside,
}

/// Where a process writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputStream {
    Stdout,
    Stderr,
}

/// What became of a job, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum JobEnd {
    /// It succeeded.
    Finished,
    /// It failed for good.
    Failed,
    /// It failed, or asked for it, and will run again.
    Retried,
    /// A user stopped it.
    Stopped,
    /// It was cut off and is back in its queue.
    PutBack,
    /// Somebody else has it, or canceled or deleted it: what came of it was dropped.
    Dropped,
    /// RQ's own code settled it.
    Left,
}

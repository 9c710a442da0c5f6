//! What happens in a cron scheduler.

use std::time::{Duration, SystemTime};

/// A fact about a cron scheduler or one of its entries. `entry` is an entry's name, `function` a dotted name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CronEvent {
    /// RQ's own code said something while it loaded a cron module; `level` is Python's number.
    ModuleSpoke { level: u8, message: String, traceback: Option<String> },
    /// An entry will be enqueued on a schedule.
    Registered { function: String, queue: String, cron: Option<String>, interval: Option<Duration> },
    /// A scheduler begins.
    Started,
    /// A scheduler is about to enter itself into Redis.
    BirthBegan,
    /// A run is in its queue; `function` is the name without its module.
    Enqueued { function: String, queue: String },
    /// Runs up to this one came due while nobody could enqueue them, and are dropped.
    RunsMissed { entry: String, last: SystemTime },
    /// A run was left out because the job of the last one is not over.
    RunLeftOut { entry: String, job: String },
    /// A run was not enqueued, because it lies so far ahead of Redis' clock.
    RunRefused { entry: String, ahead: Duration },
    /// The last run of an entry lies so far ahead of Redis' clock that the entry goes on without it.
    LastRunDisbelieved { entry: String, last: String },
    /// Redis' clock, which counts, is so many seconds ahead of this machine's (or behind).
    ClocksDiffer { ahead: i64 },
    /// An entry will never be due again.
    Exhausted { entry: String },
    /// A scheduler has nothing to do for a while.
    Slept { span: Duration },
    /// A scheduler told Redis that it lives.
    HeartbeatSent,
    /// A scheduler missed itself in the list, and is there again.
    Reregistered,
    /// A signal asked the scheduler to stop.
    ShutdownSignalled { signal: i32 },
    /// The scheduler left its loop.
    StopRequested,
    /// A scheduler is about to take itself out of Redis.
    DeathBegan,
    /// A scheduler is done.
    ShutdownCompleted,
    /// Redis cannot be used; the next attempt comes after `retry_in`.
    RedisLost { error: String, retry_in: Duration },
    /// Redis answers again after `away`.
    RedisReturned { away: Duration },
}

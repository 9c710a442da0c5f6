//! The scheduler: queues jobs when their time has come.
//!
//! It moves the due jobs of the queues whose locks it holds. The locks are RQ's, so that its schedulers and ours take turns; and
//! the script that moves jobs asks for the lock in the same step, so that a scheduler which was stalled moves nothing late.

mod locks;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::event::Event;
use crate::job::{QueueName, Timestamp};
use crate::os::{self, Identity};
use crate::store::{Backoff, Scheduled, SchedulerEntry, Store, StoreError};
use crate::telemetry::emit;
use locks::Locks;

/// How long a scheduler that stops waits for Redis to take its locks back; they expire anyway.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// One scheduler.
pub(crate) struct Scheduler {
    store: Store,
    entry: SchedulerEntry,
    locks: Locks,
}

/// When the next round is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// There is more to move.
    Now,
    After(Duration),
}

impl Scheduler {
    /// A scheduler for these queues; it does nothing yet.
    pub(crate) fn new(store: Store, mut queues: Vec<QueueName>, interval: Duration) -> Self {
        let mut seen = BTreeSet::new();
        queues.retain(|queue| seen.insert(queue.clone()));
        let identity = Identity::own();
        let entry = SchedulerEntry {
            name: Uuid::new_v4().simple().to_string(),
            hostname: os::hostname(),
            pid: identity.pid(),
            queues,
            created_at: Timestamp::now(),
            identity: identity.to_string(),
            interval,
        };
        Self { store, entry, locks: Locks::default() }
    }

    /// Moves what is due until it is stopped, whatever Redis does meanwhile; then gives the locks back.
    pub(crate) async fn run(mut self, stopped: impl Future<Output = ()>) {
        let mut told = false;
        tokio::select! {
            () = self.go_on(&mut told) => {}
            () = stopped => {}
        }
        if told {
            let queues = names(self.locks.held());
            emit(Event::SchedulerStopping { scheduler: self.entry.name.clone(), queues });
        }
        self.leave().await;
        if told {
            emit(Event::SchedulerStopped { pid: self.entry.pid });
        }
    }

    /// Moves what is due now, all of it, and gives the locks back. RQ: no more than 1000 jobs of each queue.
    pub(crate) async fn run_once(mut self, stopped: impl Future<Output = ()>) {
        let all = async {
            while self.round().await? == Next::Now {}
            Ok::<(), StoreError>(())
        };
        let ended = tokio::select! {
            ended = all => ended,
            () = stopped => Ok(()),
        };
        if let Err(error) = ended {
            let (pid, error) = (self.entry.pid, error.to_string());
            emit(Event::SchedulerHindered { pid, error, retry_in: None });
        }
        self.leave().await;
    }

    async fn go_on(&mut self, told: &mut bool) {
        let mut backoff = Backoff::new();
        let mut hindered = None;
        let pid = self.entry.pid;
        loop {
            match self.round().await {
                Ok(next) => {
                    if let Some(since) = hindered.take() {
                        emit(Event::SchedulerRecovered { pid, hindered: Instant::now() - since });
                        backoff.reset();
                    }
                    if !*told && !self.locks.held().is_empty() {
                        *told = true;
                        self.tell_start();
                    }
                    if let Next::After(wait) = next {
                        sleep(wait).await;
                    }
                }
                Err(error) => {
                    // What was held may have expired or been taken meanwhile.
                    self.locks.doubt();
                    let retry_in = backoff.next();
                    if hindered.is_none() {
                        emit(Event::SchedulerHindered {
                            pid,
                            error: error.to_string(),
                            retry_in: Some(retry_in),
                        });
                    }
                    hindered.get_or_insert_with(Instant::now);
                    sleep(retry_in).await;
                }
            }
        }
    }

    /// Sees to the locks, then moves some of what is due.
    async fn round(&mut self) -> Result<Next, StoreError> {
        self.locks.keep(&self.store, &self.entry).await?;
        let held = self.locks.in_turn();
        if held.is_empty() {
            return Ok(Next::After(self.locks.rest(&self.entry)));
        }
        if !self.store.has_schedule(&held).await? {
            return Ok(Next::After(self.locks.rest(&self.entry)));
        }
        let pass = self.store.schedule(&self.entry.name, &held).await?;
        for done in pass.done {
            match done {
                Scheduled::Queued { queue, jobs } => {
                    emit(Event::DueJobsQueued { queue: queue.to_string(), jobs });
                }
                Scheduled::Passed { queue, job } => {
                    emit(Event::DueJobPassed { queue: queue.to_string(), job });
                }
                // Whether it expired or was taken is found out, and told, by the next look at the locks.
                Scheduled::Lost => self.locks.doubt(),
            }
        }
        Ok(if pass.more { Next::Now } else { Next::After(self.locks.rest(&self.entry)) })
    }

    fn tell_start(&self) {
        let SchedulerEntry { name, pid, queues, .. } = &self.entry;
        emit(Event::SchedulerStarted { scheduler: name.clone(), pid: *pid, queues: names(queues) });
    }

    /// Gives the locks back, so that others need not wait until they expire.
    async fn leave(&self) {
        let left = timeout(LAST_WORDS, self.store.let_go_of_schedules(&self.entry)).await;
        if let Ok(Err(error)) = left {
            let (pid, error) = (self.entry.pid, error.to_string());
            emit(Event::SchedulerHindered { pid, error, retry_in: None });
        }
    }
}

fn names(queues: &[QueueName]) -> Vec<String> {
    queues.iter().map(QueueName::to_string).collect()
}

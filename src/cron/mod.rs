//! The cron scheduler: enqueues every run of its entries, once however many schedulers there are.
//!
//! What is due is decided by [`plan`], purely. Redis remembers the last run of each entry, and the script that
//! enqueues a run is refused when it is not newer: that is the only lock there is, so that no scheduler can hold up
//! another one, and one that was away goes on where all of them are.

mod clock;
mod entry;
mod module;
mod plan;
mod table;

pub(crate) use entry::Entry;
pub(crate) use module::entries as entries_of_module;
pub(crate) use table::entry as entry_of_table;

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::event::{CronEvent, Event};
use crate::job::{JobId, Timestamp};
use crate::os;
use crate::store::{Backoff, CronEnqueued, CronRun, Known, Store, StoreError};
use crate::telemetry::emit;
use clock::Clock;

/// RQ: the longest sleep; each one ends with a heartbeat.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The shortest, so that an entry that cannot be enqueued does not keep the loop spinning.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// How long an entry whose run was refused is left alone.
const REFUSED: Duration = Duration::from_secs(10);

/// A cron scheduler.
pub(crate) struct Scheduler {
    name: String,
    config: String,
    created_at: Timestamp,
    entries: Vec<Tracked>,
    store: Store,
    clock: Clock,
    born: bool,
}

/// An entry and where it stands.
struct Tracked {
    entry: Entry,
    known: Option<Known>,
    /// When a run was really enqueued last, for RQ's monitors.
    enqueued_at: Option<Timestamp>,
    next: Option<Timestamp>,
    exhausted: bool,
    /// The run in hand and the job for it: sent again after a broken connection, it stays the same job.
    in_hand: Option<(Timestamp, JobId)>,
}

impl Scheduler {
    /// A scheduler that has not begun; `config` is the name of the cron module as it was given, or nothing.
    pub(crate) fn new(name: String, config: String, entries: Vec<Entry>, store: Store) -> Self {
        let track = |entry| Tracked {
            entry,
            known: None,
            enqueued_at: None,
            next: None,
            exhausted: false,
            in_hand: None,
        };
        let entries = entries.into_iter().map(track).collect();
        Self {
            name,
            config,
            created_at: Timestamp::now(),
            entries,
            store,
            clock: Clock::default(),
            born: false,
        }
    }

    /// Works until a signal comes, whatever becomes of Redis.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<Option<i32>>) {
        self.tell(CronEvent::Started);
        let signal = tokio::select! {
            signal = stopped(&mut stop) => signal,
            never = self.work() => match never {},
        };
        self.tell(CronEvent::ShutdownSignalled { signal });
        self.tell(CronEvent::StopRequested);
        self.tell(CronEvent::DeathBegan);
        // Where Redis is away, readers drop the name from the list when its last heartbeat is old.
        let _ = self.store.cron_death(&self.name).await;
        self.tell(CronEvent::ShutdownCompleted);
    }

    async fn work(&mut self) -> std::convert::Infallible {
        let mut backoff = Backoff::new();
        let mut lost: Option<Instant> = None;
        loop {
            match self.turn().await {
                Ok(()) => {
                    if let Some(lost) = lost.take() {
                        self.tell(CronEvent::RedisReturned { away: lost.elapsed() });
                    }
                    backoff.reset();
                    let span = self.pause(self.clock.now());
                    self.tell(CronEvent::Slept { span });
                    sleep(span).await;
                }
                Err(error) => {
                    lost.get_or_insert_with(Instant::now);
                    let retry_in = backoff.next();
                    self.tell(CronEvent::RedisLost { error: error.to_string(), retry_in });
                    sleep(retry_in).await;
                }
            }
        }
    }

    /// Everything that is due now, and a heartbeat. After a failure it is simply done again.
    async fn turn(&mut self) -> Result<(), StoreError> {
        if !self.born {
            self.tell(CronEvent::BirthBegan);
            self.store.cron_birth(&self.name, &self.hash()).await?;
            self.born = true;
        }
        if let Some(ahead) = self.clock.set(self.store.clock().await?, Timestamp::now()) {
            self.tell(CronEvent::ClocksDiffer { ahead });
        }
        let mut changed = false;
        for at in 0..self.entries.len() {
            changed |= self.serve(at).await?;
        }
        if changed {
            self.store.cron_save(&self.name, &self.hash()).await?;
        }
        let (listed, kept) = self.store.cron_beat(&self.name).await?;
        if !kept {
            self.store.cron_save(&self.name, &self.hash()).await?;
        }
        self.tell(if listed { CronEvent::HeartbeatSent } else { CronEvent::Reregistered });
        Ok(())
    }

    /// Enqueues what is due of one entry; true when RQ's monitors have something new to see.
    async fn serve(&mut self, at: usize) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let known = self.known(at, now).await?;
        let tracked = &mut self.entries[at];
        let plan = plan::plan(&tracked.entry, &known, now);
        let mut changed = tracked.next != plan.next;
        tracked.next = plan.next;
        if plan.next.is_none() && !tracked.exhausted {
            tracked.exhausted = true;
            let entry = tracked.entry.name.clone();
            emit(Event::Cron { scheduler: self.name.clone(), event: CronEvent::Exhausted { entry } });
        }
        if let Some(passed) = plan.passed.filter(|_| plan.due.is_empty()) {
            let last = UNIX_EPOCH + Duration::from_micros(u64::try_from(passed.micros()).unwrap_or(0));
            let entry = self.entries[at].entry.name.clone();
            self.tell(CronEvent::RunsMissed { entry, last });
        }
        for time in plan.due {
            changed = true;
            if !self.enqueue(at, time).await? {
                return Ok(changed);
            }
        }
        self.advance(at, plan.passed);
        Ok(changed)
    }

    /// What is known of an entry, and can be believed.
    async fn known(&mut self, at: usize, now: Timestamp) -> Result<Known, StoreError> {
        let tracked = &mut self.entries[at];
        let known = match tracked.known {
            Some(known) => known,
            None => self.store.cron_meet(&tracked.entry.fence, now).await?,
        };
        let believed = plan::believed(&tracked.entry, known, now);
        tracked.known = Some(believed);
        if let Some(last) = known.last.filter(|_| believed.last != known.last) {
            let (entry, last) = (tracked.entry.name.clone(), last.iso());
            self.tell(CronEvent::LastRunDisbelieved { entry, last });
        }
        Ok(believed)
    }

    /// Enqueues a run; false when it was refused.
    async fn enqueue(&mut self, at: usize, time: Timestamp) -> Result<bool, StoreError> {
        let Tracked { entry, in_hand, .. } = &mut self.entries[at];
        let job = match in_hand {
            Some((run, job)) if *run == time => job.clone(),
            _ => in_hand.insert((time, JobId::random())).1.clone(),
        };
        let now = self.clock.now();
        let moment = || now.iso().into_bytes();
        let times = [("created_at", moment()), ("enqueued_at", moment())];
        let fields =
            entry.fields.iter().map(|(name, value)| (name.as_str(), value.clone())).chain(times).collect();
        let run = CronRun {
            name: &entry.name,
            fence: &entry.fence,
            queue: &entry.queue,
            at: time,
            gap: entry.gap(),
            lead: u64::try_from(entry.lead().as_micros()).unwrap_or(u64::MAX),
            job: &job,
            now,
            ttl: entry.ttl,
            no_overlap: entry.no_overlap,
            fields,
        };
        let outcome = self.store.cron_enqueue(&run).await?;
        let settled = self.note(at, &job, now, outcome);
        if settled {
            self.advance(at, Some(time));
        }
        Ok(settled)
    }

    /// Notes what became of a run; false when it was refused.
    fn note(&mut self, at: usize, job: &JobId, now: Timestamp, outcome: CronEnqueued) -> bool {
        let tracked = &mut self.entries[at];
        tracked.in_hand = None;
        let (name, function) = (tracked.entry.name.clone(), tracked.entry.short_name().to_owned());
        let queue = tracked.entry.queue.to_string();
        match outcome {
            CronEnqueued::Already { last, by } if by != job.as_str() => {
                // RQ's monitors see when it was due, which is near enough to when somebody else enqueued it.
                tracked.enqueued_at = Some(last);
                self.advance(at, Some(last));
            }
            CronEnqueued::Enqueued | CronEnqueued::Already { .. } => {
                tracked.enqueued_at = Some(now);
                self.tell(CronEvent::Enqueued { function, queue });
            }
            CronEnqueued::Overlapping(job) => self.tell(CronEvent::RunLeftOut { entry: name, job }),
            CronEnqueued::Ahead(ahead) => {
                tracked.next = Some(now.plus(REFUSED));
                self.tell(CronEvent::RunRefused { entry: name, ahead });
                return false;
            }
        }
        true
    }

    /// Moves on to a run that is settled, in whatever way.
    fn advance(&mut self, at: usize, passed: Option<Timestamp>) {
        let tracked = &mut self.entries[at];
        if let Some(known) = &mut tracked.known {
            known.last = known.last.max(passed);
            if passed.is_some() {
                let next = tracked.entry.schedule.after(known.last.unwrap_or(known.since));
                tracked.next = next.map(|next| tracked.entry.due(next));
            }
        }
    }

    /// RQ: until the next run, at most a minute.
    fn pause(&self, now: Timestamp) -> Duration {
        let next = self.entries.iter().filter_map(|tracked| tracked.next).min();
        next.map_or(LONGEST_SLEEP, |next| next.since(now)).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    /// What RQ's monitors read.
    fn hash(&self) -> Vec<(&'static str, String)> {
        let jobs: Value = self.entries.iter().map(Tracked::shown).collect();
        vec![
            ("hostname", os::hostname()),
            ("pid", std::process::id().to_string()),
            ("name", self.name.clone()),
            ("created_at", self.created_at.iso()),
            ("config_file", self.config.clone()),
            ("cron_jobs", jobs.to_string()),
        ]
    }

    fn tell(&self, event: CronEvent) {
        emit(Event::Cron { scheduler: self.name.clone(), event });
    }
}

impl Tracked {
    fn shown(&self) -> Value {
        let moment = |moment: Option<Timestamp>| moment.map_or(Value::Null, |moment| moment.iso().into());
        let mut shown = self.entry.shown.clone();
        let last = self.enqueued_at.or(self.known.and_then(|known| known.last));
        shown.insert("latest_enqueue_time".to_owned(), moment(last));
        shown.insert("next_enqueue_time".to_owned(), moment(self.next));
        Value::Object(shown)
    }
}

/// RQ: a scheduler's name tells where it runs.
pub(crate) fn scheduler_name() -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("{}:{}:{}", os::hostname(), std::process::id(), &random[..6])
}

async fn stopped(stop: &mut watch::Receiver<Option<i32>>) -> i32 {
    loop {
        if let Some(signal) = *stop.borrow_and_update() {
            return signal;
        }
        if stop.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

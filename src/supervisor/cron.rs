//! `rq cron`: gathers what is to be enqueued, and stays with the scheduler until a signal comes.

use std::cell::Cell;

use serde::Serialize;
use tokio::sync::watch;

use super::check::doubts;
use super::loaded::application;
use super::redis::Patience;
use super::settling::{Purpose, Settled, load_settings};
use super::{SupervisorError, address, block_on, interpreter};
use crate::config::{Resolved, Sources};
use crate::cron::{Entry, Scheduler, entries_of_module, entry_of_table, payload_format, scheduler_name};
use crate::event::{CronEvent, Event};
use crate::horse::Opened;
use crate::job::calendar::{Schedule, Zone};
use crate::job::{CronMark, Timestamp};
use crate::os::{self, Signal};
use crate::telemetry::{self, emit};

/// What is to be enqueued, and the settings that count.
struct Gathered {
    resolved: Resolved,
    entries: Vec<Entry>,
}

/// The next times of an entry.
#[derive(Debug, Serialize)]
pub(crate) struct Upcoming {
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) queue: String,
    pub(crate) cron: Option<String>,
    /// Seconds.
    pub(crate) interval: Option<f64>,
    pub(crate) time_zone: Option<String>,
    /// In the zone of the entry, with its offset. Those of an interval count from now.
    pub(crate) next: Vec<String>,
}

/// Enqueues until a signal comes. `module` is a cron module of RQ's; `check` sees the settings before anything begins.
pub(crate) fn run_cron(
    sources: Sources,
    module: Option<&str>,
    check: impl FnOnce(&Resolved) -> Result<(), SupervisorError>,
) -> Result<(), SupervisorError> {
    block_on(async move {
        let signals = os::Signals::install().and_then(os::Signals::with_reopen);
        let mut signals = signals.map_err(SupervisorError::System)?;
        let (stop, stopped) = watch::channel(None);
        let begun = Cell::new(false);
        let work = async {
            let name = scheduler_name();
            let gathered = gather(sources, module, Purpose::Schedule, &name, check).await?;
            schedule(gathered, module, name, stopped, &begun).await
        };
        tokio::pin!(work);
        loop {
            let signal = tokio::select! {
                done = &mut work => return done,
                signal = signals.next() => signal,
            };
            match number(signal) {
                None if signal == Signal::Reopen => telemetry::reopen(),
                None => while os::reap().is_some() {},
                // Before there is a scheduler, a stop ends the start itself.
                Some(_) if !begun.get() => return Ok(()),
                Some(number) => drop(stop.send_replace(Some(number))),
            }
        }
    })
}

/// The next times of every entry, without asking Redis.
pub(crate) fn cron_times(
    sources: Sources,
    module: Option<&str>,
    count: usize,
) -> Result<Vec<Upcoming>, SupervisorError> {
    block_on(async move {
        let name = scheduler_name();
        let gathered = gather(sources, module, Purpose::Tell, &name, |_| Ok(())).await?;
        let now = Timestamp::now();
        Ok(gathered.entries.iter().map(|entry| upcoming(entry, now, count)).collect())
    })
}

async fn schedule(
    gathered: Gathered,
    module: Option<&str>,
    name: String,
    stopped: watch::Receiver<Option<i32>>,
    begun: &Cell<bool>,
) -> Result<(), SupervisorError> {
    let settings = &gathered.resolved.settings;
    let store = address::store(&gathered.resolved, address::of(&gathered.resolved)?, &name);
    Patience { worker: &name, limit: settings.redis.start_timeout }.reach(&store).await?;
    let config = module.unwrap_or_default().to_owned();
    begun.set(true);
    Scheduler::new(name, config, gathered.entries, store).run(stopped).await;
    Ok(())
}

/// Everything that is to be enqueued: what the module registers, then what the tables say.
async fn gather(
    sources: Sources,
    module: Option<&str>,
    purpose: Purpose,
    scheduler: &str,
    check: impl FnOnce(&Resolved) -> Result<(), SupervisorError>,
) -> Result<Gathered, SupervisorError> {
    let tell = |event| emit(Event::Cron { scheduler: scheduler.to_owned(), event });
    let mut settled = load_settings(sources, purpose).await?;
    check(&settled.resolved)?;
    let of_python = module.and_then(|_| interpreter::doubt(&settled.resolved));
    for warning in doubts(&settled.resolved).into_iter().chain(of_python) {
        emit(Event::ConfigurationDoubted { warning });
    }
    let mut entries = Vec::new();
    if let Some(module) = module {
        entries = of_module(&mut settled, module, purpose, &tell).await?;
    }
    let tables = of_tables(&settled.resolved)?;
    if module.is_none() && tables.is_empty() {
        return Err(SupervisorError::NothingToEnqueue);
    }
    for entry in &tables {
        tell(registered(entry));
    }
    entries.extend(tables);
    if settled.resolved.settings.sentry.address().is_some() && settled.resolved.settings.sentry.cron_check_ins
    {
        entries.iter_mut().for_each(mark);
    }
    Ok(Gathered { resolved: settled.resolved, entries })
}

async fn of_module(
    settled: &mut Settled,
    module: &str,
    purpose: Purpose,
    tell: &impl Fn(CronEvent),
) -> Result<Vec<Entry>, SupervisorError> {
    let mut application = application(&settled.resolved, purpose)?;
    application.key_prefix.clone_from(&settled.resolved.settings.redis.key_prefix);
    application.start_timeout = settled.resolved.settings.horse.start_timeout;
    let mut opened = match settled.opened.take() {
        Some(opened) => opened,
        None => Opened::open(&application, settled.leash.end()).await?,
    };
    let loaded = opened.cron(module, &application).await;
    for said in loaded.said {
        let (level, message, traceback) = (said.level, said.message, said.traceback);
        tell(CronEvent::ModuleSpoke { level, message, traceback });
    }
    let mut entries = Vec::new();
    for entry in entries_of_module(loaded.jobs?) {
        match entry {
            Ok(entry) => entries.push(entry),
            // RQ: a job that cannot be registered is told and left out.
            Err(unusable) => {
                let message =
                    format!("Failed to register job {} from config: {}", unusable.function, unusable.reason);
                tell(CronEvent::ModuleSpoke { level: 40, message, traceback: None });
            }
        }
    }
    Ok(entries)
}

fn of_tables(resolved: &Resolved) -> Result<Vec<Entry>, SupervisorError> {
    let enabled: Vec<_> = resolved.settings.cron.iter().filter(|(_, table)| table.enabled).collect();
    if enabled.is_empty() {
        return Ok(Vec::new());
    }
    let Some(format) = payload_format(resolved.settings.worker.serializer.as_deref()) else {
        let text = "the jobs of [cron.NAME] can be written as pickle and as json only";
        let problem = resolved
            .problem("worker.serializer", text)
            .hint("register them in a cron module, rq cron CONFIG_PATH, or use one of the two");
        return Err(SupervisorError::Config(problem.into()));
    };
    Ok(enabled.into_iter().filter_map(|(name, table)| entry_of_table(name, table, format)).collect())
}

/// Lets whoever runs a job of an entry check in at the entry's monitor.
fn mark(entry: &mut Entry) {
    let zone = |zone: &Zone| Some(zone.to_string()).filter(|name| name.starts_with(char::is_uppercase));
    let (crontab, interval, zone) = match &entry.schedule {
        Schedule::Cron(expression, at) => (Some(expression.to_string()), None, zone(at)),
        Schedule::Interval(interval) => (None, Some(interval.as_secs()), None),
    };
    let mark = CronMark { monitor: entry.name.clone(), crontab, interval, zone };
    let text = serde_json::to_vec(&mark).expect("texts and numbers always have a JSON form");
    entry.fields.push((CronMark::FIELD.to_owned(), text));
}

fn registered(entry: &Entry) -> CronEvent {
    let (cron, interval) = match &entry.schedule {
        Schedule::Cron(expression, _) => (Some(expression.to_string()), None),
        Schedule::Interval(interval) => (None, Some(*interval)),
    };
    CronEvent::Registered { function: entry.function.clone(), queue: entry.queue.to_string(), cron, interval }
}

fn upcoming(entry: &Entry, now: Timestamp, count: usize) -> Upcoming {
    let zone = match &entry.schedule {
        Schedule::Cron(_, zone) => zone.clone(),
        Schedule::Interval(_) => Zone::local(),
    };
    let times = std::iter::successors(entry.schedule.after(now), |time| entry.schedule.after(*time));
    let CronEvent::Registered { function, queue, cron, interval } = registered(entry) else {
        unreachable!("it was just made")
    };
    Upcoming {
        name: entry.name.clone(),
        function,
        queue,
        time_zone: cron.as_ref().map(|_| zone.to_string()),
        cron,
        interval: interval.map(|interval| interval.as_secs_f64()),
        next: times.take(count).map(|time| zone.tell(time)).collect(),
    }
}

/// RQ: log lines tell signals by number.
fn number(signal: Signal) -> Option<i32> {
    match signal {
        Signal::Interrupt => Some(2),
        Signal::Terminate => Some(15),
        Signal::Child | Signal::Hangup | Signal::Quiet | Signal::Resume | Signal::Reopen | Signal::Renew => {
            None
        }
    }
}

//! The engine: what the fork server is asked, and what its choice means for the worker.

use crate::config::{
    self, Horse as HorseSection, Level, Logging, Origin, Records, Resolved, Settings, Strategy,
    Worker as WorkerSection,
};
use crate::horse::{Attention, Engine, LogWishes, Model, Output, RecordsWanted, Wishes, WorkerOptions};
use crate::job::QueueName;
use crate::worker::{self, Horses};

/// What its author should know of a class that was chosen.
pub(super) fn doubts(engine: &Engine, settings: &Settings) -> Option<String> {
    let strategy = engine.strategy.as_deref()?;
    let class = settings.worker.class.as_deref().unwrap_or_default();
    let class = class.rsplit('.').next().unwrap_or_default();
    // RQ: these words.
    Some(format!("WARNING: {class} is deprecated. Use `--dequeue-strategy {strategy}` instead."))
}

/// What the fork server must know to choose the engine, and RQ's own code to work as it was told.
pub(super) fn wishes(resolved: &Resolved) -> Wishes {
    let Settings { worker, horse, logging, .. } = &resolved.settings;
    // RQ: INFO that nobody asked for shows less than INFO that somebody did.
    let asked = resolved.origin("logging.level").is_some_and(|origin| *origin != Origin::Default);
    Wishes {
        engine: horse.engine.word().to_owned(),
        worker_class: worker.class.clone(),
        job_class: worker.job_class.clone(),
        queue_class: worker.queue_class.clone(),
        connection_class: worker.connection_class.clone(),
        queues: worker.queues.clone(),
        options: WorkerOptions {
            default_result_ttl: worker.results_ttl,
            worker_ttl: worker.ttl.as_secs(),
            job_monitoring_interval: worker.job_monitoring_interval.as_secs(),
            maintenance_interval: worker.maintenance_interval.as_secs(),
            log_job_description: worker.describe_jobs,
            disable_default_exception_handler: !worker.record_failures,
        },
        logging: LogWishes {
            level: asked.then(|| format!("{:?}", logging.level).to_uppercase()),
            format: logging.format.clone(),
            date_format: logging.date_format.clone(),
        },
        failures: super::briefing::failure_ttl(worker),
    }
}

/// How the horses work, by the engine that was chosen.
pub(super) fn horses(settings: &Settings, engine: &Engine) -> Horses {
    let section = &settings.horse;
    let max_jobs = match engine.model {
        Model::Fork => section.max_jobs,
        Model::Reuse => 0,
        Model::Spawn => 1,
    };
    let attention = attention(section, &settings.logging);
    Horses { engine: engine.kind, max_jobs, warm_signal: engine.warm_signal, attention }
}

/// What is heard of jobs beside how they end.
fn attention(horse: &HorseSection, logging: &Logging) -> Attention {
    let all = logging.records == Records::All;
    let records = RecordsWanted { all, level: level(logging.level) };
    let output = match horse.output {
        config::Output::Inherit => Output::Inherit,
        config::Output::Log => Output::Log,
        config::Output::Keep => Output::Keep(usize::try_from(horse.output_keep).unwrap_or(usize::MAX)),
    };
    Attention { records: (logging.records != Records::Off).then_some(records), output }
}

/// Python's number.
fn level(level: Level) -> u8 {
    match level {
        Level::Debug => 10,
        Level::Info => 20,
        Level::Warning => 30,
        Level::Error => 40,
        Level::Critical => 50,
    }
}

/// The order of the queues. RQ: a class that stands for a strategy is an older way to say it.
pub(super) fn strategy(worker: &WorkerSection, engine: &Engine) -> worker::Strategy {
    let chosen = match engine.strategy.as_deref() {
        Some("round_robin") => Strategy::RoundRobin,
        Some("random") => Strategy::Random,
        _ => worker.dequeue_strategy,
    };
    match chosen {
        Strategy::Default => worker::Strategy::Default,
        Strategy::RoundRobin => worker::Strategy::RoundRobin,
        Strategy::Random => worker::Strategy::Random,
        Strategy::Weighted => worker::Strategy::Weighted(
            worker.weights().into_iter().map(|(queue, weight)| (QueueName::new(queue), weight)).collect(),
        ),
    }
}

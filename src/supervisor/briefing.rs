//! From the settings to what workers and maintenance are told.

use std::rc::Rc;

use super::base::Base;
use super::engine;
use super::loaded::Loaded;
use super::wanted::Wanted;
use crate::config::{self, Settings, Worker as WorkerSection};
use crate::horse::{Mourners, ReportWish};
use crate::job::{
    Defaults, FailureTtl, InterruptRules, Keep, OnInterrupt, QueueName, TimeLimits, TimeRules, WorkerName,
};
use crate::maintenance::{self, OnStranded};
use crate::store::Life;
use crate::worker::{Brief, Options};

/// What the worker of that number of a group is told.
pub(super) fn brief(wanted: &Wanted, loaded: &Loaded, base: &Base, number: u32) -> Brief {
    let name = wanted.name(number).unwrap_or_else(WorkerName::random);
    let settings = &wanted.resolved.settings;
    let life = base.life(settings);
    Brief { options: options(settings, loaded, name), life, mourners: mourners(settings, loaded) }
}

/// Who tells of jobs that ended otherwise than by their own horse.
pub(super) fn mourners(settings: &Settings, loaded: &Loaded) -> Mourners {
    let handlers = !settings.worker.exception_handlers.is_empty();
    Mourners { stable: Rc::clone(&loaded.stable), handlers, grace: settings.horse.timeout_grace }
}

fn options(settings: &Settings, loaded: &Loaded, name: WorkerName) -> Options {
    let worker = &settings.worker;
    Options {
        name,
        name_may_change: worker.name_from_environment,
        queues: worker.queues.iter().map(QueueName::new).collect(),
        strategy: engine::strategy(worker, &loaded.engine),
        burst: worker.burst,
        defaults: Defaults {
            result_ttl: Keep::from_seconds(worker.results_ttl),
            record_failures: worker.record_failures,
        },
        failure_ttl: failure_ttl(worker),
        time_limits: time_limits(settings),
        ttl: worker.ttl,
        monitoring_interval: worker.job_monitoring_interval,
        max_jobs: worker.max_jobs,
        max_idle_time: worker.max_idle_time,
        stop_deadline: settings.shutdown.deadline,
        interrupt_rules: interrupt_rules(worker),
        timeout_grace: settings.horse.timeout_grace,
        stop_grace: settings.horse.stop_grace,
        python_version: loaded.python_version.clone(),
        reports: reports(&settings.sentry),
        horses: engine::horses(settings, &loaded.engine),
    }
}

/// What horses are to tell of exceptions, where that is reported.
fn reports(sentry: &config::Sentry) -> Option<ReportWish> {
    let wish = ReportWish { variables: sentry.include_variables, arguments: sentry.include_arguments };
    sentry.address().map(|_| wish)
}

pub(super) fn failure_ttl(worker: &WorkerSection) -> FailureTtl {
    FailureTtl { ttl: worker.failure_ttl, most: worker.max_failure_ttl }
}

/// What maintenance is told: it looks after the queues of all groups.
pub(super) fn maintenance(settings: &Settings, wanted: &[Wanted], life: Life) -> maintenance::Options {
    maintenance::Options {
        queues: queues(wanted),
        interval: settings.worker.maintenance_interval,
        liveness: settings.maintenance.liveness,
        life,
        rules: interrupt_rules(&settings.worker),
        has_handlers: wanted.iter().any(|it| !it.resolved.settings.worker.exception_handlers.is_empty()),
        on_stranded: on_stranded(settings),
    }
}

pub(super) fn on_stranded(settings: &Settings) -> OnStranded {
    match settings.maintenance.stranded {
        config::OnStranded::PutBack => OnStranded::PutBack,
        config::OnStranded::AsRq => OnStranded::AsRq { record: settings.worker.record_failures },
    }
}

/// The queues that anybody serves, each once.
pub(super) fn queues(wanted: &[Wanted]) -> Vec<QueueName> {
    let mut queues = Vec::new();
    for name in wanted.iter().flat_map(|wanted| &wanted.resolved.settings.worker.queues) {
        let queue = QueueName::new(name);
        if !queues.contains(&queue) {
            queues.push(queue);
        }
    }
    queues
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

pub(super) fn interrupt_rules(worker: &WorkerSection) -> InterruptRules {
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

//! Every setting that counts at once is changed to and fro while jobs stream in: none is lost, none runs twice.

use std::collections::BTreeMap;

use super::reload_load::Load;
use super::reload_stage::Stage;

/// What holds where a case says nothing else.
const BASE: [(&str, &str); 3] =
    [("reload.watch", "false"), ("worker.queues", "[\"q1\", \"q2\"]"), ("worker.count", "2")];

/// Settings in dotted form, those of a case above those of the base.
fn text(case: &[(&str, &str)]) -> String {
    let all: BTreeMap<_, _> = BASE.iter().chain(case).copied().collect();
    all.iter().fold(String::new(), |text, (key, value)| format!("{text}{key} = {value}\n"))
}

/// Changes to each case and back, twice, while jobs stream in.
#[track_caller]
fn flip(cases: &[&[(&str, &str)]]) {
    flip_at(200, cases);
}

/// The same with so many jobs a second.
#[track_caller]
fn flip_at(rate: u32, cases: &[&[(&str, &str)]]) {
    let mut stage = Stage::new(&text(&[]));
    let url = stage.world.redis.url();
    let load = Load::of_rate(&stage.world, "load", (&url, &["q1", "q2"]), rate);

    for case in cases {
        for _ in 0..2 {
            let line = stage.apply(&text(case));
            assert!(line.contains("Configuration reloaded (SIGHUP)"), "{case:?}: {line}");
            for (key, _) in *case {
                assert!(line.contains(&format!("{key} from ")), "{case:?}: {line}");
            }
            load.goes_on();
            let line = stage.apply(&text(&[]));
            assert!(line.contains("Configuration reloaded (SIGHUP)"), "{case:?}: {line}");
        }
        load.goes_on();
    }

    load.end(&stage.world);
    stage.finish();
}

#[test]
fn queues_and_their_order_change_under_load() {
    flip(&[
        &[("worker.queues", "[\"q2\", \"q1\"]")],
        &[("worker.queues", "[\"q1\"]")],
        &[("worker.queues", "[\"q2\", \"q3\"]")],
        &[("worker.dequeue_strategy", "\"round_robin\"")],
        &[("worker.dequeue_strategy", "\"random\"")],
        &[("worker.dequeue_strategy", "\"weighted\""), ("worker.queue_weights", "[\"q2=9\"]")],
        &[("queue.q1.timeout", "30"), ("queue.q2.max_timeout", "60")],
    ]);
}

#[test]
fn the_number_and_the_names_of_workers_change_under_load() {
    flip(&[
        &[("worker.count", "1")],
        &[("worker.count", "3")],
        &[("worker.count", "{ min = 1, max = 3 }"), ("worker.shrink_after", "\"1s\"")],
        &[("worker.name", "\"n\"")],
        &[("worker.name", "\"%h-x\""), ("worker.count", "3")],
        &[("worker.on_shutdown", "\"replace\"")],
    ]);
}

#[test]
fn times_and_rules_change_under_load() {
    flip(&[
        &[("worker.results_ttl", "60"), ("worker.failure_ttl", "60"), ("worker.max_failure_ttl", "90")],
        &[("worker.job_monitoring_interval", "\"1s\"")],
        &[("worker.ttl", "\"60s\"")],
        &[("worker.maintenance_interval", "\"1s\"")],
        &[("maintenance.liveness", "\"5s\""), ("maintenance.stranded", "\"as_rq\"")],
        &[("shutdown.deadline", "\"20s\"")],
        &[("worker.on_interrupt", "\"requeue\""), ("worker.max_interruptions", "1")],
        &[("worker.record_failures", "false")],
        &[("logging.level", "\"debug\""), ("worker.describe_jobs", "false")],
        &[("logging.format", "\"%(levelname)s %(message)s\"")],
        &[
            ("logging.appender.console.kind", "\"console\""),
            ("logging.appender.file.kind", "\"file\""),
            ("logging.appender.file.path", "\"worker.log\""),
        ],
        &[("scheduler.enabled", "true")],
        &[("scheduler.enabled", "true"), ("scheduler.interval", "\"200ms\"")],
    ]);
}

#[test]
fn how_horses_work_changes_under_load() {
    flip(&[
        &[("horse.max_jobs", "5")],
        &[("horse.max_jobs", "0")],
        &[("horse.stop_grace", "\"1s\""), ("horse.timeout_grace", "\"5s\"")],
        &[("horse.preload", "[\"jobs.returns\"]")],
        &[("horse.max_result_size", "\"1MiB\""), ("horse.cpu_time", "\"10m\"")],
        &[("horse.environment", "{ GREETING = \"hello\" }"), ("horse.umask", "\"027\"")],
    ]);
}

#[test]
fn the_engine_changes_under_load() {
    // RQ's own code takes its time for each job.
    flip_at(20, &[&[("horse.engine", "\"rq\"")]]);
}

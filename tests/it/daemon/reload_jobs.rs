//! Jobs in hand during a reload keep what they started with.

use std::time::Duration;

use super::reload_stage::Stage;
use crate::harness::{Gate, SOON, text, wait_until};

/// Enqueues a job that waits at the gate, and waits until it does.
#[track_caller]
fn hold(stage: &Stage, gate: &mut Gate, queue: &str) -> String {
    let code = format!("queue({queue:?}).enqueue('jobs.waits.at', {}).id", gate.literal());
    let job = stage.world.client.eval(&code).as_str().unwrap().to_owned();
    gate.wait_for_arrival();
    job
}

#[test]
fn a_job_in_hand_keeps_its_time_limit_and_the_life_of_its_result() {
    let with = |ttl: u32, limit: &str| {
        format!("reload.watch = false\nworker.results_ttl = {ttl}\nqueue.default.max_timeout = \"{limit}\"\n")
    };
    let mut stage = Stage::new(&with(77, "1h"));
    let mut gate = stage.world.gate("gate");
    let held = hold(&stage, &mut gate, "default");

    stage.apply(&with(400, "1s"));
    // Longer than the new limit, which holds for the next job.
    let since = stage.world.redis.now();
    wait_until(SOON, "the new limit to be over", || stage.world.redis.now() > since + 2.0);
    gate.open();

    stage.world.wait_for_status(&held, "finished");
    assert!((60..=77).contains(&stage.world.redis.ttl(&format!("rq:job:{held}"))));
    stage.assert_results_ttl(400);
    let mut gate = stage.world.gate("other");
    let next = hold(&stage, &mut gate, "default");
    stage.world.wait_for_status(&next, "failed");
    gate.open();
    stage.finish();
}

#[test]
fn what_counts_at_once_counts_for_a_job_in_hand() {
    let with = |more: &str| format!("reload.watch = false\nworker.name = \"w1\"\n{more}");
    let mut stage = Stage::new(&with(""));
    let mut gate = stage.world.gate("gate");
    let held = hold(&stage, &mut gate, "default");
    let beat = |stage: &Stage| text(&stage.world.redis.hash("rq:worker:w1"), "last_heartbeat");

    stage.apply(&with("worker.job_monitoring_interval = \"1s\"\nworker.ttl = \"99s\"\n"));
    for _ in 0..2 {
        let last = beat(&stage);
        // The interval of before is 30 seconds.
        wait_until(Duration::from_secs(10), "the next heartbeat", || beat(&stage) != last);
    }

    stage.apply(&with("shutdown.deadline = \"100ms\"\n"));
    assert_eq!(stage.daemon.stop().code(), 0);
    assert_eq!(stage.world.redis.list("rq:queue:default"), [held.as_str()]);
    stage.world.finish();
}

#[test]
fn a_queue_that_is_removed_lets_its_job_in_hand_finish() {
    let with =
        |queues: &str| format!("reload.watch = false\nworker.name = \"w1\"\nworker.queues = {queues}\n");
    let mut stage = Stage::new(&with("[\"kept\", \"gone\"]"));
    let mut gate = stage.world.gate("gate");
    let held = hold(&stage, &mut gate, "gone");
    let left = stage.world.client.eval("queue('gone').enqueue('jobs.returns.value', 1).id");

    stage.apply(&with("[\"kept\", \"default\"]"));
    gate.open();

    stage.world.wait_for_status(&held, "finished");
    stage.job("'jobs.returns.value', 1");
    let redis = &stage.world.redis;
    assert_eq!(text(&redis.hash("rq:worker:w1"), "queues"), "kept,default");
    assert!(redis.set("rq:workers:gone").is_empty());
    for queue in ["kept", "default"] {
        assert!(redis.set(&format!("rq:workers:{queue}")).contains("rq:worker:w1"), "{queue}");
    }
    assert_eq!(redis.list("rq:queue:gone"), [left.as_str().unwrap()]);
    assert!(redis.list("rq:queue:gone:intermediate").is_empty());
    stage.finish();
}

#[test]
fn a_worker_too_many_finishes_its_job() {
    let with = |count: u32| format!("reload.watch = false\nworker.name = \"w-%i\"\nworker.count = {count}\n");
    let mut stage = Stage::new(&with(2));
    let (mut first, mut second) = (stage.world.gate("first"), stage.world.gate("second"));
    let jobs = [hold(&stage, &mut first, "default"), hold(&stage, &mut second, "default")];

    stage.apply(&with(0));
    let third = stage.world.enqueue("'jobs.returns.value', 1");
    first.open();
    second.open();

    for job in &jobs {
        stage.world.wait_for_status(job, "finished");
    }
    wait_until(SOON, "the workers to leave", || stage.world.redis.set("rq:workers").is_empty());
    assert_eq!(stage.world.redis.list("rq:queue:default"), [third.as_str()]);
    stage.apply(&with(1));
    stage.world.wait_for_status(&third, "finished");
    stage.finish();
}

#[test]
fn a_stop_finds_a_job_that_a_reload_found_in_hand() {
    let mut stage = Stage::new("reload.watch = false\nworker.name = \"w1\"\n");
    let mut gate = stage.world.gate("gate");
    let held = hold(&stage, &mut gate, "default");

    stage.apply("reload.watch = false\nworker.name = \"w1\"\nhorse.preload = [\"jobs.returns\"]\n");
    stage.world.client.exec(&format!("send_stop_job_command(conn, {held:?})"));

    stage.world.wait_for_status(&held, "stopped");
    stage.job("'jobs.returns.value', 1");
    stage.finish();
}

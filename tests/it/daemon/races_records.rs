//! what is known of a job stays known, and what was running leaves no record behind.

use super::stage::{burst_of_another, crash};
use crate::harness::{Gate, SOON, Worker, World, is_timestamp, wait_until};

/// A worker `w1` with a job `j1` in hand that has saved its meta.
#[track_caller]
fn busy_world() -> (World, Worker, Gate) {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.marks.save_meta_and_wait', {}, job_id='j1', stage='two'", gate.literal()));
    let worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    (world, worker, gate)
}

#[track_caller]
fn assert_still_known(world: &World) {
    let view = world.view("j1");
    assert_eq!(view["meta"], serde_json::json!({"stage": "two"}));
    assert_eq!(view["worker_name"], "w1");
    let heartbeat = world.redis.field(&world.key("job:j1"), "last_heartbeat").unwrap();
    assert!(is_timestamp(&heartbeat), "{heartbeat:?}");
}

#[track_caller]
fn assert_no_execution_is_left(world: &World) {
    let left: Vec<_> = world.redis.keys().into_iter().filter(|key| key.contains("execution")).collect();
    assert_eq!(left, [""; 0]);
    assert!(!world.redis.exists(&world.key("wip:default")));
}

#[test]
fn a_killed_job_keeps_its_worker_heartbeat_and_meta() {
    let (world, mut worker, _gate) = busy_world();

    world.client.exec("send_kill_horse_command(conn, 'w1')");
    world.wait_for_status("j1", "failed");

    assert_still_known(&world);
    assert_no_execution_is_left(&world);
    worker.stop();
    world.finish();
}

#[test]
fn a_stopped_job_keeps_its_worker_heartbeat_and_meta() {
    let (world, mut worker, _gate) = busy_world();

    world.client.exec("send_stop_job_command(conn, 'j1')");
    world.wait_for_status("j1", "stopped");

    assert_still_known(&world);
    assert_no_execution_is_left(&world);
    worker.stop();
    world.finish();
}

#[test]
fn an_abandoned_job_keeps_its_worker_heartbeat_and_meta() {
    let (world, mut worker, _gate) = busy_world();
    crash(&mut worker);
    world.end_leases("default");

    burst_of_another(&world, &[]);

    world.wait_for_status("j1", "failed");
    assert_still_known(&world);
    let left = world.redis.keys().into_iter().filter(|key| key.contains("execution")).collect::<Vec<_>>();
    assert_eq!(left, [""; 0]);
    world.client.exec("fetch('j1').delete()");
    world.finish();
}

#[test]
fn an_execution_never_outlives_its_hash() {
    // Python's clients raise on an execution that is listed and has no hash.
    let (world, mut worker, _gate) = busy_world();

    let listed = world.redis.ttl(&world.key("executions:j1"));
    let hash = world.redis.keys().into_iter().find(|key| key.contains(":execution:j1:")).unwrap();

    assert!(world.redis.ttl(&hash) >= listed, "{} and {listed}", world.redis.ttl(&hash));
    world.client.exec("send_stop_job_command(conn, 'j1')");
    world.wait_for_status("j1", "stopped");
    world.client.exec("fetch('j1').delete()");
    worker.stop();
    world.finish();
}

#[test]
fn a_heartbeat_keeps_the_executions_records_together() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();
    let hash = world.redis.keys().into_iter().find(|key| key.contains(":execution:j1:")).unwrap();
    let created = world.redis.field(&hash, "created_at");
    let first = world.redis.field(&hash, "last_heartbeat");

    wait_until(SOON, "a heartbeat", || world.redis.field(&hash, "last_heartbeat") != first);

    assert_eq!(world.redis.field(&hash, "created_at"), created);
    assert!(world.redis.ttl(&hash) >= world.redis.ttl(&world.key("executions:j1")));
    assert_eq!(world.client.eval("len(fetch('j1').get_executions())"), 1);
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_no_execution_is_left(&world);
    worker.stop();
    world.finish();
}

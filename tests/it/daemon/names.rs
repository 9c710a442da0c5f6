//! Who may take over a worker's name.

use super::stage::{crash, of_worker};
use crate::harness::{SOON, World};

#[test]
fn a_killed_workers_name_is_taken_over_at_once() {
    let world = World::new();
    let mut first = world.idle_worker(&["--name", "w1"]);
    crash(&mut first);

    let mut second = world.idle_worker(&["--name", "w1"]);

    assert_eq!(of_worker(&world, "pid"), second.pid().to_string());
    let job = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&job, "finished");
    second.stop();
    world.finish();
}

#[test]
fn a_name_taken_over_brings_no_executions_of_its_last_holder() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut first = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    crash(&mut first);

    let mut second = world.idle_worker(&["--name", "w1"]);

    assert!(!world.redis.exists("rq:worker:w1:executions"));
    assert_eq!(of_worker(&world, "current_job"), "");
    world.wait_for_status("j1", "failed");
    second.stop();
    world.finish();
}

#[test]
fn a_living_workers_name_is_refused_in_rqs_words() {
    let world = World::new();
    let mut first = world.idle_worker(&["--name", "w1"]);

    let exit = world.worker(&["--name", "w1"]).wait_exit();

    assert_eq!(exit.code(), 1);
    assert!(exit.stderr.contains("There exists an active worker named 'w1' already"), "{}", exit.stderr);
    assert!(first.is_running());
    assert_eq!(of_worker(&world, "pid"), first.pid().to_string());
    first.stop();
    world.finish();
}

#[test]
fn a_python_workers_name_is_refused() {
    // Nothing tells whether it is dead, so its key must expire.
    let world = World::new();
    world.client.exec(
        "conn.hset('rq:worker:w1', mapping={'birth': '2026-11-22T07:31:55.853222Z', 'pid': 1}); \
         conn.expire('rq:worker:w1', 400); conn.sadd('rq:workers', 'rq:worker:w1')",
    );

    let exit = world.worker(&["--name", "w1"]).wait_exit();

    assert_eq!(exit.code(), 1);
    world.finish();
}

#[test]
fn a_taken_name_from_the_bare_environment_gets_a_suffix() {
    let world = World::new();
    let mut first = world.idle_worker(&["--name", "w1"]);
    let mut command = world.worker_command();
    command.args(["-c", "settings"]).env("NAME", "w1");

    let mut second = world.start(command);

    second.stdout.wait_for_line("Worker w1-", SOON);
    world.wait_until_idle(&second);
    assert_eq!(world.redis.set("rq:workers").len(), 2);
    first.stop();
    second.stop();
    world.finish();
}

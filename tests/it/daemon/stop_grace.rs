//! `horse.stop_grace`: a job that is stopped or killed on command may clean up first.

use std::fs;

use nix::unistd::Pid;

use crate::harness::{Gate, SOON, Worker, World, process_exists, wait_until};

/// A worker `w1` with so many seconds of grace that works on a job of `jobs.stopping` named `j1`; the job's process.
#[track_caller]
fn busy(world: &World, job: &str, grace: &str) -> (Worker, Gate, Pid) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.stopping.{job}', {}, job_id='j1'", gate.literal()));
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).env("RQ_HORSE__STOP_GRACE", grace);
    let worker = world.start(command);
    let horse = gate.wait_for_arrival();
    if job == "ignoring" {
        gate.open();
    }
    (worker, gate, horse)
}

#[track_caller]
fn stop(world: &World) {
    world.client.exec("send_stop_job_command(conn, 'j1')");
    wait_until(SOON, "the job to be stopped", || world.view("j1")["status"] == "stopped");
}

#[test]
fn a_stopped_job_may_clean_up_within_its_grace() {
    let world = World::new();
    let (mut worker, _gate, horse) = busy(&world, "cleaning_up", "1h");

    stop(&world);

    assert_eq!(fs::read_to_string(world.path("cleaned")).unwrap(), "cleaned");
    assert!(!process_exists(horse));
    worker.stop();
    world.finish();
}

#[test]
fn without_a_grace_a_stopped_job_is_killed_at_once() {
    let world = World::new();
    let (mut worker, _gate, horse) = busy(&world, "cleaning_up", "0s");

    stop(&world);

    assert!(!world.path("cleaned").exists());
    assert!(!process_exists(horse));
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_ignores_its_grace_is_killed_after_it() {
    let world = World::new();
    let (mut worker, _gate, horse) = busy(&world, "ignoring", "200ms");

    stop(&world);

    assert!(!process_exists(horse));
    worker.stdout.wait_for_line("Worker w1: killed horse pid", SOON);
    worker.stop();
    world.finish();
}

#[test]
fn what_a_job_leaves_in_its_group_is_killed_after_its_grace() {
    let world = World::new();
    let (mut worker, _gate, horse) = busy(&world, "leaving_a_child", "1h");
    let child = fs::read_to_string(world.path("gate.children")).unwrap();
    let child = Pid::from_raw(child.parse().unwrap());
    assert!(process_exists(child));

    stop(&world);

    assert!(!process_exists(horse));
    wait_until(SOON, "the child to be killed", || !process_exists(child));
    worker.stop();
    world.finish();
}

#[test]
fn a_killed_job_may_clean_up_too_and_fails() {
    let world = World::new();
    let (mut worker, _gate, _) = busy(&world, "cleaning_up", "1h");

    world.client.exec("send_kill_horse_command(conn, 'w1')");

    wait_until(SOON, "the job to fail", || world.view("j1")["status"] == "failed");
    assert!(world.path("cleaned").exists());
    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(text.contains("a kill-horse command came"), "{text}");
    worker.stop();
    world.finish();
}

/// Stops a worker that has a deadline; the job is beyond it, and waits at its gate.
fn busy_beyond_its_deadline(world: &World, job: &str, grace: &str) -> (Worker, Gate) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.stopping.{job}', {}, job_id='j1'", gate.literal()));
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]);
    command.env("RQ_HORSE__STOP_GRACE", grace).env("RQ_SHUTDOWN__DEADLINE", "100ms");
    let worker = world.start(command);
    gate.wait_for_arrival();
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    (worker, gate)
}

#[test]
fn a_job_that_cleans_up_at_the_deadline_of_a_stop_is_put_back() {
    let world = World::new();
    let (mut worker, _gate) = busy_beyond_its_deadline(&world, "cleaning_up", "1h");

    assert_eq!(worker.wait_exit().code(), 0);

    assert_eq!(fs::read_to_string(world.path("cleaned")).unwrap(), "cleaned");
    assert_eq!(world.view("j1")["status"], "queued");
    assert_eq!(world.redis.list("rq:queue:default"), ["j1"]);
    world.finish();
}

#[test]
fn a_job_that_succeeds_though_it_was_asked_to_end_has_succeeded() {
    let world = World::new();
    let (mut worker, mut gate) = busy_beyond_its_deadline(&world, "finishing", "1h");
    wait_until(SOON, "the job to hear of it", || world.path("asked").exists());
    gate.open();

    assert_eq!(worker.wait_exit().code(), 0);

    assert_eq!(world.view("j1")["status"], "finished");
    world.finish();
}

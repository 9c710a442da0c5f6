//! Quiet and resume: an operator drains a worker without ending it.

use nix::sys::signal::Signal;

use super::stage::of_worker;
use crate::harness::{SOON, Worker, World, wait_until};

/// Quiets worker `w1` and waits until it says so.
#[track_caller]
fn quiet(world: &World, worker: &mut Worker) {
    worker.signal(Signal::SIGTSTP);
    worker.stdout.wait_for_line("Worker w1: quiet, takes no jobs until SIGCONT", SOON);
    wait_until(SOON, "the state to be shown", || of_worker(world, "state") == "suspended");
}

#[test]
fn a_quiet_worker_takes_no_job_until_it_is_resumed() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    quiet(&world, &mut worker);
    let jobs: Vec<String> = (0..20).map(|_| world.enqueue("'jobs.returns.value', 1")).collect();

    let mut other = world.worker(&["--name", "w2", "--burst"]);
    assert_eq!(other.wait_exit().code(), 0);

    for job in &jobs {
        assert_eq!(world.view(job)["worker_name"], "w2");
    }
    let next = world.enqueue("'jobs.returns.value', 2");
    worker.signal(Signal::SIGCONT);
    world.wait_for_status(&next, "finished");
    assert_eq!(world.view(&next)["worker_name"], "w1");
    worker.stop();
    world.finish();
}

#[test]
fn a_busy_worker_that_is_quieted_finishes_its_job_and_takes_no_other() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let held = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let next = world.enqueue("'jobs.returns.value', 2");
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    worker.signal(Signal::SIGTSTP);
    gate.open();

    worker.stdout.wait_for_line("Worker w1: quiet, takes no jobs until SIGCONT", SOON);
    world.wait_for_status(&held, "finished");
    assert_eq!(world.redis.list("rq:queue:default"), [next.as_str()]);
    worker.signal(Signal::SIGCONT);
    world.wait_for_status(&next, "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_quiet_worker_heeds_commands_and_stops() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    quiet(&world, &mut worker);

    world.client.exec("send_shutdown_command(conn, 'w1')");

    assert_eq!(worker.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_hangup_without_a_terminal_changes_nothing() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let held = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    worker.signal(Signal::SIGHUP);
    worker.stdout.wait_for_line("Configuration unchanged (SIGHUP)", SOON);
    gate.open();

    world.wait_for_status(&held, "finished");
    assert!(worker.is_running());
    worker.stop();
    world.finish();
}

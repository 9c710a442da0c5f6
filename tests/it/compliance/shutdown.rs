//! Warm and cold shutdown.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::{Gate, SOON, Worker, World, for_every_client, is_timestamp, process_exists, wait_until};

/// A worker that is busy with the job `j1` at the gate, while `j2` is queued.
fn busy_worker(world: &World) -> (Worker, Gate) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    world.enqueue("'jobs.returns.value', 1, job_id='j2'");
    let worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    (worker, gate)
}

/// Asserts that the signal ends an idle worker at once, with 0.
#[track_caller]
fn assert_ends_an_idle_worker(world: &World, signal: Signal) {
    let mut worker = world.idle_worker(&["--name", "w1"]);

    worker.signal(signal);
    let exit = worker.wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let asked = format!("Worker w1 [PID {}]: warm shut down requested", worker.pid());
    assert!(exit.stdout.contains(&asked), "{}", exit.stdout);
    assert!(world.says_of_w1(&exit.stdout, "unsubscribing from channel rq:pubsub:w1"), "{}", exit.stdout);
    assert!(world.redis.field(&world.key("worker:w1"), "death").is_some());
}

/// Asserts that after the signal a busy worker finishes its job, takes no other, and ends with 0.
#[track_caller]
fn assert_lets_the_job_finish(world: &World, signal: Signal) {
    let (mut worker, mut gate) = busy_worker(world);

    worker.signal(signal);

    worker.stdout.wait_for_line("Worker w1 [PID *]: warm shut down requested", SOON);
    let requested = || world.redis.field(&world.key("worker:w1"), "shutdown_requested_date");
    wait_until(SOON, "the request to be recorded", || requested().is_some_and(|time| is_timestamp(&time)));
    assert!(worker.is_running());
    gate.open();
    let exit = worker.wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(world.says_of_w1(&exit.stdout, "stopping on request"), "{}", exit.stdout);
    assert_eq!(world.view("j1")["result"], "through");
    assert_eq!(world.view("j2")["status"], "queued");
}

for_every_client! {
    fn sigterm_ends_an_idle_worker(world: &World) {
        assert_ends_an_idle_worker(world, Signal::SIGTERM);
    }

    fn sigterm_lets_the_job_finish(world: &World) {
        assert_lets_the_job_finish(world, Signal::SIGTERM);
    }

    fn a_second_signal_later_kills_the_job(world: &World) {
        let mut gate = world.gate("gate");
        world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
        let mut worker = world.worker(&["--name", "w1"]);
        let horse = gate.wait_for_arrival();

        worker.signal(Signal::SIGTERM);
        worker.stdout.wait_for_line("warm shut down requested", SOON);
        let asked = Instant::now();
        // RQ: a terminal and a service manager may both send the first signal, so a second one counts only after a second.
        wait_until(SOON, "a second signal to count", || asked.elapsed() > Duration::from_millis(1100));
        worker.signal(Signal::SIGTERM);

        let exit = worker.wait_exit();
        assert_eq!(exit.code(), 0, "{}", exit.stderr);
        assert!(world.says_of_w1(&exit.stdout, "cold shut down"), "{}", exit.stdout);
        assert!(!process_exists(horse));
        assert!(world.redis.field(&world.key("worker:w1"), "death").is_some());
    }

    fn a_shutdown_command_is_a_warm_shutdown(world: &World) {
        let (mut worker, mut gate) = busy_worker(world);

        world.client.exec("send_shutdown_command(conn, 'w1')");

        worker.stdout.wait_for_line("Received shutdown command, sending SIGINT signal.", SOON);
        worker.stdout.wait_for_line("warm shut down requested", SOON);
        gate.open();
        assert_eq!(worker.wait_exit().code(), 0);
        assert_eq!(world.view("j1")["status"], "finished");
        assert_eq!(world.view("j2")["status"], "queued");
    }
}

#[test]
fn sigint_ends_an_idle_worker() {
    let world = World::new();
    assert_ends_an_idle_worker(&world, Signal::SIGINT);
    world.finish();
}

#[test]
fn sigint_lets_the_job_finish() {
    let world = World::new();
    assert_lets_the_job_finish(&world, Signal::SIGINT);
    world.finish();
}

#[test]
fn a_second_signal_within_a_second_is_ignored() {
    let world = World::new();
    let (mut worker, mut gate) = busy_worker(&world);

    worker.signal(Signal::SIGTERM);
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    worker.signal(Signal::SIGTERM);

    gate.open();
    let exit = worker.wait_exit();
    assert_eq!(exit.code(), 0);
    assert_eq!(world.view("j1")["status"], "finished");
    assert!(!exit.stdout.contains("cold shut down"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_suspended_worker_ends_at_once() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    world.client.exec("suspend(conn)");
    gate.open();
    // RQ: a signal that interrupts the writing of a log line is lost, so the line is no sign that it may come.
    let state = || world.redis.field(&world.key("worker:w1"), "state");
    wait_until(SOON, "the worker to be suspended", || state().as_deref() == Some("suspended"));

    let exit = worker.stop();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(world.redis.field(&world.key("worker:w1"), "death").is_some());
    world.finish();
}

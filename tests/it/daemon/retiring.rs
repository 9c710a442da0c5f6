//! Workers that a reload wants no more: they leave when their job is over, and not before.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::harness::{SOON, Worker, World, wait_until};

/// Says how many workers there are to be; a stop has a deadline that every job here outlives.
fn configure(world: &World, count: u32) {
    let url = world.redis.url();
    let text = format!(
        "[redis]\nurl = {url:?}\n[worker]\ncount = {count}\nname = \"w-%i\"\n[shutdown]\ndeadline = \"1s\"\n"
    );
    fs::write(world.path("rq.toml"), text).unwrap();
}

fn pool(world: &World, count: u32) -> Worker {
    configure(world, count);
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker-pool", "-c", "rq.toml"]).arg("--python").arg(world.venv.python());
    let pool = world.start(command);
    wait_until(SOON, "all workers", || world.redis.set("rq:workers").len() == count as usize);
    pool
}

/// Lets one of two workers have a job, and retires both.
fn retire_busy(world: &World, pool: &mut Worker) -> (crate::harness::Gate, String) {
    let mut gate = world.gate("gate");
    let held = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();
    configure(world, 0);
    pool.stdout.wait_for_line("Configuration reloaded (a file changed): worker.count", SOON);
    wait_until(SOON, "the idle worker to leave", || world.redis.set("rq:workers").len() == 1);
    (gate, held)
}

#[test]
fn a_retired_worker_keeps_its_job_beyond_the_deadline_of_a_stop() {
    let world = World::new();
    let mut pool = pool(&world, 2);
    let (mut gate, held) = retire_busy(&world, &mut pool);
    let clock = std::time::Instant::now();
    wait_until(SOON, "the deadline to pass", || clock.elapsed().as_millis() > 1_500);

    assert_eq!(world.redis.field(&format!("rq:job:{held}"), "status").as_deref(), Some("started"));
    gate.open();

    world.wait_for_status(&held, "finished");
    wait_until(SOON, "the last worker to leave", || world.redis.set("rq:workers").is_empty());
    assert!(pool.is_running());
    configure(&world, 1);
    wait_until(SOON, "a worker again", || world.redis.set("rq:workers").len() == 1);
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

#[test]
fn the_first_signal_after_a_retirement_is_a_warm_stop() {
    let world = World::new();
    let mut pool = pool(&world, 2);
    let (mut gate, held) = retire_busy(&world, &mut pool);
    let clock = std::time::Instant::now();
    wait_until(SOON, "a second signal to be another", || clock.elapsed().as_millis() > 1_100);

    pool.signal(Signal::SIGTERM);
    pool.stdout.wait_for_line("warm shut down requested", SOON);
    gate.open();

    world.wait_for_status(&held, "finished");
    assert_eq!(pool.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_pool_grows_beyond_a_worker_that_was_shut_down() {
    let world = World::new();
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker-pool", "-n", "2-3", "--name", "w-%i", "-u", &world.redis.url()]);
    command.arg("--python").arg(world.venv.python());
    let mut pool = world.start(command);
    wait_until(SOON, "both workers", || world.redis.set("rq:workers").len() == 2);
    world.client.exec("send_shutdown_command(conn, 'w-1')");
    wait_until(SOON, "the worker to leave", || world.redis.set("rq:workers").len() == 1);
    let mut gate = world.gate("gate");
    let held = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();

    let next = world.enqueue("'jobs.returns.value', 1");

    world.wait_for_status(&next, "finished");
    assert_eq!(world.view(&next)["worker_name"], "w-3");
    gate.open();
    world.wait_for_status(&held, "finished");
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

//! What a pool of ours does beyond RQ's.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;

use super::stage::crash;
use crate::harness::{SOON, World, wait_until};

/// The names of the workers that are idle.
fn idle(world: &World) -> Vec<String> {
    world.workers_that_are("idle").into_keys().collect()
}

#[test]
fn workers_of_a_pool_are_called_by_a_template() {
    let world = World::new();
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let mut pool = world.pool(&["-n", "2", "--name", "%h-%i"]);

    world.wait_for_idle(2);

    assert_eq!(idle(&world), [format!("{host}-1"), format!("{host}-2")]);
    pool.stop();
    world.finish();
}

#[test]
fn a_pool_can_do_without_a_scheduler() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2", "--without-scheduler"]);
    world.wait_for_idle(2);

    assert!(!world.redis.exists("rq:scheduler-lock:default"));
    pool.stop();

    let exit = world.pool(&["--without-scheduler", "--with-scheduler"]).wait_exit();
    assert_eq!(exit.code(), 2, "{}", exit.stderr);
    world.finish();
}

#[test]
fn a_worker_that_was_shut_down_may_be_replaced() {
    let world = World::new();
    let mut command = world.command_named("worker-pool");
    command.args(["-c", "settings", "-n", "2"]).env("RQ_WORKER__ON_SHUTDOWN", "replace");
    let mut pool = world.start(command);
    world.wait_for_idle(2);
    let before: BTreeSet<_> = idle(&world).into_iter().collect();
    let gone = before.iter().next().unwrap();

    world.client.exec(&format!("send_shutdown_command(conn, {gone:?})"));

    wait_until(SOON, "another worker", || idle(&world).iter().any(|name| !before.contains(name)));
    world.wait_for_idle(2);
    assert!(!idle(&world).contains(gone));
    pool.stop();
    world.finish();
}

#[test]
fn a_pool_without_workers_ends() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);

    for name in idle(&world) {
        world.client.exec(&format!("send_shutdown_command(conn, {name:?})"));
    }

    assert_eq!(pool.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_worker_whose_name_is_taken_is_tried_again_after_longer_and_longer_pauses() {
    let world = World::new();
    let mut other = world.idle_worker(&["--name", "w-1"]);
    let mut pool = world.pool(&["-n", "2", "--name", "w-%i"]);

    for pause in ["1s", "2s", "4s"] {
        let line = format!(
            "Worker w-1: ended by an error, replaced in {pause}: *There exists an active worker named 'w-1'"
        );
        pool.stderr.wait_for_line(&line, SOON);
    }

    assert_eq!(pool.stderr.text().matches("Worker w-1: ended by an error").count(), 3);
    let mut status = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    status.arg("status");
    let told = world.start(status).wait_exit().stdout;
    assert!(told.contains("w-1     failed"), "{told}");
    let job = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&job, "finished");
    crash(&mut other);
    wait_until(SOON, "the name to be taken over", || idle(&world) == ["w-1", "w-2"]);
    pool.stop();
    world.finish();
}

#[test]
fn a_burst_replaces_nobody_and_ends() {
    let world = World::new();
    let mut other = world.idle_worker(&["--name", "w-1", "another"]);
    let job = world.enqueue("'jobs.returns.value', 1");

    let exit = world.pool(&["-n", "2", "--name", "w-%i", "--burst"]).wait_exit();

    assert_eq!(exit.code(), 1);
    assert!(exit.stderr.contains("There exists an active worker named 'w-1'"), "{}", exit.stderr);
    assert_eq!(world.view(&job)["status"], "finished");
    other.stop();
    world.finish();
}

#[test]
fn the_options_of_a_worker_are_those_of_a_pool_too() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let arguments = "--burst -n 2 --max-jobs 5 --max-idle-time 60 --results-ttl 60 --worker-ttl 100 --maintenance-interval 60 \
                     --job-monitoring-interval 5 --disable-job-desc-logging --dequeue-strategy round_robin --serializer pickle \
                     --with-scheduler -v --log-format %(message)s --date-format %H --pid pool.pid default";

    let exit = world.pool(&arguments.split_whitespace().collect::<Vec<_>>()).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.view(&job)["status"], "finished");
    assert!(std::fs::read_to_string(world.path("pool.pid")).is_ok());
    world.finish();
}

#[test]
fn each_worker_of_a_pool_ends_after_its_jobs_and_is_replaced() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2", "--max-jobs", "1", "--name", "w-%i"]);
    world.wait_for_idle(2);

    let jobs: Vec<_> = (0..6).map(|_| world.enqueue("'jobs.returns.value', 1")).collect();

    for job in &jobs {
        world.wait_for_status(job, "finished");
    }
    world.wait_for_idle(2);
    assert!(pool.is_running());
    pool.stop();
    world.finish();
}

#[test]
fn a_worker_may_be_several() {
    let world = World::new();
    let mut worker = world.worker(&["--num-workers", "2", "--name", "w"]);
    world.wait_for_idle(2);

    assert_eq!(idle(&world), ["w-1", "w-2"]);
    assert!(!world.redis.exists("rq:scheduler-lock:default"), "this is no pool");

    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn the_title_of_a_pool_tells_how_many_there_are() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);

    wait_until(SOON, "the title", || super::titles::title(pool.pid()).starts_with("rq:worker-pool"));

    let title = super::titles::title(pool.pid());
    assert!(title == "rq:worker-pool: 2 workers" || title == "rq:worker-pool:", "{title}");
    pool.stop();
    world.finish();
}

//! `rq status`, `rq quiet` and `rq stop` with daemons that really run.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Exit, SOON, World, wait_until};

/// Runs `rq` with these arguments, in the surroundings of the test's daemons.
fn rq(world: &World, arguments: &[&str]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(arguments);
    world.start(command).wait_exit()
}

/// The same with an answer that must be good.
#[track_caller]
fn told(world: &World, arguments: &[&str]) -> String {
    let exit = rq(world, arguments);
    assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    exit.stdout
}

/// What `rq status --json` tells, daemon by daemon.
#[track_caller]
fn status(world: &World) -> Vec<Value> {
    serde_json::from_str(&told(world, &["status", "--json"])).unwrap()
}

/// The worker of that name, in whichever daemon.
fn worker(world: &World, name: &str) -> Option<Value> {
    let daemons = status(world);
    let mut groups = daemons.iter().flat_map(|daemon| daemon["groups"].as_array().unwrap());
    groups.find_map(|group| {
        group["workers"].as_array().unwrap().iter().find(|worker| worker["name"] == name).cloned()
    })
}

/// Waits until `rq status` shows a worker in a state; an empty one stands for no worker.
#[track_caller]
fn wait_for_state(world: &World, name: &str, state: &str) {
    wait_until(SOON, &format!("worker {name} to be {state:?}"), || {
        worker(world, name).map_or(state.is_empty(), |worker| worker["state"] == state)
    });
}

#[test]
fn the_status_tells_each_worker_and_what_it_does() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut pool = world.pool(&["-n", "2", "--name", "w", "high", "low"]);
    world.wait_for_idle(2);
    let call = format!("'jobs.waits.at', {}, job_id='j1'", gate.literal());
    world.client.exec(&format!("Queue('low', connection=conn).enqueue({call})"));
    gate.wait_for_arrival();

    let [daemon] = &status(&world)[..] else { panic!("one daemon") };
    assert_eq!(daemon["pid"], pool.pid().as_raw());
    assert_eq!(daemon["state"], "running");
    let workers = ["w-1", "w-2"].map(|name| worker(&world, name).unwrap());
    let busy = workers.iter().find(|worker| worker["state"] == "busy").unwrap();
    assert_eq!((busy["job"].as_str(), busy["function"].as_str()), (Some("j1"), Some("jobs.waits.at")));
    assert!(busy["since"].as_f64().is_some(), "{busy}");
    assert_eq!(workers.iter().filter(|worker| worker["state"] == "idle").count(), 1);
    let text = told(&world, &["status"]);
    assert!(text.contains("j1 jobs.waits.at") && text.contains("high,low"), "{text}");
    assert!(!text.contains(&gate.literal()), "its arguments are nobody's business: {text}");

    gate.open();
    world.wait_for_status("j1", "finished");
    wait_until(SOON, "the count of jobs", || {
        ["w-1", "w-2"].iter().filter_map(|name| worker(&world, name)?["jobs_done"].as_u64()).sum::<u64>() == 1
    });
    pool.stop();
    assert_eq!(rq(&world, &["status"]).code(), 1);
    world.finish();
}

#[test]
fn one_worker_of_a_pool_is_quieted_and_resumed() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2", "--name", "w"]);
    world.wait_for_idle(2);

    assert!(told(&world, &["quiet", "w-1"]).contains("w-1 takes no new jobs"));

    wait_for_state(&world, "w-1", "quiet");
    world.wait_for_idle(1);
    let jobs: Vec<_> = (0..10).map(|_| world.enqueue("'jobs.returns.value', 1")).collect();
    for job in &jobs {
        world.wait_for_status(job, "finished");
        assert_eq!(world.view(job)["worker_name"], "w-2");
    }
    told(&world, &["quiet", "w-2"]);
    wait_until(SOON, "the daemon to be quiet", || status(&world)[0]["state"] == "quiet");
    told(&world, &["quiet", "--off"]);
    world.wait_for_idle(2);
    pool.stop();
    world.finish();
}

#[test]
fn a_worker_that_begins_in_a_quiet_daemon_is_quiet() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2", "--name", "w", "--max-jobs", "1"]);
    world.wait_for_idle(2);
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();

    told(&world, &["quiet"]);
    let next = world.enqueue("'jobs.returns.value', 1");
    gate.open();

    world.wait_for_status("j1", "finished");
    wait_until(SOON, "two quiet workers", || {
        ["w-1", "w-2"]
            .iter()
            .all(|name| worker(&world, name).is_some_and(|worker| worker["state"] == "quiet"))
    });
    assert_eq!(world.view(&next)["status"], "queued");
    told(&world, &["quiet", "--off"]);
    world.wait_for_status(&next, "finished");
    pool.stop();
    world.finish();
}

#[test]
fn whoever_follows_a_quiet_worker_is_quiet() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut pool = world.pool(&["-n", "2", "--name", "w", "--max-jobs", "1"]);
    world.wait_for_idle(2);
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();
    let busy = world.workers_that_are("busy").into_keys().next().unwrap();

    told(&world, &["quiet", &busy]);
    gate.open();

    world.wait_for_status("j1", "finished");
    wait_for_state(&world, &busy, "quiet");
    world.wait_for_idle(1);
    pool.stop();
    world.finish();
}

#[test]
fn one_worker_of_a_pool_is_stopped_when_its_job_is_done_and_stays_down() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut pool = world.pool(&["-n", "2", "--name", "w"]);
    world.wait_for_idle(2);
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();
    let busy = world.workers_that_are("busy").into_keys().next().unwrap();

    assert!(told(&world, &["stop", &busy]).contains("stops when its job is done"));

    wait_for_state(&world, &busy, "stopping");
    gate.open();
    world.wait_for_status("j1", "finished");
    wait_for_state(&world, &busy, "");
    assert!(pool.is_running());
    let job = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&job, "finished");
    pool.stop();
    world.finish();
}

#[test]
fn one_worker_of_a_pool_is_stopped_at_once() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut pool = world.pool(&["-n", "2", "--name", "w"]);
    world.wait_for_idle(2);
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();
    let busy = world.workers_that_are("busy").into_keys().next().unwrap();

    told(&world, &["stop", "--now", &busy]);

    world.wait_for_status("j1", "failed");
    wait_for_state(&world, &busy, "");
    assert!(pool.is_running());
    told(&world, &["stop", "--now"]);
    assert_eq!(pool.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_stop_that_is_asked_for_twice_still_waits_for_the_jobs() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut pool = world.pool(&["-n", "2", "--name", "w"]);
    gate.wait_for_arrival();
    let busy = world.workers_that_are("busy").into_keys().next().unwrap();

    for stop in [&["stop"][..], &["stop"], &["stop", &busy], &["stop", &busy]] {
        told(&world, stop);
        let asked = Instant::now();
        // So long apart that two signals would be a cold stop.
        wait_until(SOON, "a second stop to count", || asked.elapsed() > Duration::from_millis(1100));
    }
    // And a service manager's signal after them is the first one.
    pool.signal(Signal::SIGTERM);
    wait_until(SOON, "the signal to be heeded", || status(&world)[0]["state"] == "stopping");
    gate.open();

    assert_eq!(pool.wait_exit().code(), 0);
    assert_eq!(world.view("j1")["status"], "finished");
    world.finish();
}

#[test]
fn two_daemons_of_a_machine_are_told_apart() {
    let world = World::new();
    let (mut first, mut second) = (world.pool(&["-n", "2", "--name", "a"]), world.worker(&["--name", "b"]));
    world.wait_for_idle(3);

    assert_eq!(status(&world).len(), 2);
    told(&world, &["quiet", "b", "a-2"]);
    wait_for_state(&world, "b", "quiet");
    wait_for_state(&world, "a-2", "quiet");
    wait_for_state(&world, "a-1", "idle");
    told(&world, &["stop", &first.pid().to_string()]);

    assert_eq!(first.wait_exit().code(), 0);
    assert!(second.is_running());
    told(&world, &["stop"]);
    assert_eq!(second.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn workers_of_a_pool_heed_commands_through_redis() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2", "--name", "w"]);
    world.wait_for_idle(2);
    let url = world.redis.url();

    told(&world, &["quiet", "w-1", "-u", &url]);
    wait_for_state(&world, "w-1", "quiet");
    told(&world, &["quiet", "--off", "w-1", "-u", &url]);
    wait_for_state(&world, "w-1", "idle");
    told(&world, &["stop", "w-1", "-u", &url]);
    wait_for_state(&world, "w-1", "");
    assert!(pool.is_running());

    told(&world, &["stop", "--all", "-u", &url]);

    assert_eq!(pool.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_worker_that_is_not_there_is_told_and_nobody_else_is_touched() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2", "--name", "w"]);
    world.wait_for_idle(2);

    let exit = rq(&world, &["stop", "w-9", "-u", &world.redis.url()]);

    assert_eq!(exit.code(), 1);
    assert!(exit.stderr.contains("w-9"), "{}", exit.stderr);
    assert_eq!(status(&world)[0]["state"], "running");
    pool.stop();
    world.finish();
}

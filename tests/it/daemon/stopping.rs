//! A pool that is stopped with each of its workers in another state.

use nix::sys::signal::Signal;

use crate::harness::{Gate, SOON, World, wait_until};

#[test]
fn a_deadline_puts_back_what_is_in_hand_whatever_the_others_do() {
    let world = World::new();
    let mut gates = ["long", "short"].map(|name| world.gate(name));
    let mut command = world.command_named("worker-pool");
    command.args(["-c", "settings", "-n", "4", "--name", "w"]).env("RQ_SHUTDOWN__DEADLINE", "2s");
    let mut pool = world.start(command);
    world.wait_for_idle(4);
    for (gate, id) in gates.iter_mut().zip(["long", "short"]) {
        world.enqueue(&format!("'jobs.waits.at', {}, job_id='{id}'", gate.literal()));
        gate.wait_for_arrival();
    }
    let idle = world.workers_that_are("idle").into_keys().next().unwrap();
    quiet(&world, &idle);
    wait_until(SOON, "a quiet worker", || world.workers_that_are("suspended").len() == 1);

    pool.signal(Signal::SIGTERM);
    pool.stdout.wait_for_line("warm shut down requested", SOON);
    world.enqueue("'jobs.returns.value', 1, job_id='later'");
    gates[1].open();

    let exit = pool.wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.view("short")["result"], "through");
    assert_eq!(world.redis.list("rq:queue:default"), ["long", "later"], "at the head");
    let why = world.redis.field("rq:job:long", "rqd_interrupted").unwrap();
    assert!(why.ends_with("reached its shutdown deadline"), "{why}");
    assert!(world.redis.set("rq:workers").is_empty());
    world.finish();
}

#[test]
fn every_job_of_a_pool_is_put_back_at_its_deadline() {
    let world = World::new();
    let mut gates: Vec<Gate> = (0..3).map(|number| world.gate(&format!("gate-{number}"))).collect();
    let mut command = world.command_named("worker-pool");
    command.args(["-c", "settings", "-n", "3"]).env("RQ_SHUTDOWN__DEADLINE", "500ms");
    let mut pool = world.start(command);
    world.wait_for_idle(3);
    let mut jobs = Vec::new();
    for gate in &mut gates {
        jobs.push(world.enqueue(&format!("'jobs.waits.at', {}", gate.literal())));
        gate.wait_for_arrival();
    }

    assert_eq!(pool.stop().code(), 0);

    let mut queued = world.redis.list("rq:queue:default");
    queued.sort();
    jobs.sort();
    assert_eq!(queued, jobs);
    assert!(!world.redis.exists("rq:wip:default"));
    let mut next = world.pool(&["-n", "3"]);
    for gate in &mut gates {
        gate.wait_for_arrival();
        gate.open();
    }
    for job in &jobs {
        world.wait_for_status(job, "finished");
    }
    next.stop();
    world.finish();
}

#[test]
fn a_pool_that_waits_for_redis_stops_at_once() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "3"]);
    world.wait_for_idle(3);
    world.redis.freeze();

    pool.signal(Signal::SIGTERM);

    assert_eq!(pool.wait_exit().code(), 0);
    world.redis.thaw();
}

/// Quiets one worker.
fn quiet(world: &World, name: &str) {
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["quiet", name]);
    assert_eq!(world.start(command).wait_exit().code(), 0);
}

//! Groups whose size is left to the work.

use std::time::Duration;

use crate::harness::{Gate, SOON, World, wait_until};

/// Jobs that wait at gates of their own.
fn held(world: &World, count: usize) -> (Vec<Gate>, Vec<String>) {
    let gates: Vec<Gate> = (0..count).map(|number| world.gate(&format!("gate-{number}"))).collect();
    let jobs =
        gates.iter().map(|gate| world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()))).collect();
    (gates, jobs)
}

fn workers(world: &World) -> usize {
    world.redis.set("rq:workers").len()
}

#[test]
fn a_pool_grows_with_the_jobs_that_wait_and_shrinks_without_ending_one() {
    let world = World::new();
    std::fs::write(world.path("rq.toml"), "[worker]\nshrink_after = \"1s\"\n").unwrap();
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker-pool", "-n", "1-3", "-c", "rq.toml", "-u", &world.redis.url(), "--name", "p"]);
    command.arg("--python").arg(world.venv.python());
    let mut pool = world.start(command);
    wait_until(SOON, "the first worker", || workers(&world) == 1);
    let (mut gates, jobs) = held(&world, 4);

    pool.stdout.wait_for_line("Workers: 1 become 2", SOON);
    pool.stdout.wait_for_line("Workers: 2 become 3", SOON);
    for gate in &mut gates[..3] {
        gate.wait_for_arrival();
    }
    assert_eq!(workers(&world), 3);
    let busy = world.redis.field("rq:worker:p-3", "current_job").unwrap();
    // All but the last worker's job end: that one goes on, though its place is to go.
    let last = jobs.iter().position(|job| *job == busy).unwrap();
    for (number, gate) in gates.iter_mut().enumerate().filter(|(number, _)| *number != last) {
        gate.wait_for_arrival();
        gate.open();
        world.wait_for_status(&jobs[number], "finished");
    }
    pool.stdout.wait_for_line("Workers: 3 become 2", SOON);
    assert_eq!(world.redis.field(&format!("rq:job:{busy}"), "status").as_deref(), Some("started"));
    gates[last].open();

    world.wait_for_status(&busy, "finished");
    pool.stdout.wait_for_line("Workers: 2 become 1", SOON);
    wait_until(Duration::from_secs(60), "one worker to be left", || workers(&world) == 1);
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

#[test]
fn a_group_may_have_no_worker_until_there_is_work() {
    let world = World::new();
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker-pool", "-n", "0-1", "-u", &world.redis.url()]);
    command.arg("--python").arg(world.venv.python());
    let mut pool = world.start(command);
    pool.stdout.wait_for_line("Jobs are run by the engine", SOON);

    let job = world.enqueue("'jobs.returns.value', 1");

    world.wait_for_status(&job, "finished");
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

//! a worker that Redis has forgotten is soon listed again.

use super::stage::{of_worker, wait_until_waiting};
use crate::harness::{SOON, World, wait_for, wait_until};

/// Makes Redis forget worker `w1`, in one step: the worker may register anew at any moment.
fn forget(world: &World) {
    let script = "redis.call('DEL', 'rq:worker:w1', 'rq:worker:w1:executions') \
        return redis.call('SREM', 'rq:workers', 'rq:worker:w1') + redis.call('SREM', 'rq:workers:default', 'rq:worker:w1')";
    assert_eq!(world.redis.command::<i64>(&["EVAL", script, "0"]), 2);
}

#[track_caller]
fn wait_until_listed(world: &World) {
    wait_until(SOON, "the worker to be listed again", || {
        ["rq:workers", "rq:workers:default"].iter().all(|set| world.redis.set(set).contains("rq:worker:w1"))
            && !of_worker(world, "birth").is_empty()
    });
}

#[test]
fn a_forgotten_worker_is_listed_again_with_its_next_heartbeat() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    let birth = of_worker(&world, "birth");

    forget(&world);

    wait_until_listed(&world);
    assert_eq!(of_worker(&world, "birth"), birth);
    assert_eq!(of_worker(&world, "state"), "idle");
    assert_eq!(world.client.eval("[w.name for w in Worker.all(connection=conn)]"), serde_json::json!(["w1"]));
    worker.stop();
    world.finish();
}

#[test]
fn a_worker_that_a_client_struck_from_the_sets_is_listed_again_with_its_next_heartbeat() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--job-monitoring-interval", "1"]);

    for set in ["rq:workers", "rq:workers:default"] {
        let _: i64 = world.redis.command(&["SREM", set, "rq:worker:w1"]);
    }

    wait_until_listed(&world);
    worker.stop();
    world.finish();
}

#[test]
fn a_forgotten_worker_is_listed_again_with_its_next_claim() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);

    forget(&world);
    let job = world.enqueue("'jobs.returns.value', 1");

    world.wait_for_status(&job, "finished");
    wait_until_listed(&world);
    assert_eq!(of_worker(&world, "successful_job_count"), "1");
    worker.stop();
    world.finish();
}

#[test]
fn a_forgotten_worker_with_a_job_in_hand_is_listed_again_and_settles_it() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();

    forget(&world);
    wait_until_listed(&world);
    assert_eq!(of_worker(&world, "state"), "busy");
    wait_until(SOON, "the execution to be listed again", || {
        !world.redis.set("rq:worker:w1:executions").is_empty()
    });
    gate.open();

    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_worker_forgotten_while_its_job_ends_still_settles_it() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    forget(&world);
    gate.open();

    world.wait_for_status("j1", "finished");
    wait_until_listed(&world);
    worker.stop();
    world.finish();
}

#[test]
fn a_worker_works_on_after_redis_has_lost_everything() {
    let mut world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    wait_until_waiting(&world, 1);

    world.redis.kill();
    world.redis.start_again();

    // Without a job that would wake it.
    wait_until_listed(&world);
    let job = wait_for(SOON, "the client to be connected again", || {
        world.client.try_eval("q.enqueue('jobs.returns.value', 1).id").ok()
    });
    world.wait_for_status(job.as_str().unwrap(), "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_redis_has_lost_is_given_up_and_the_worker_works_on() {
    let mut world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    let horse = gate.wait_for_arrival();

    world.redis.kill();
    world.redis.start_again();

    super::processes::wait_until_gone(horse);
    wait_until_listed(&world);
    let job = wait_for(SOON, "the client to be connected again", || {
        world.client.try_eval("q.enqueue('jobs.returns.value', 1).id").ok()
    });
    world.wait_for_status(job.as_str().unwrap(), "finished");
    assert!(!world.redis.exists("rq:job:j1"));
    worker.stop();
    world.finish();
}

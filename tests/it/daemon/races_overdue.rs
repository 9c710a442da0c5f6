//! a job that outlives its limit keeps its lease until its horse is dead, and fails once.

use super::processes::wait_until_gone;
use super::stage::{Stage, of_worker};
use crate::harness::{SOON, Worker, World, wait_until};

/// A worker that kills a horse one second after its job's limit.
fn strict_worker(world: &World) -> Worker {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1", "--job-monitoring-interval", "1"]);
    command.env("RQ_HORSE__TIMEOUT_GRACE", "1");
    world.start(command)
}

#[track_caller]
fn assert_killed_as_overdue(world: &World, mut worker: Worker) {
    world.wait_for_status("j1", "failed");
    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "),
        "{text}"
    );
    assert!(text.contains("it outlived its limit of 1s by 1s"), "{text}");
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    assert_eq!(of_worker(world, "failed_job_count"), "1");
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");
    worker.stop();
}

#[test]
fn a_job_that_swallows_its_time_limit_is_killed_once_and_told() {
    let world = World::new();
    world.enqueue("'jobs.stubborn.forever', job_id='j1', job_timeout=1");
    let worker = strict_worker(&world);

    world.wait_for_status("j1", "started");
    // Whenever one looks, the lease has a minute to go.
    wait_until(SOON, "the kill", || {
        let started = world.redis.sorted_set("rq:wip:default");
        let now = world.redis.now();
        assert!(started.iter().all(|(_, ends)| *ends > now + 55.0), "{started:?} at {now}");
        started.is_empty()
    });

    assert_killed_as_overdue(&world, worker);
    world.finish();
}

#[test]
fn a_job_that_stops_itself_is_killed_after_its_limit() {
    let world = World::new();
    world.enqueue("'jobs.families.stopping_itself', job_id='j1', job_timeout=1");
    let worker = strict_worker(&world);

    assert_killed_as_overdue(&world, worker);
    world.finish();
}

#[test]
fn a_job_whose_payload_hangs_is_killed_after_its_limit() {
    let world = World::new();
    world.client.exec(
        "
        import signal
        class Hanging:
            def __reduce__(self):
                return signal.pause, ()
        ",
    );
    world.enqueue("'jobs.returns.value', Hanging(), job_id='j1', job_timeout=1");
    let worker = strict_worker(&world);

    assert_killed_as_overdue(&world, worker);
    world.finish();
}

#[test]
fn a_job_whose_result_hangs_is_killed_after_its_limit() {
    let world = World::new();
    world.enqueue("'jobs.stubborn.returning_what_hangs', job_id='j1', job_timeout=1");
    let worker = strict_worker(&world);

    assert_killed_as_overdue(&world, worker);
    world.finish();
}

#[test]
fn a_job_that_claims_to_have_just_begun_wins_no_time() {
    let world = World::new();
    let gate = world.gate("gate");
    world.enqueue(&format!(
        "'jobs.sockets.phases_without_end', {}, job_id='j1', job_timeout=1",
        gate.literal()
    ));
    let mut worker = strict_worker(&world);

    world.wait_for_status("j1", "failed");
    worker.stop();
    world.finish();
}

#[test]
fn a_limit_that_passes_while_redis_is_away_fails_the_job_once() {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue("'jobs.timing.endless', job_id='j1', job_timeout=1");
    let mut worker = stage.worker(&["--job-monitoring-interval", "1"]);
    world.wait_for_status("j1", "started");

    stage.proxy.refuse();
    worker.stderr.wait_for_line("JobTimeoutException", SOON);
    stage.proxy.accept();

    world.wait_for_status("j1", "failed");
    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(text.contains("Task exceeded maximum timeout value (1 seconds)"), "{text}");
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    assert_eq!(of_worker(world, "failed_job_count"), "1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_horse_is_killed_as_overdue_while_redis_is_away() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1', job_timeout=1", gate.literal()));
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1", "--url", &stage.proxy.url()]);
    command.env("RQ_HORSE__TIMEOUT_GRACE", "1");
    let mut worker = world.start(command);
    let horse = gate.wait_for_arrival();
    nix::sys::signal::kill(horse, nix::sys::signal::Signal::SIGSTOP).unwrap();

    stage.proxy.refuse();
    wait_until_gone(horse);
    stage.proxy.accept();

    world.wait_for_status("j1", "failed");
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    worker.stop();
    stage.finish();
}

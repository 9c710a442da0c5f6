//! a job that is to run again is written down in one step, and whatever dies after that does not end it a second time.

use nix::unistd::Pid;
use serde_json::json;

use super::processes::{fork_server, horses, sigkill, wait_until_gone};
use super::stage::{Stage, burst_of_another, crash, marking, marks, transition_of, wait_until_waiting};
use crate::harness::{Act, Rule, SOON, Worker, World, wait_until};

/// The arguments of `enqueue` for the job `j1` that leaves a mark and raises.
fn failing(world: &World, retry: &str) -> String {
    let path = world.path("marks").display().to_string();
    format!("'jobs.marks.leave_and_fail', {path:?}, job_id='j1', retry={retry}")
}

/// The arguments of `enqueue` for the job `j1` that leaves a mark and repeats.
fn repeating(world: &World) -> String {
    format!("{}, repeat=Repeat(times=1)", marking(world, "j1"))
}

// a retry that waits for its time.

const LATER: &str = "Retry(max=2, interval=50)";

#[track_caller]
fn assert_scheduled_once(world: &World, retries_left: &str) {
    assert_eq!(world.view("j1")["status"], "scheduled");
    let registries = world.client.eval("{kind: ids for kind, ids in registries().items() if ids}");
    assert_eq!(registries, json!({"scheduled": ["j1"]}));
    assert_eq!(world.redis.list("rq:queue:default"), [""; 0]);
    assert_eq!(world.redis.field("rq:job:j1", "retries_left").as_deref(), Some(retries_left));
    assert_eq!(marks(world), 1);
}

#[track_caller]
fn assert_schedules_once_when_settling_meets(act: Act) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition_of("settle", "j1"), act);
    world.enqueue(&failing(world, LATER));
    settle.wait();

    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");

    world.client.exec(&format!("fetch({next:?}).delete()"));
    assert_scheduled_once(world, "1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_scheduled_retry_whose_answer_is_lost_is_scheduled_once() {
    assert_schedules_once_when_settling_meets(Act::CutReply);
}

#[test]
fn a_scheduled_retry_that_is_cut_on_its_way_is_scheduled_once() {
    assert_schedules_once_when_settling_meets(Act::CutRequest);
}

#[track_caller]
fn assert_scheduled_once_when_the_worker_dies(act: Act) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition_of("settle", "j1"), act);
    world.enqueue(&failing(world, LATER));
    settle.wait();

    crash(&mut worker);
    settle.cut();
    world.end_leases("default");
    burst_of_another(world, &[]);

    assert_scheduled_once(world, "1");
    stage.finish();
}

#[test]
fn a_scheduled_retry_outlives_a_worker_that_dies_right_after_it_was_written() {
    assert_scheduled_once_when_the_worker_dies(Act::PauseReply);
}

#[test]
fn a_retry_of_a_worker_that_dies_before_it_was_written_is_scheduled_by_another() {
    assert_scheduled_once_when_the_worker_dies(Act::PauseRequest);
}

// somebody dies between the outcome that is written and the end of the work horse.

/// A worker whose work horses live on after a job, stopped right after it has written the outcome of `j1`; and its horses.
#[track_caller]
fn with_living_horse(stage: &Stage, job: &str) -> (Worker, Rule, Vec<Pid>) {
    let mut command = stage.world.worker_command();
    command.args(["-c", "settings", "--name", "w1", "--url", &stage.proxy.url()]);
    command.env("RQ_HORSE__MAX_JOBS", "9");
    let mut worker = stage.world.start(command);
    wait_until_waiting(&stage.world, 1);
    let settle = stage.proxy.on(transition_of("settle", "j1"), Act::PauseReply);
    stage.world.enqueue(job);
    settle.wait();
    assert!(worker.is_running());
    let horses = horses(fork_server(&worker));
    assert!(!horses.is_empty());
    (worker, settle, horses)
}

#[track_caller]
fn assert_ran_twice_and_ended_once(world: &World, status: &str, results: usize) {
    world.wait_for_status("j1", status);
    assert_eq!(marks(world), 2);
    assert_eq!(world.redis.stream("rq:results:j1").len(), results);
    let registries = world.client.eval("{kind: ids for kind, ids in registries().items() if ids}");
    assert_eq!(registries, json!({status: ["j1"]}));
    assert_eq!(world.redis.list("rq:queue:default"), [""; 0]);
}

/// Asserts that a job which is to run again does so once, though its horses are killed after its outcome was written.
#[track_caller]
fn assert_runs_on_without_its_horse(job: impl Fn(&World) -> String, status: &str, results: usize) {
    let stage = Stage::new();
    let (mut worker, settle, horses) = with_living_horse(&stage, &job(&stage.world));

    horses.iter().copied().for_each(sigkill);
    horses.into_iter().for_each(wait_until_gone);
    settle.release();

    wait_until(SOON, "the second run", || marks(&stage.world) == 2);
    assert_ran_twice_and_ended_once(&stage.world, status, results);
    worker.stop();
    stage.finish();
}

#[test]
fn a_retry_that_was_written_outlives_its_horse() {
    assert_runs_on_without_its_horse(|world| failing(world, "Retry(max=1)"), "failed", 1);
}

#[test]
fn a_repeat_that_was_written_outlives_its_horse() {
    assert_runs_on_without_its_horse(repeating, "finished", 2);
}

/// The same when the daemon dies and another takes over.
#[track_caller]
fn assert_runs_on_without_its_daemon(job: impl Fn(&World) -> String, status: &str, results: usize) {
    let stage = Stage::new();
    let (mut worker, settle, horses) = with_living_horse(&stage, &job(&stage.world));

    crash(&mut worker);
    settle.cut();
    horses.into_iter().for_each(wait_until_gone);
    stage.world.end_leases("default");
    burst_of_another(&stage.world, &[]);

    assert_ran_twice_and_ended_once(&stage.world, status, results);
    stage.finish();
}

#[test]
fn a_retry_that_was_written_outlives_its_daemon() {
    assert_runs_on_without_its_daemon(|world| failing(world, "Retry(max=1)"), "failed", 1);
}

#[test]
fn a_repeat_that_was_written_outlives_its_daemon() {
    assert_runs_on_without_its_daemon(repeating, "finished", 2);
}

/// Asserts that what RQ's own code wrote stands, though the horse in which it ran is killed before it ends with 0.
#[track_caller]
fn assert_rqs_own_outcome_stands(job: impl Fn(&World) -> String, status: &str, results: usize) {
    let world = World::new();
    let mut gate = world.gate("linger");
    let mut worker = world.worker(&["--name", "w1", "-w", "jobs.own.Lingering"]);
    world.enqueue(&job(&world));

    // The horse has written the outcome of the first run, and is still there.
    let horse = gate.wait_for_arrival();
    assert_eq!(world.view("j1")["status"], "queued");
    sigkill(horse);

    wait_until(SOON, "the second run", || marks(&world) == 2);
    gate.wait_for_arrival();
    gate.open();
    assert_ran_twice_and_ended_once(&world, status, results);
    worker.stop();
    world.finish();
}

#[test]
fn a_retry_that_rqs_own_code_wrote_outlives_its_horse() {
    assert_rqs_own_outcome_stands(|world| failing(world, "Retry(max=1)"), "failed", 1);
}

#[test]
fn a_repeat_that_rqs_own_code_wrote_outlives_its_horse() {
    assert_rqs_own_outcome_stands(repeating, "finished", 2);
}

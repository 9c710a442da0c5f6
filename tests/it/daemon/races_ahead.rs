//! The claim that is made with the settling of the job before: whatever is cut around the two, both jobs are in one place.

use super::stage::{
    Stage, assert_ran_once, burst_of_another, crash, marking, marks, of_worker, transition, transition_of,
};
use crate::harness::{Act, Gate, Rule, SOON, Worker, World};

/// A stage whose worker has `j0` in hand, which waits at the gate, while `j1` waits in the queue.
fn stage_with_two() -> (Stage, Worker, Gate) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j0'", gate.literal()));
    let worker = stage.worker(&["default"]);
    gate.wait_for_arrival();
    world.enqueue(&marking(world, "j1"));
    (stage, worker, gate)
}

/// Asserts that both jobs finish, each having run once, and are counted once, after `act` befell what `which` matches.
#[track_caller]
fn assert_both_end_well(which: impl Fn(&Stage) -> Rule) {
    let (stage, mut worker, mut gate) = stage_with_two();
    let world = &stage.world;
    let cut = which(&stage);

    gate.open();
    cut.wait();

    for job in ["j0", "j1"] {
        world.wait_for_status(job, "finished");
    }
    assert_ran_once(world, "j1");
    assert_eq!(of_worker(world, "successful_job_count"), "2");
    world.wait_until_idle(&worker);
    worker.stop();
    stage.finish();
}

#[test]
fn a_settling_whose_reply_is_lost_costs_the_next_job_nothing() {
    assert_both_end_well(|stage| stage.proxy.on(transition_of("settle", "j0"), Act::CutReply));
}

#[test]
fn a_settling_that_is_cut_on_its_way_costs_the_next_job_nothing() {
    assert_both_end_well(|stage| stage.proxy.on(transition_of("settle", "j0"), Act::CutRequest));
}

#[test]
fn a_claim_beside_a_settling_whose_reply_is_lost_gives_the_same_job_again() {
    assert_both_end_well(|stage| stage.proxy.on(transition("claim"), Act::CutReply));
}

#[test]
fn a_claim_beside_a_settling_that_is_cut_on_its_way_is_made_again() {
    assert_both_end_well(|stage| stage.proxy.on(transition("claim"), Act::CutRequest));
}

#[test]
fn a_kill_after_both_leaves_the_next_job_to_another_worker() {
    let (stage, mut worker, mut gate) = stage_with_two();
    let world = &stage.world;
    let claim = stage.proxy.on(transition("claim"), Act::PauseReply);
    gate.open();
    claim.wait();

    crash(&mut worker);
    claim.cut();

    assert_eq!(world.view("j0")["status"], "finished");
    assert_eq!(world.view("j1")["status"], "started");
    let mut other = world.worker(&["--name", "w2", "default"]);
    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    other.stop();
    stage.finish();
}

#[test]
fn a_stop_gives_back_what_was_claimed_beside_a_settling() {
    let (stage, mut worker, mut gate) = stage_with_two();
    let world = &stage.world;
    world.enqueue(&marking(world, "j2"));
    let claim = stage.proxy.on(transition("claim"), Act::PauseReply);
    gate.open();
    claim.wait();
    assert_eq!(world.view("j1")["status"], "started");

    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.stdout.wait_for_line("arm shut down requested", SOON);
    claim.release();
    let exit = worker.wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1", "j2"]);
    assert_eq!(world.view("j1")["status"], "queued");
    assert!(!world.redis.exists(&world.key("wip:default")));
    burst_of_another(world, &["default"]);
    assert_eq!(marks(world), 2);
    stage.finish();
}

#[test]
fn a_worker_that_has_had_its_last_job_claims_no_other() {
    let stage = Stage::new();
    let world: &World = &stage.world;
    for job in ["j1", "j2"] {
        world.enqueue(&marking(world, job));
    }

    let mut worker = stage.worker(&["--max-jobs", "1", "default"]);
    let exit = worker.wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.redis.list(&world.key("queue:default")), ["j2"]);
    assert_eq!(marks(world), 1);
    burst_of_another(world, &["default"]);
    stage.finish();
}

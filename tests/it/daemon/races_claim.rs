//! whatever is cut around the claim, the job is in one place from which it will be taken.

use std::collections::BTreeMap;

use super::stage::{
    Stage, assert_ran_once, burst_of_another, crash, marking, marks, of_worker, transition_of,
};
use crate::harness::{Act, Rule, SOON, Worker, World, wait_until};

/// Asserts that a job survives a daemon that is killed before its claim reached Redis.
#[track_caller]
fn assert_survives_a_kill_before_the_claim(queues: &[&str]) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(queues, queues.len());
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseRequest);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    crash(&mut worker);
    claim.cut();

    assert_eq!(world.redis.list(&world.key("queue:default:intermediate")), ["j1"]);
    assert_eq!(world.view("j1")["status"], "queued");
    let arguments: Vec<&str> = ["--name", "w2"].iter().chain(queues).copied().collect();
    let mut other = world.worker(&arguments);
    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    other.stop();
    stage.finish();
}

#[test]
fn a_kill_between_the_wait_and_the_claim_leaves_the_job_to_another_worker() {
    // Python would fail this job after minutes.
    assert_survives_a_kill_before_the_claim(&["default"]);
}

#[test]
fn a_kill_before_the_claim_with_several_queues_leaves_the_job_to_another_worker() {
    // Python would have lost this job.
    assert_survives_a_kill_before_the_claim(&["high", "default", "low"]);
}

#[test]
fn a_kill_before_the_claim_of_a_busy_worker_leaves_the_job_on_its_queue() {
    // a worker that has just ended a job does not wait, its claim pops by itself.
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j0'", gate.literal()));
    let mut worker = stage.worker(&["default", "low"]);
    gate.wait_for_arrival();
    world.enqueue(&marking(world, "j1"));
    let claim = stage.proxy.on(super::stage::transition("claim"), Act::PauseRequest);
    gate.open();
    claim.wait();

    crash(&mut worker);
    claim.cut();

    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1"]);
    burst_of_another(world, &["default", "low"]);
    assert_eq!(world.view("j0")["status"], "finished");
    assert_ran_once(world, "j1");
    stage.finish();
}

#[test]
fn a_kill_after_the_claim_leaves_a_job_that_is_put_back() {
    // Redis acted, and nobody heard.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default", "low"], 2);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseReply);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    crash(&mut worker);
    claim.cut();

    assert_eq!(world.view("j1")["status"], "started");
    let mut other = world.worker(&["--name", "w2", "default", "low"]);
    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    other.stop();
    stage.finish();
}

#[test]
fn the_claim_itself_starts_the_job() {
    // there is no moment at which the job is claimed and not yet started.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default"], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseReply);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    let job = world.redis.hash(&world.key("job:j1"));
    let of_job = |name: &str| crate::harness::text(&job, name);
    assert_eq!(of_job("status"), "started");
    assert_eq!(of_job("worker_name"), "w1");
    assert!(crate::harness::is_timestamp(&of_job("started_at")), "{}", of_job("started_at"));
    let started = world.redis.sorted_set(&world.key("wip:default"));
    assert!(started.iter().any(|(member, _)| member.starts_with("j1:")), "{started:?}");
    assert!(!world.redis.exists(&world.key("queue:default:intermediate")));
    assert_eq!(of_worker(world, "state"), "busy");

    claim.release();
    world.wait_for_status("j1", "finished");
    worker.stop();
    stage.finish();
}

#[test]
fn a_claim_whose_reply_is_lost_is_asked_again_and_gives_the_same_job() {
    // the connection is cut after Redis acted.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default", "low"], 2);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::CutReply);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    assert_eq!(of_worker(world, "successful_job_count"), "1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_claim_that_is_cut_on_its_way_is_sent_again() {
    // the connection is cut before Redis acted; a stop that comes meanwhile strands nothing.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default"], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::CutRequest);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_stop_after_a_claim_without_an_answer_gives_the_job_back() {
    // Redis acted, nobody heard, and then the worker has to go: the job must not wait for its lease and fail.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default"], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseReply);
    world.enqueue(&marking(world, "j1"));
    claim.wait();
    world.enqueue(&marking(world, "j2"));
    assert_eq!(world.view("j1")["status"], "started");

    // Nothing gets through until the worker has heard of the stop.
    stage.proxy.refuse();
    claim.cut();
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.stdout.wait_for_line("arm shut down requested", SOON);
    stage.proxy.accept();
    let exit = worker.wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1", "j2"]);
    assert_eq!(world.view("j1")["status"], "queued");
    assert!(!world.redis.exists(&world.key("wip:default")));
    burst_of_another(world, &["default"]);
    assert_eq!(marks(world), 2);
    stage.finish();
}

/// A stage whose worker `w1` soon takes Redis for gone, and holds a claim for `j1` that it has given up.
#[track_caller]
fn stage_with_a_late_claim() -> (Stage, Worker, Rule) {
    let stage = Stage::new();
    let url = format!("{}?socket_timeout=1", stage.proxy.url());
    let worker = stage.waiting_worker(&["--url", &url], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseRequest);
    stage.world.enqueue(&marking(&stage.world, "j1"));
    claim.wait();
    (stage, worker, claim)
}

/// Lets the late claim go on, and waits until Redis has run it.
#[track_caller]
fn let_go_on(world: &World, claim: &Rule) {
    let evals = || -> u64 {
        let stats: String = world.redis.command(&["INFO", "commandstats"]);
        let calls = stats.split("cmdstat_evalsha:calls=").nth(1).and_then(|rest| rest.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    };
    let before = evals();
    claim.release();
    wait_until(SOON, "the late claim to reach Redis", || evals() > before);
}

#[test]
fn a_claim_that_comes_late_takes_no_job_for_a_worker_that_is_busy() {
    // what was sent on a connection that the worker gave up may still reach Redis.
    let (stage, mut worker, claim) = stage_with_a_late_claim();
    let world = &stage.world;
    world.wait_for_status("j1", "finished");
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j0'", gate.literal()));
    gate.wait_for_arrival();
    world.enqueue(&marking(world, "j2"));

    let_go_on(world, &claim);

    assert_eq!(world.redis.list(&world.key("queue:default")), ["j2"]);
    gate.open();
    world.wait_for_status("j2", "finished");
    assert_eq!(marks(world), 2);
    worker.stop();
    stage.finish();
}

#[test]
fn a_claim_that_comes_late_takes_no_job_for_a_worker_that_has_left() {
    let (stage, mut worker, claim) = stage_with_a_late_claim();
    let world = &stage.world;
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.enqueue(&marking(world, "j2"));

    let_go_on(world, &claim);

    assert_eq!(world.redis.list(&world.key("queue:default")), ["j2"]);
    burst_of_another(world, &["default"]);
    assert_eq!(marks(world), 2);
    stage.finish();
}

#[test]
fn a_stop_while_a_cut_claim_is_tried_again_leaves_the_job_on_its_queue() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default"], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseRequest);
    world.enqueue(&marking(world, "j1"));
    world.enqueue(&marking(world, "j2"));
    claim.wait();

    // Nothing gets through until the worker has heard of the stop.
    stage.proxy.refuse();
    claim.cut();
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.stdout.wait_for_line("arm shut down requested", SOON);
    stage.proxy.accept();
    worker.wait_exit();

    let lists: BTreeMap<_, _> = ["queue:default", "queue:default:intermediate"]
        .map(|list| (list, world.redis.list(&world.key(list))))
        .into();
    assert_eq!(lists["queue:default"], ["j1", "j2"], "{lists:?}");
    burst_of_another(world, &["default"]);
    wait_until(SOON, "both jobs to run", || marks(world) == 2);
    stage.finish();
}

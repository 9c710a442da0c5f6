//! an outcome is written once and its webhooks are sent, whatever is cut around it.

use super::stage::{
    Stage, assert_ran_once, burst_of_another, crash, marking, marks, of_worker, transition, transition_of,
};
use crate::harness::{Act, Receiver, SOON, World, wait_until};

/// Asserts that a job that returns ends once when its settling meets this.
#[track_caller]
fn assert_finishes_once(act: Act) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), act);
    world.enqueue(&marking(world, "j1"));
    settle.wait();
    let next = world.enqueue("'jobs.returns.value', 2");

    world.wait_for_status(&next, "finished");

    assert_ran_once(world, "j1");
    assert_eq!(of_worker(world, "successful_job_count"), "2");
    assert_eq!(of_worker(world, "failed_job_count"), "");
    worker.stop();
    stage.finish();
}

#[test]
fn a_success_whose_reply_is_lost_is_written_once() {
    assert_finishes_once(Act::CutReply);
}

#[test]
fn a_success_that_is_cut_on_its_way_is_sent_again() {
    assert_finishes_once(Act::CutRequest);
}

/// Asserts that a job that raises fails once when its settling meets this.
#[track_caller]
fn assert_fails_once(act: Act) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), act);
    world.enqueue("'jobs.raising.plain', job_id='j1'");
    settle.wait();
    let next = world.enqueue("'jobs.returns.value', 2");

    world.wait_for_status(&next, "finished");

    assert_eq!(world.view("j1")["status"], "failed");
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    assert_eq!(of_worker(world, "failed_job_count"), "1");
    assert_eq!(of_worker(world, "successful_job_count"), "1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_failure_whose_reply_is_lost_is_written_once() {
    assert_fails_once(Act::CutReply);
}

#[test]
fn a_failure_that_is_cut_on_its_way_is_sent_again() {
    assert_fails_once(Act::CutRequest);
}

#[test]
fn a_retry_whose_reply_is_lost_is_queued_once() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::CutReply);
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.marks.leave_and_fail', {path:?}, job_id='j1', retry=Retry(max=1)"));
    settle.wait();

    world.wait_for_status("j1", "failed");

    assert_eq!(marks(world), 2, "the run and its one retry");
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    worker.stop();
    stage.finish();
}

#[test]
fn a_job_that_is_deleted_with_its_success_is_not_taken_for_lost() {
    // A result that nobody wants deletes the job, so the second try finds nothing of it.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition_of("settle", "j1"), Act::CutReply);
    world.enqueue(&format!("{}, result_ttl=0", marking(world, "j1")));
    settle.wait();

    worker.stdout.wait_for_line("Job OK*j1", SOON);

    assert_eq!(of_worker(world, "successful_job_count"), "1");
    assert!(!world.redis.exists(&world.key("job:j1")));
    worker.stop();
    stage.finish();
}

#[test]
fn a_kill_before_the_outcome_reached_redis_ends_the_job_by_its_lease() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::PauseRequest);
    world.enqueue(&marking(world, "j1"));
    settle.wait();

    crash(&mut worker);
    settle.cut();

    assert_eq!(world.view("j1")["status"], "started");
    world.end_leases("default");
    burst_of_another(world, &[]);
    assert_abandoned(world);
    assert_eq!(marks(world), 1);
    stage.finish();
}

#[test]
fn a_kill_after_the_outcome_reached_redis_changes_nothing() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::PauseReply);
    world.enqueue(&marking(world, "j1"));
    settle.wait();

    crash(&mut worker);
    settle.cut();
    world.end_leases("default");
    burst_of_another(world, &[]);

    assert_ran_once(world, "j1");
    stage.finish();
}

#[test]
fn a_cold_stop_while_the_outcome_cannot_be_written_leaves_the_job_to_its_lease() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::PauseRequest);
    world.enqueue(&marking(world, "j1"));
    settle.wait();
    stage.proxy.refuse();
    settle.cut();

    worker.signal(nix::sys::signal::Signal::SIGTERM);
    let mut asked = std::time::Instant::now();
    wait_until(SOON, "the cold stop", || {
        // Signals that come together count as one.
        if asked.elapsed() > std::time::Duration::from_millis(1100) {
            worker.signal(nix::sys::signal::Signal::SIGTERM);
            asked = std::time::Instant::now();
        }
        !worker.is_running()
    });

    world.end_leases("default");
    burst_of_another(world, &[]);
    assert_abandoned(world);
    stage.finish();
}

#[track_caller]
fn assert_abandoned(world: &World) {
    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    assert!(view["exc_info"].as_str().unwrap().contains("AbandonedJobError"), "{view}");
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    assert_eq!(world.client.eval("registries()['finished']"), serde_json::json!([]));
}

/// A job with a webhook for its success, whose worker is killed right after its outcome reached Redis.
#[track_caller]
fn killed_before_its_webhook(stage: &Stage, receiver: &Receiver) {
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::PauseReply);
    world.client.exec("import rq.webhook");
    let hook =
        format!("webhooks=[rq.webhook.Webhook({:?}, 'finished', method='POST')]", receiver.url("/done"));
    world.enqueue(&format!("{}, {hook}", marking(world, "j1")));
    settle.wait();
    assert!(receiver.is_quiet());

    crash(&mut worker);
    settle.cut();
}

#[test]
fn a_webhook_whose_daemon_was_killed_is_sent_by_another() {
    // the outcome is there, and nobody would ever tell of it.
    let (stage, receiver) = (Stage::new(), Receiver::start());
    killed_before_its_webhook(&stage, &receiver);
    let world = &stage.world;

    let mut other = world.worker(&["--name", "w2"]);

    let body: serde_json::Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!((&body["job_id"], &body["status"]), (&"j1".into(), &"finished".into()));
    assert_eq!(body["func_name"], "jobs.marks.leave");
    wait_until(SOON, "the note to be struck out", || !world.redis.exists("rq:rqd:webhooks"));
    other.stop();
    assert!(receiver.is_quiet());
    assert_ran_once(world, "j1");
    stage.finish();
}

#[test]
fn a_webhook_is_sent_once_when_two_daemons_find_it() {
    let (stage, receiver) = (Stage::new(), Receiver::start());
    killed_before_its_webhook(&stage, &receiver);
    let world = &stage.world;

    let mut others = [world.worker(&["--name", "w2"]), world.worker(&["--name", "w3"])];

    receiver.next();
    wait_until(SOON, "the note to be struck out", || !world.redis.exists("rq:rqd:webhooks"));
    for other in &mut others {
        other.stop();
    }
    assert!(receiver.is_quiet());
    stage.finish();
}

#[test]
fn a_settle_whose_answer_is_lost_sends_its_webhook_once() {
    let (stage, receiver) = (Stage::new(), Receiver::start());
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::CutReply);
    world.client.exec("import rq.webhook");
    let hook = format!("webhooks=[rq.webhook.Webhook({:?}, 'finished')]", receiver.url("/done"));
    world.enqueue(&format!("{}, {hook}", marking(world, "j1")));
    settle.wait();

    receiver.next();

    wait_until(SOON, "the note to be struck out", || !world.redis.exists("rq:rqd:webhooks"));
    worker.stop();
    assert!(receiver.is_quiet());
    assert_ran_once(world, "j1");
    stage.finish();
}

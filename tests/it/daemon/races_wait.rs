//! an id that a wait for jobs has moved is never lost, whatever becomes of the wait.

use nix::sys::signal::Signal;

use super::stage::{Stage, assert_ran_once, crash, marking, marks, transition, wait_until_waiting};
use crate::harness::{Act, Match, SOON, World, wait_until};

#[test]
fn a_wait_that_is_cut_after_it_moved_an_id_strands_it_for_seconds_only() {
    let stage = Stage::new();
    let world = &stage.world;
    let wait = stage.proxy.on(Match::command("BLMOVE"), Act::CutReply);
    let mut worker = stage.waiting_worker(&[], 1);

    world.enqueue(&marking(world, "j1"));
    wait.wait();

    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_job_that_comes_together_with_a_stop_stays_at_the_head_of_its_queue() {
    let stage = Stage::new();
    let world = &stage.world;
    let wait = stage.proxy.on(Match::command("BLMOVE"), Act::PauseReply);
    let mut worker = stage.waiting_worker(&[], 1);
    world.enqueue(&marking(world, "j1"));
    wait.wait();
    world.enqueue(&marking(world, "j2"));

    let unblock = stage.proxy.on(
        Match::new("CLIENT UNBLOCK", |request| request.argv.iter().any(|word| word == b"UNBLOCK")),
        Act::Pass,
    );
    worker.signal(Signal::SIGTERM);
    unblock.wait();
    wait.release();
    let exit = worker.wait_exit();

    assert_eq!(exit.code(), 0);
    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1", "j2"]);
    assert_eq!(marks(world), 0);
    stage.finish();
}

#[test]
fn a_job_whose_wait_never_answers_before_a_stop_is_run_by_another_worker() {
    let stage = Stage::new();
    let world = &stage.world;
    let wait = stage.proxy.on(Match::command("BLMOVE"), Act::PauseReply);
    let mut worker = stage.waiting_worker(&[], 1);
    world.enqueue(&marking(world, "j1"));
    wait.wait();

    assert_eq!(worker.stop().code(), 0);

    let mut other = world.worker(&["--name", "w2"]);
    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    other.stop();
    stage.finish();
}

#[test]
fn a_worker_that_is_killed_while_it_waits_takes_nothing_along() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["a", "default", "b"], 3);

    crash(&mut worker);
    wait_until_waiting(world, 0);
    world.enqueue(&marking(world, "j1"));

    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1"]);
    super::stage::burst_of_another(world, &[]);
    assert_ran_once(world, "j1");
    stage.finish();
}

/// Puts a Python worker of these queues into the registers, `default` among them.
fn python_worker_of(world: &World, queues: &str) {
    world.client.exec(&format!(
        "conn.hset('rq:worker:py', mapping={{'birth': '2026-11-22T07:31:55.853222Z', 'pid': 1, 'queues': {queues:?}}})
conn.expire('rq:worker:py', 400)
conn.sadd('rq:workers', 'rq:worker:py')
conn.sadd('rq:workers:default', 'rq:worker:py')"
    ));
}

#[test]
fn ids_of_python_workers_are_left_alone_while_those_may_still_claim_them() {
    // What a Python worker of one queue has popped stands in the intermediate list until its horse reports.
    let stage = Stage::new();
    let world = &stage.world;
    python_worker_of(world, "default");
    world.enqueue(&marking(world, "j1"));
    world.client.exec("conn.lmove('rq:queue:default', 'rq:queue:default:intermediate', 'LEFT', 'RIGHT')");
    let looks = stage.proxy.on(transition("watch").nth(4), Act::Pass);
    let mut worker = stage.worker(&[]);

    // The fourth look comes nine seconds after the first.
    looks.wait();

    assert_eq!(world.redis.list(&world.key("queue:default:intermediate")), ["j1"]);
    wait_until(SOON, "the job to be as it was", || world.view("j1")["status"] == "queued");
    worker.stop();
    stage.finish();
}

#[test]
fn python_workers_of_several_queues_do_not_hold_up_what_is_stranded() {
    // They pop, and leave nothing in the intermediate list; but their cleaner fails what stands there for a minute.
    let stage = Stage::new();
    let world = &stage.world;
    python_worker_of(world, "default,other");
    world.enqueue(&marking(world, "j1"));
    world.client.exec("conn.lmove('rq:queue:default', 'rq:queue:default:intermediate', 'LEFT', 'RIGHT')");
    let began = std::time::Instant::now();
    let mut worker = stage.worker(&[]);

    world.wait_for_status("j1", "finished");

    assert!(began.elapsed() < std::time::Duration::from_secs(40), "{:?}", began.elapsed());
    assert_ran_once(world, "j1");
    worker.stop();
    stage.finish();
}

#[test]
fn an_id_left_aside_whose_job_has_ended_does_not_run_again() {
    // a Python worker of one queue that dies at the wrong moment leaves such an id.
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue(&marking(world, "j1"));
    super::stage::burst_of_another(world, &[]);
    assert_ran_once(world, "j1");
    let _: i64 = world.redis.command(&["RPUSH", "rq:queue:default:intermediate", "j1"]);

    let mut worker = stage.worker(&[]);

    wait_until(SOON, "the id to be gone", || !world.redis.exists("rq:queue:default:intermediate"));
    worker.stop();
    assert_ran_once(world, "j1");
    stage.finish();
}

#[test]
fn a_suspended_worker_heeds_commands() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    world.client.exec("suspend(conn)");
    world.enqueue(&marking(&world, "j1"));
    worker.stdout.wait_for_line("uspended", SOON);

    world.client.exec("send_shutdown_command(conn, 'w1')");

    assert_eq!(worker.wait_exit().code(), 0);
    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1"]);
    world.client.exec("resume(conn)");
    world.finish();
}

/// Does what the snippet says with the job `j1` after a wait has taken its id out of the queue, and before it is claimed.
#[track_caller]
fn assert_does_not_run_after(snippet: &str) -> Stage {
    let stage = Stage::new();
    let world = &stage.world;
    let wait = stage.proxy.on(Match::command("BLMOVE"), Act::PauseReply);
    let mut worker = stage.waiting_worker(&[], 1);
    world.enqueue(&marking(world, "j1"));
    wait.wait();
    assert_eq!(world.redis.list("rq:queue:default"), [""; 0]);

    world.client.exec(snippet);
    wait.release();
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");

    assert_eq!(marks(world), 0);
    assert!(!world.redis.exists("rq:queue:default:intermediate"));
    worker.stop();
    stage
}

#[test]
fn a_job_that_is_canceled_between_the_wait_and_its_claim_does_not_run() {
    // RQ: it runs, and is listed as canceled and as finished.
    let stage = assert_does_not_run_after("fetch('j1').cancel()");

    assert_eq!(stage.world.view("j1")["status"], "canceled");
    assert_eq!(stage.world.client.eval("registries()['canceled']"), serde_json::json!(["j1"]));
    stage.finish();
}

#[test]
fn a_job_that_is_deleted_between_the_wait_and_its_claim_does_not_run() {
    let stage = assert_does_not_run_after("fetch('j1').delete()");

    assert!(!stage.world.redis.exists("rq:job:j1"));
    stage.finish();
}

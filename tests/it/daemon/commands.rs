//! commands in the narrow moments of a job reach the execution that they mean, or nothing.

use super::stage::{Stage, marks, transition_of};
use crate::harness::{Act, SOON, World};

#[test]
fn a_stop_that_comes_before_the_horse_has_its_job_stops_the_job() {
    // a worker of RQ kills its own process group then.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseReply);
    world.enqueue("'jobs.stubborn.forever', job_id='j1'");
    claim.wait();
    assert_eq!(world.view("j1")["status"], "started");

    world.client.exec("send_stop_job_command(conn, 'j1')");
    claim.release();

    world.wait_for_status("j1", "stopped");
    worker.stop();
    stage.finish();
}

#[test]
fn a_stop_that_comes_while_the_outcome_is_written_is_for_that_run_alone() {
    // a mark that was left behind would record the next failure as a stop.
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition_of("settle", "j1"), Act::PauseReply);
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.marks.leave_and_fail', {path:?}, job_id='j1', retry=Retry(max=1)"));
    settle.wait();
    assert_eq!(world.view("j1")["status"], "queued");

    world.client.exec("send_stop_job_command(conn, 'j1')");
    // What is no command is told at once, by whoever hears the commands: so the one before it was heard too.
    let _: u32 = world.redis.command(&["PUBLISH", "rq:pubsub:w1", "junk"]);
    worker.stdout.wait_for_line("Worker w1: ignored a message that is no command", SOON);
    settle.release();

    worker.stdout.wait_for_line("Not working on job j1, command ignored.", SOON);
    world.wait_for_status("j1", "failed");
    assert_eq!(marks(world), 2);
    worker.stop();
    stage.finish();
}

#[test]
fn a_kill_for_another_execution_is_ignored() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    let publish = |command: &str, execution: &str| {
        let payload = serde_json::json!({"command": command, "execution_id": execution}).to_string();
        assert_eq!(world.redis.command::<u32>(&["PUBLISH", "rq:pubsub:w1", &payload]), 1);
    };
    let own = world.redis.set("rq:worker:w1:executions").into_iter().next().unwrap();
    let own = own.strip_prefix("j1:").unwrap();

    publish("kill-horse", "another");
    publish("shutdown", "another");
    worker.stdout.wait_for_line("Not running execution another, command ignored.", SOON);
    assert_eq!(world.view("j1")["status"], "started");
    publish("kill-horse", own);

    world.wait_for_status("j1", "failed");
    assert!(worker.is_running());
    worker.stop();
    world.finish();
}

//! Commands that clients publish to a worker, at every moment of its life.

use nix::sys::signal::Signal;

use crate::harness::{Gate, SOON, Subject, Worker, World, for_every_client, wait_until};

/// A worker `w1` that works on the job `j1`, which waits.
#[track_caller]
fn busy_worker(world: &World, options: &str) -> (Worker, Gate) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'{options}", gate.literal()));
    let worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    (worker, gate)
}

for_every_client! {
    fn a_stopped_job_is_never_retried(world: &World) {
        let (mut worker, _gate) = busy_worker(world, ", retry=Retry(max=3)");

        world.client.exec("send_stop_job_command(conn, 'j1')");

        world.wait_for_status("j1", "stopped");
        assert_eq!(world.redis.field(&world.key("job:j1"), "retries_left").as_deref(), Some("3"));
        assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
        worker.stop();
    }

    fn a_shutdown_command_ends_an_idle_worker(world: &World) {
        let mut worker = world.idle_worker(&["--name", "w1"]);

        world.client.exec("send_shutdown_command(conn, 'w1')");

        assert_eq!(worker.wait_exit().code(), 0);
    }
}

#[test]
fn one_execution_can_be_stopped() {
    let world = World::new();
    let (mut worker, _gate) = busy_worker(&world, "");
    world.client.exec("from rq.command import send_stop_execution_command");
    world.client.exec("execution = fetch('j1').get_executions()[0].id");

    world.client.exec("send_stop_execution_command(conn, 'j1', execution)");

    world.wait_for_status("j1", "stopped");
    worker.stop();
    world.finish();
}

#[test]
fn another_execution_is_not_touched() {
    let world = World::new();
    let (mut worker, mut gate) = busy_worker(&world, "");

    publish(&world, r#"{"command": "stop-execution", "job_id": "j1", "execution_id": "e1"}"#);
    publish(&world, r#"{"command": "stop-job", "job_id": "j0"}"#);

    worker.stdout.wait_for_line("Not running execution e1, command ignored.", SOON);
    worker.stdout.wait_for_line("Not working on job j0, command ignored.", SOON);
    gate.open();
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

/// Sends a payload as it is to the worker `w1`.
#[track_caller]
fn publish(world: &World, payload: &str) {
    let heard: u32 = world.redis.command(&["PUBLISH", &world.key("pubsub:w1"), payload]);
    assert_eq!(heard, 1, "somebody hears the commands to w1");
}

#[test]
fn commands_to_an_idle_worker_are_told_and_change_nothing() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);

    publish(&world, r#"{"command": "stop-job", "job_id": "j1"}"#);
    publish(&world, r#"{"command": "kill-horse"}"#);
    publish(&world, r#"{"command": "dance"}"#);

    worker.stdout.wait_for_line("Not working on job j1, command ignored.", SOON);
    worker.stdout.wait_for_line("Worker is not working, kill horse command ignored", SOON);
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_stop_that_came_after_the_end_does_not_stop_the_next_run() {
    // R-26
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    world.enqueue("'jobs.raising.plain', job_id='j1'");
    world.wait_for_status("j1", "failed");
    world.wait_until_idle(&worker);

    world.client.exec("send_stop_job_command(conn, 'j1')");
    worker.stdout.wait_for_line("Not working on job j1, command ignored.", SOON);
    world.client.exec("fetch('j1').requeue()");

    let runs = || world.redis.field(&world.key("worker:w1"), "failed_job_count");
    wait_until(SOON, "the second run", || runs().as_deref() == Some("2"));
    assert_eq!(world.view("j1")["status"], "failed");
    worker.stop();
    world.finish();
}

#[test]
fn what_is_no_command_does_not_deafen_the_worker() {
    for payload in ["", "{", "null", "[]", "{}", r#"{"command": 3}"#, r#"{"command": "stop-job"}"#] {
        let world = World::new();
        if world.subject == Subject::Theirs {
            // RQ: its thread ends, and no later command is heard.
            return;
        }
        assert!(world.subject.differs("what is no command is told and passed over"));
        let mut worker = world.idle_worker(&["--name", "w1"]);

        publish(&world, payload);
        publish(&world, r#"{"command": "shutdown"}"#);

        assert_eq!(worker.wait_exit().code(), 0, "{payload:?}");
        world.finish();
    }
}

#[test]
fn a_lost_subscription_is_taken_up_again() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    let subscribers = || {
        let (_, count): (String, u32) = world.redis.command(&["PUBSUB", "NUMSUB", &world.key("pubsub:w1")]);
        count
    };
    wait_until(SOON, "the subscription", || subscribers() == 1);

    let cut: u32 = world.redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);

    assert_eq!(cut, 1);
    wait_until(SOON, "the subscription again", || subscribers() == 1);
    world.client.exec("send_shutdown_command(conn, 'w1')");
    assert_eq!(worker.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_kill_command_lets_a_job_with_retries_run_again() {
    let world = World::new();
    let (mut worker, mut gate) = busy_worker(&world, ", retry=Retry(max=1)");

    world.client.exec("send_kill_horse_command(conn, 'w1')");

    let runs = || world.redis.field(&world.key("worker:w1"), "failed_job_count");
    wait_until(SOON, "the first run to fail", || runs().as_deref() == Some("1"));
    gate.wait_for_arrival();
    gate.open();
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_second_shutdown_command_does_not_touch_the_job_within_a_second() {
    let world = World::new();
    let (mut worker, mut gate) = busy_worker(&world, "");

    world.client.exec("send_shutdown_command(conn, 'w1')");
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    worker.signal(Signal::SIGTERM);

    gate.open();
    assert_eq!(worker.wait_exit().code(), 0);
    assert_eq!(world.view("j1")["status"], "finished");
    world.finish();
}

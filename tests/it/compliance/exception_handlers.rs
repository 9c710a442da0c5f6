//! `--exception-handler` and `--disable-default-exception-handler`.

use serde_json::json;

use super::callbacks::calls;
use crate::harness::{Leaves, SOON, World, for_every_client};

for_every_client! {
    fn exception_handlers_are_called_in_order(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.failure'");

        world.work(&[
            "--exception-handler",
            "jobs.callbacks.handle_first",
            "--exception-handler",
            "jobs.callbacks.handle_second",
        ]);

        let calls = calls(world);
        let [callback, first, second] = &calls[..] else { panic!("three calls expected: {calls:?}") };
        assert_eq!(callback["callback"], "failure");
        assert_eq!((&first["handler"], &first["job"]), (&json!("first"), &json!(job)));
        assert_eq!((&first["kind"], &first["value"]), (&callback["kind"], &callback["value"]));
        assert_eq!(first["traceback"], true);
        assert_eq!(second["handler"], "second");
        assert_eq!(world.view(&job)["status"], "failed");
    }

    fn a_handler_that_returns_false_ends_the_row(world: &World) {
        world.enqueue("'jobs.raising.plain'");

        world.work(&[
            "--exception-handler",
            "jobs.callbacks.handle_last",
            "--exception-handler",
            "jobs.callbacks.handle_first",
        ]);

        assert_eq!(calls(world), [json!({ "handler": "last" })]);
    }
}

#[test]
fn a_job_that_succeeds_calls_no_handler() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1");

    world.work(&["--exception-handler", "jobs.callbacks.handle_first"]);

    assert_eq!(calls(&world).len(), 0);
    world.finish();
}

#[test]
fn a_handler_sees_what_the_failure_callback_raised() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.raising'");

    world.work(&["--exception-handler", "jobs.callbacks.handle_first"]);

    assert_eq!(calls(&world)[0]["kind"], "RuntimeError");
    world.finish();
}

#[test]
fn a_handler_that_raises_fails_the_job_and_not_the_worker() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain'");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&["--exception-handler", "jobs.callbacks.handle_badly"]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    let text = view["exc_info"].as_str().unwrap();
    if world.subject.differs("what an exception handler raises is recorded") {
        assert!(text.contains("\nDuring handling of the above exception, another exception"), "{text}");
        assert!(text.ends_with("RuntimeError: from the handler\n"), "{text}");
    } else {
        // RQ: the horse ends with it, and both exceptions are lost.
        assert!(text.starts_with("Work-horse terminated unexpectedly"), "{text}");
    }
    assert_eq!(world.view(&next)["result"], 1);
    world.finish();
}

#[test]
fn a_handler_that_cannot_be_imported_ends_the_worker_at_start() {
    for name in ["jobs.callbacks.missing", "nowhere.at_all"] {
        let world = World::new();

        let exit = world.worker(&["--burst", "--exception-handler", name]).wait_exit();

        if world.subject.differs("a handler that cannot be used is a mistake in the configuration") {
            assert_eq!(exit.code(), 78);
            assert!(
                exit.stderr.contains(&format!("cannot use the exception handler {name}")),
                "{}",
                exit.stderr
            );
            assert!(exit.stderr.contains("--exception-handler takes the dotted name"), "{}", exit.stderr);
        } else {
            assert_eq!(exit.code(), 1);
        }
        assert_eq!(world.redis.keys(), [] as [String; 0]);
        world.finish();
    }
}

#[test]
fn a_handler_that_cannot_be_called_ends_our_worker_at_start() {
    let world = World::new();
    if !world.subject.differs("a handler that cannot be used is a mistake in the configuration") {
        return;
    }

    let exit = world.worker(&["--burst", "--exception-handler", "jobs.callbacks.NO_HANDLER"]).wait_exit();

    assert_eq!(exit.code(), 78);
    assert!(exit.stderr.contains("it is a int, which cannot be called"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn the_disabled_default_handler_leaves_only_the_status() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='j1'");

    world.work(&[
        "--disable-default-exception-handler",
        "--exception-handler",
        "jobs.callbacks.handle_first",
    ]);

    assert_eq!(world.view("j1")["status"], "failed");
    assert_eq!(world.redis.ttl(&world.key("job:j1")), -1);
    assert!(!world.redis.exists(&world.key("results:j1")));
    assert!(!world.redis.exists(&world.key("failed:default")));
    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
    assert_eq!(world.redis.field(&world.key("job:j1"), "ended_at").as_deref(), Some(""));
    assert_eq!(calls(&world).len(), 1);
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn the_disabled_default_handler_leaves_only_the_status_of_a_killed_job() {
    let world = World::new();
    world.enqueue("'jobs.exits.by_signal', 'SIGKILL', job_id='j1'");

    world.work(&["-d"]);

    assert_eq!(world.view("j1")["status"], "failed");
    assert!(!world.redis.exists(&world.key("results:j1")));
    assert!(!world.redis.exists(&world.key("failed:default")));
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn the_disabled_default_handler_changes_nothing_for_a_job_that_is_retried() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='j1', retry=Retry(max=1)");

    world.work(&["-d"]);

    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("2"));
    assert_eq!(world.view("j1")["status"], "failed");
    assert!(!world.redis.exists(&world.key("failed:default")));
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn the_disabled_default_handler_leaves_only_the_status_of_a_stopped_job() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "-d"]);
    gate.wait_for_arrival();

    world.client.exec("send_stop_job_command(conn, 'j1')");

    worker.stdout.wait_for_line("Worker w1: job j1 stopped by user, moving job to FailedJobRegistry", SOON);
    worker.stop();
    assert_eq!(world.view("j1")["status"], "stopped");
    assert!(!world.redis.exists(&world.key("results:j1")));
    assert!(!world.redis.exists(&world.key("failed:default")));
    world.finish_leaving(&[Leaves::Job("j1")]);
}

//! Results that are larger than `horse.max_result_size`, or Redis, takes.

use serde_json::json;

use super::callbacks::calls;
use crate::harness::{Exit, World};

const LARGE: usize = 2 << 20;

/// Runs all jobs with a worker that takes results up to half a megabyte.
#[track_caller]
fn work(world: &World, arguments: &[&str]) -> Exit {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1"]).args(arguments);
    command.env("RQ_HORSE__MAX_RESULT_SIZE", "512KiB");
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

#[test]
fn a_result_that_is_too_large_fails_the_job_after_its_success_callback() {
    for class in ["rq.Worker", "jobs.own.Performing"] {
        let world = World::new();
        let callbacks = "on_success='jobs.callbacks.success', on_failure='jobs.callbacks.failure'";
        let large = world.enqueue(&format!("'jobs.returns.huge', {LARGE}, {callbacks}"));
        let listed = world.enqueue(&format!("'jobs.returns.huge_in_a_list', {LARGE}"));
        let small = world.enqueue("'jobs.returns.huge', 300_000");

        work(&world, &["-w", class]);

        let calls: Vec<_> = calls(&world).iter().map(|call| call["callback"].clone()).collect();
        if world.subject.differs("a result above `horse.max_result_size` fails the job") {
            assert_eq!(calls, ["success", "failure"], "{class}");
            let view = world.view(&large);
            let text = view["exc_info"].as_str().unwrap();
            let told = "rqd.ResultTooLarge: the result takes at least 2097152 bytes when it is serialized, and \
                        horse.max_result_size allows 524288\n";
            assert!(text.ends_with(told), "{class}: {text}");
            let view = world.view(&listed);
            let text = view["exc_info"].as_str().unwrap();
            assert!(text.contains("the result takes 20971"), "{class}: {text}");
            assert_eq!(world.client.eval("len(registries()['failed'])"), 2, "{class}");
        } else {
            assert_eq!(calls, ["success"], "{class}");
            assert_eq!(world.view(&large)["status"], "finished", "{class}");
        }
        assert_eq!(world.view(&small)["status"], "finished", "{class}");
        let _: i64 = world.redis.command(&["DEL", "trace"]);
        world.finish();
    }
}

#[test]
fn a_result_that_nobody_keeps_may_be_of_any_size() {
    for class in ["rq.Worker", "jobs.own.Performing"] {
        let world = World::new();
        let large = format!("'jobs.returns.huge', {LARGE}");
        world.enqueue(&format!("{large}, result_ttl=0, on_success='jobs.callbacks.success'"));
        world.enqueue(&large);

        let exit = work(&world, &["-w", class, "--results-ttl", "0"]);

        assert_eq!(exit.stdout.matches("Job OK").count(), 2, "{class}: {}", exit.stdout);
        assert_eq!(calls(&world).len(), 1, "{class}");
        assert_eq!(world.client.eval("registries()['failed']"), json!([]), "{class}");
        let _: i64 = world.redis.command(&["DEL", "trace"]);
        world.finish();
    }
}

#[test]
fn a_result_of_a_gibibyte_fails_its_job_without_being_copied() {
    let world = World::new();
    if !world.subject.differs("a result above `horse.max_result_size` fails the job") {
        return;
    }
    world.enqueue("'jobs.returns.zeros', 1 << 30, job_id='j1'");

    world.work(&[]);

    let view = world.view("j1");
    let text = view["exc_info"].as_str().unwrap();
    assert!(text.contains("at least 1073741824 bytes"), "{text}");
    assert!(text.contains("horse.max_result_size allows 268435456"), "{text}");
    world.finish();
}

#[test]
fn a_result_that_redis_would_refuse_fails_its_job() {
    let world = World::new();
    if !world.subject.differs("a result above `horse.max_result_size` fails the job") {
        return;
    }
    let _: String = world.redis.command(&["CONFIG", "SET", "proto-max-bulk-len", "1mb"]);
    world.enqueue(&format!("'jobs.returns.huge', {LARGE}, job_id='j1'"));

    let exit = world.work(&[]);

    let told = "horse.max_result_size of 268435456 bytes is more than Redis takes, as its proto-max-bulk-len is 1048576: \
                results may have 786432 bytes";
    assert!(exit.stdout.contains(told), "{}", exit.stdout);
    let view = world.view("j1");
    let text = view["exc_info"].as_str().unwrap();
    assert!(text.contains("horse.max_result_size allows 786432"), "{text}");
    world.finish();
}

#[test]
fn a_result_that_redis_refuses_unexpectedly_fails_its_job() {
    let world = World::new();
    if !world.subject.differs("a result above `horse.max_result_size` fails the job") {
        return;
    }
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.huge', {}, {LARGE}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    gate.wait_for_arrival();

    let _: String = world.redis.command(&["CONFIG", "SET", "proto-max-bulk-len", "1mb"]);
    gate.open();
    worker.wait_exit();

    let view = world.view("j1");
    let text = view["exc_info"].as_str().unwrap();
    assert!(text.starts_with("The job ended, but its outcome could not be written: "), "{text}");
    world.finish();
}

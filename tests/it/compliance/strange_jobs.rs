//! Jobs that are not as they should be.

use crate::harness::{Leaves, Subject, World};

#[test]
fn an_id_whose_job_is_gone_is_passed_over() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='gone'");
    let next = world.enqueue("'jobs.returns.value', 2");
    let _: i64 = world.redis.command(&["DEL", &world.key("job:gone")]);

    let exit = world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    assert!(!exit.stdout.contains("gone"), "{}", exit.stdout);
    assert!(!world.redis.exists(&world.key("job:gone")));
    let left: &[Leaves] = match world.subject {
        Subject::Ours => &[],
        Subject::Theirs => &[Leaves::GoneIds],
    };
    world.finish_leaving(left);
}

#[test]
fn a_hash_without_data_counts_as_gone() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='empty'");
    let next = world.enqueue("'jobs.returns.value', 2");
    let _: i64 = world.redis.command(&["HDEL", &world.key("job:empty"), "data"]);

    world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    world.finish_leaving(&[Leaves::GoneIds, Leaves::Job("empty")]);
}

#[test]
fn a_payload_that_cannot_be_read_fails_the_job() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    let next = world.enqueue("'jobs.returns.value', 2");
    let _: i64 = world.redis.command(&["HSET", &world.key("job:j1"), "data", "not a pickle"]);

    let exit = world.work(&[]);

    let text = world.client.eval("fetch('j1').latest_result().exc_string");
    assert!(text.as_str().unwrap().contains("rq.exceptions.DeserializationError"), "{text}");
    assert_eq!(world.redis.field(&world.key("job:j1"), "status").as_deref(), Some("failed"));
    assert!(
        exit.stderr.contains("job j1: exception raised while executing (<DeserializationError>)"),
        "{}",
        exit.stderr
    );
    assert_eq!(world.view(&next)["result"], 2);
    world.finish();
}

#[test]
fn a_payload_with_a_class_that_is_gone_fails_the_job() {
    let world = World::new();
    world.client.exec("from jobs import calls");
    let job = world.enqueue("calls.Greeter('Ada').greet");
    let next = world.enqueue("'jobs.returns.value', 2");
    let source = std::fs::read_to_string(world.path("jobs/calls.py")).unwrap();
    std::fs::write(world.path("jobs/calls.py"), source.replace("Greeter", "Receptionist")).unwrap();

    world.work(&[]);

    assert_eq!(world.redis.field(&world.key(&format!("job:{job}")), "status").as_deref(), Some("failed"));
    assert_eq!(world.view(&next)["result"], 2);
    world.finish();
}

/// Asserts that our worker passes a hash that no Python worker survives, and does the next job.
#[track_caller]
fn assert_survives(field: &str, value: &str) {
    let world = World::new();
    if world.subject == Subject::Theirs {
        // RQ: the worker that pops such a job quits.
        return;
    }
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    let next = world.enqueue("'jobs.returns.value', 2");
    let _: i64 = world.redis.command(&["HSET", &world.key("job:j1"), field, value]);

    world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    assert!(!world.redis.exists(&world.key("queue:default")));
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn an_unknown_status_does_not_stop_the_worker() {
    assert_survives("status", "from_the_future");
}

#[test]
fn a_broken_time_does_not_stop_the_worker() {
    assert_survives("enqueued_at", "yesterday");
}

#[test]
fn a_broken_number_does_not_stop_the_worker() {
    assert_survives("timeout", "5m");
}

#[test]
fn an_empty_number_does_not_stop_the_worker() {
    assert_survives("enqueue_at_front", "");
}

#[test]
fn a_key_of_another_type_does_not_stop_the_worker() {
    let world = World::new();
    if world.subject == Subject::Theirs {
        return;
    }
    let _: i64 = world.redis.command(&["RPUSH", &world.key("queue:default"), "j1"]);
    let _: () = world.redis.command(&["SET", &world.key("job:j1"), "a string"]);
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    let _: i64 = world.redis.command(&["DEL", &world.key("job:j1")]);
    world.finish();
}

#[test]
fn a_canceled_job_whose_id_is_still_queued_runs() {
    let world = World::new();
    // RQ: nothing looks at the status.
    let job = world.enqueue("'jobs.returns.value', 1");
    let _: i64 = world.redis.command(&["HSET", &world.key(&format!("job:{job}")), "status", "canceled"]);

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    world.finish();
}

//! whatever stands in a job's hash or in RQ's keys, the worker goes on, and the job ends with a reason.

use serde_json::json;

use super::stage::wait_until_waiting;
use crate::harness::{Leaves, SOON, World, wait_until};

/// Every field that a client writes, but for the payload and what a claim overwrites.
const FIELDS: [&str; 27] = [
    "created_at",
    "enqueued_at",
    "ended_at",
    "origin",
    "description",
    "timeout",
    "result_ttl",
    "failure_ttl",
    "ttl",
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "success_callback_timeout",
    "retries_left",
    "retry_intervals",
    "number_of_retries",
    "enqueue_at_front_on_retry",
    "repeats_left",
    "repeat_intervals",
    "rate_limit_concurrency",
    "dependency_ids",
    "dependency_id",
    "allow_dependency_failures",
    "enqueue_at_front",
    "group_id",
    "webhooks",
    "meta",
];

/// Enqueues a job per field with this value in it, and one that is sound; asserts that all of them end, each in one registry.
#[track_caller]
fn assert_every_field_may_be(function: &str, value: &[u8]) {
    let world = World::new();
    for field in FIELDS {
        let id = format!("poisoned-{field}");
        world.enqueue(&format!("{function}, job_id='{id}', retry=None"));
        let words = [b"HSET".to_vec(), format!("rq:job:{id}").into_bytes(), field.into(), value.to_vec()];
        let _: i64 = world.redis.command(&words);
    }
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    for field in FIELDS {
        assert_ended_and_clean_up(&world, &format!("poisoned-{field}"));
    }
    world.finish();
}

/// Asserts that a job is finished, failed, gone or (by a retry that its poison asks for) scheduled, and in the registry that says
/// so; then deletes it, as no Python client could.
#[track_caller]
fn assert_ended_and_clean_up(world: &World, id: &str) {
    let origin: Option<Vec<u8>> = world.redis.command(&["HGET", &format!("rq:job:{id}"), "origin"]);
    let origin = origin.and_then(|origin| String::from_utf8(origin).ok()).filter(|origin| !origin.is_empty());
    let origin = origin.unwrap_or_else(|| "default".to_owned());
    let status = world.redis.field(&format!("rq:job:{id}"), "status");
    let registry = match status.as_deref() {
        None => return,
        Some(status @ ("finished" | "failed" | "scheduled")) => format!("rq:{status}:{origin}"),
        Some(other) => panic!("{id} is {other}"),
    };
    let removed: i64 = world.redis.command(&["ZREM", &registry, id]);
    assert_eq!(removed, 1, "{id} in {registry}");
    for key in [format!("rq:job:{id}"), format!("rq:results:{id}")] {
        let _: i64 = world.redis.command(&["DEL", &key]);
    }
}

#[test]
fn binary_garbage_in_any_field_of_a_job_that_returns_is_survived() {
    assert_every_field_may_be("'jobs.returns.value', 1", b"\xff\xfe\x00garbage\r\n\x80");
}

#[test]
fn binary_garbage_in_any_field_of_a_job_that_raises_is_survived() {
    assert_every_field_may_be("'jobs.raising.plain'", b"\xff\xfe\x00garbage\r\n\x80");
}

#[test]
fn an_enormous_number_in_any_field_is_survived() {
    assert_every_field_may_be("'jobs.raising.plain'", b"99999999999999999999");
}

#[test]
fn the_largest_number_in_any_field_is_survived() {
    assert_every_field_may_be("'jobs.returns.value', 1", b"9223372036854775807");
}

#[test]
fn a_fraction_in_any_field_is_survived() {
    assert_every_field_may_be("'jobs.raising.plain'", b"3.75");
}

#[test]
fn infinity_in_any_field_is_survived() {
    assert_every_field_may_be("'jobs.raising.plain'", b"1e999");
}

#[test]
fn nothing_in_any_field_is_survived() {
    assert_every_field_may_be("'jobs.raising.plain'", b"");
}

#[test]
fn huge_fields_are_survived() {
    assert_every_field_may_be("'jobs.returns.value', 1", &vec![b'9'; 1 << 20]);
}

#[test]
fn deeply_nested_json_in_any_field_is_survived() {
    assert_every_field_may_be("'jobs.raising.plain'", &vec![b'['; 50_000]);
}

#[test]
fn a_job_without_an_origin_belongs_to_the_queue_it_was_on() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    let _: i64 = world.redis.command(&["HDEL", "rq:job:j1", "origin"]);

    world.work(&[]);

    assert_eq!(world.redis.field("rq:job:j1", "status").as_deref(), Some("finished"));
    assert_eq!(world.client.eval("registries()['finished']"), json!(["j1"]));
    world.finish();
}

/// Asserts that a worker ends a job well, and the next one, though this key of RQ holds a string.
#[track_caller]
fn assert_survives_a_string_in(key: &str, function: &str, status: &str) {
    let world = World::new();
    world.enqueue(&format!("{function}, job_id='j1'"));
    let next = world.enqueue("'jobs.returns.value', 2");
    let _: () = world.redis.command(&["SET", key, "a string"]);

    world.work(&[]);

    assert_eq!(world.redis.field("rq:job:j1", "status").as_deref(), Some(status));
    assert_eq!(world.redis.field(&format!("rq:job:{next}"), "status").as_deref(), Some("finished"));
    world.finish();
}

#[test]
fn a_started_registry_of_another_type_is_survived() {
    assert_survives_a_string_in("rq:wip:default", "'jobs.returns.value', 1", "finished");
}

#[test]
fn a_finished_registry_of_another_type_is_survived() {
    assert_survives_a_string_in("rq:finished:default", "'jobs.returns.value', 1", "finished");
}

#[test]
fn a_failed_registry_of_another_type_is_survived() {
    assert_survives_a_string_in("rq:failed:default", "'jobs.raising.plain'", "failed");
}

#[test]
fn results_of_another_type_are_survived() {
    assert_survives_a_string_in("rq:results:j1", "'jobs.returns.value', 1", "finished");
    assert_survives_a_string_in("rq:results:j1", "'jobs.raising.plain'", "failed");
}

#[test]
fn executions_of_another_type_are_survived() {
    assert_survives_a_string_in("rq:executions:j1", "'jobs.returns.value', 1", "finished");
    assert_survives_a_string_in("rq:worker:w1:executions", "'jobs.returns.value', 1", "finished");
}

#[test]
fn dependents_of_another_type_are_survived() {
    assert_survives_a_string_in("rq:job:j1:dependents", "'jobs.returns.value', 1", "finished");
}

#[test]
fn a_set_of_workers_or_queues_of_another_type_is_survived() {
    assert_survives_a_string_in("rq:workers", "'jobs.returns.value', 1", "finished");
    assert_survives_a_string_in("rq:workers:default", "'jobs.returns.value', 1", "finished");
}

#[test]
fn a_worker_key_of_another_type_is_survived() {
    assert_survives_a_string_in("rq:worker:w1", "'jobs.returns.value', 1", "finished");
}

#[test]
fn an_intermediate_list_of_another_type_is_survived() {
    let world = World::new();
    let _: () = world.redis.command(&["SET", "rq:queue:default:intermediate", "a string"]);
    let mut worker = world.worker(&["--name", "w1"]);
    world.wait_until_idle(&worker);

    let job = world.enqueue("'jobs.returns.value', 1");

    world.wait_for_status(&job, "finished");
    worker.stop();
    let _: i64 = world.redis.command(&["DEL", "rq:queue:default:intermediate"]);
    world.finish();
}

#[test]
fn a_queue_of_another_type_is_put_aside_and_then_served() {
    let world = World::new();
    let _: () = world.redis.command(&["SET", "rq:queue:bad", "a string"]);
    let mut worker = world.worker(&["--name", "w1", "bad", "default"]);
    wait_until_waiting(&world, 2);

    for (id, queue) in [("j1", "bad"), ("j2", "default")] {
        world.client.exec(&format!("queue({queue:?}).enqueue('jobs.returns.value', 1, job_id={id:?})"));
        world.wait_for_status(id, "finished");
    }

    worker.stop();
    let kept: String = world.redis.command(&["GET", "rq:rqd:aside:rq:queue:bad"]);
    assert_eq!(kept, "a string");
    world.finish();
}

#[test]
fn a_server_that_forbids_to_wait_is_asked_now_and_then() {
    let world = World::new();
    let _: () = world.redis.command(&["ACL", "SETUSER", "default", "-blmove"]);
    let mut worker = world.idle_worker(&["--name", "w1"]);
    let commands = || -> u64 {
        let info: String = world.redis.command(&["INFO", "stats"]);
        let count = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
        count.unwrap().trim().parse().unwrap()
    };
    let (before, began) = (commands(), world.redis.now());

    wait_until(SOON, "two seconds", || world.redis.now() > began + 2.0);

    // The questions for the time are among them; without a pause there are tens of thousands more.
    let asked = commands() - before;
    assert!(asked < 2000, "{asked} commands in two seconds");
    let job = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&job, "finished");
    worker.stop();
    world.finish();
}

#[test]
fn an_endless_retry_interval_is_survived() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='j1', retry=Retry(max=1, interval=9223372036854775807)");
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    assert_eq!(world.client.eval("registries()['scheduled']"), json!(["j1"]));
    world.finish();
}

#[test]
fn a_dependent_with_a_poisoned_hash_does_not_spoil_the_end_of_its_parent() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='parent'");
    for id in ["garbled", "nested", "sound"] {
        world.enqueue(&format!("'jobs.returns.value', 2, job_id='{id}', depends_on='parent'"));
    }
    for (id, value) in [("garbled", "[[\"parent\"], null, 3]"), ("nested", &"[".repeat(50_000))] {
        let _: i64 = world.redis.command(&["HSET", &format!("rq:job:{id}"), "dependency_ids", value]);
    }

    world.work(&[]);

    assert_eq!(world.view("parent")["status"], "finished");
    assert_eq!(world.view("sound")["status"], "finished");
    world.finish_leaving(&[Leaves::Job("garbled"), Leaves::Job("nested")]);
}

#[test]
fn a_job_that_no_frame_can_hold_fails_with_a_reason() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1', job_timeout=-1");
    let next = world.enqueue("'jobs.returns.value', 2");
    let name = "x".repeat(5 << 20);
    let _: i64 = world.redis.command(&["HSET", "rq:job:j1", &name, "1"]);

    world.work(&[]);

    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(text.contains("too long to send"), "{text}");
    assert_eq!(world.view(&next)["result"], 2);
    world.finish();
}

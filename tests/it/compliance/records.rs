//! The exact form of what a finished or failed job's hash holds.

use crate::harness::{Hash, World, for_every_client, is_timestamp, text};

/// RQ: version 1 has no groups.
const FIELDS: [&str; 15] = [
    "created_at",
    "data",
    "description",
    "ended_at",
    "enqueued_at",
    "failure_callback_name",
    "group_id",
    "last_heartbeat",
    "origin",
    "started_at",
    "status",
    "stopped_callback_name",
    "success_callback_name",
    "timeout",
    "worker_name",
];

/// Asserts that the hash has RQ's fields and no other, and every time in RQ's exact form and in order.
#[track_caller]
fn assert_rqs_form(before: &Hash, hash: &Hash) {
    let fields: Vec<_> = hash.keys().map(String::as_str).collect();
    let known = |field: &&str| *field != "group_id" || before.contains_key("group_id");
    assert_eq!(fields, FIELDS.into_iter().filter(known).collect::<Vec<_>>());
    let times = ["created_at", "enqueued_at", "started_at", "ended_at"].map(|field| text(hash, field));
    for time in times.iter().chain([&text(hash, "last_heartbeat")]) {
        assert!(is_timestamp(time), "{time}");
    }
    assert!(times.is_sorted(), "{times:?}");
}

for_every_client! {
    fn the_hash_of_a_finished_job_has_rqs_form(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1");
        let before = world.redis.hash(&world.key(&format!("job:{job}")));

        world.work(&[]);

        let after = world.redis.hash(&world.key(&format!("job:{job}")));
        assert_rqs_form(&before, &after);
        assert_eq!(text(&after, "status"), "finished");
        assert_eq!(text(&after, "worker_name"), "w1");
        for field in ["data", "created_at", "enqueued_at", "description", "origin", "timeout", "group_id"] {
            assert_eq!(after.get(field), before.get(field), "{field} changed");
        }
    }

    fn the_hash_of_a_failed_job_has_rqs_form(world: &World) {
        let job = world.enqueue("'jobs.raising.plain'");
        let before = world.redis.hash(&world.key(&format!("job:{job}")));

        world.work(&[]);

        let hash = world.redis.hash(&world.key(&format!("job:{job}")));
        assert_rqs_form(&before, &hash);
        assert_eq!(text(&hash, "status"), "failed");
        assert_eq!(text(&hash, "worker_name"), "w1");
    }

    fn fields_of_the_client_that_the_worker_does_not_know_stay(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1, description='a sum', meta={'k': 1}");
        let key = world.key(&format!("job:{job}"));
        let _: i64 = world.redis.command(&["HSET", &key, "from_the_future", "kept"]);
        let meta = world.redis.hash(&key)["meta"].clone();

        world.work(&[]);

        let hash = world.redis.hash(&key);
        assert_eq!(text(&hash, "from_the_future"), "kept");
        assert_eq!(text(&hash, "description"), "a sum");
        assert_eq!(hash["meta"], meta);
    }
}

#[test]
fn started_at_is_when_the_function_began_and_ended_at_when_it_returned() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--burst"]);
    gate.wait_for_arrival();
    let in_the_middle = world.client.eval("datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')");
    gate.open();
    worker.wait_exit();

    let hash = world.redis.hash(&world.key(&format!("job:{job}")));

    let in_the_middle = in_the_middle.as_str().unwrap();
    assert!(text(&hash, "started_at").as_str() < in_the_middle, "{}", text(&hash, "started_at"));
    assert!(text(&hash, "ended_at").as_str() > in_the_middle, "{}", text(&hash, "ended_at"));
    world.finish();
}

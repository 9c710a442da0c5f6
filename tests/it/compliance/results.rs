//! What becomes of a returned value, and how long it is kept.

use serde_json::{Value, json};

use crate::harness::{Version, World, for_every_client, is_python_float, text};

/// Asserts that a time to live was set a moment ago.
#[track_caller]
fn assert_fresh_ttl(ttl: i64, expected: i64) {
    assert!(
        (expected - 15..=expected).contains(&ttl),
        "expected a time to live of about {expected} s, found {ttl} s"
    );
}

/// Asserts that the job is in the finished registry with a score of about now plus `ttl`.
#[track_caller]
fn assert_finished_for(world: &World, job: &str, ttl: i64) {
    let entries = world.redis.sorted_set(&world.key("finished:default"));
    let [(member, score)] = entries.as_slice() else { panic!("one entry expected in {entries:?}") };
    assert_eq!(member, job);
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    assert_fresh_ttl((score - world.redis.now()) as i64 + 1, ttl);
    assert!(score.fract() == 0.0, "scores are whole seconds, not {score}");
}

#[test]
fn none_is_a_result_without_a_value() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.nothing'");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(world.view(&job)["result"], Value::Null);
    let [entry] = &world.redis.stream(&world.key(&format!("results:{job}")))[..] else {
        panic!("one entry expected")
    };
    assert_eq!(text(entry, "type"), "1");
    assert!(!entry.contains_key("return_value"));
    world.finish();
}

#[test]
fn the_entry_of_a_result_has_rqs_fields() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.add', 1");

    world.work(&[]);

    let [entry] = &world.redis.stream(&world.key(&format!("results:{job}")))[..] else {
        panic!("one entry expected")
    };
    let fields: Vec<_> = entry.keys().map(String::as_str).collect();
    let expected =
        ["execution_ended_at", "execution_id", "execution_started_at", "return_value", "type", "worker_name"];
    assert_eq!(fields, expected);
    assert_eq!(text(entry, "type"), "1");
    assert_eq!(text(entry, "worker_name"), "w1");
    assert_eq!(text(entry, "return_value"), "gAVLAS4=");
    assert_eq!(text(entry, "execution_id").len(), 32);
    for field in ["execution_started_at", "execution_ended_at"] {
        assert!(is_python_float(&text(entry, field)), "{field} is {}", text(entry, field));
    }
    world.finish();
}

#[test]
fn an_unserializable_result_is_stored_as_rqs_text() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.unserializable'");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(world.view(&job)["result"], "Unserializable return value");
    world.finish();
}

#[test]
fn a_huge_result_arrives_whole() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.huge', 20_000_000");

    world.work(&[]);

    assert_eq!(world.client.eval(&format!("len(fetch({job:?}).return_value())")), 20_000_000);
    world.finish();
}

#[test]
fn huge_arguments_arrive_whole() {
    let world = World::new();
    let job = world.enqueue("len, 'x' * 20_000_000");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], 20_000_000);
    world.finish();
}

for_every_client! {
    fn a_result_is_kept_for_500_seconds_by_default(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1");

        world.work(&[]);

        assert_fresh_ttl(world.redis.ttl(&world.key(&format!("job:{job}"))), 500);
        assert_fresh_ttl(world.redis.ttl(&world.key(&format!("results:{job}"))), 500);
        assert_finished_for(world, &job, 500);
    }

    fn result_ttl_of_the_job_counts_before_the_workers(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1, result_ttl=1000");

        world.work(&["--results-ttl", "77"]);

        assert_fresh_ttl(world.redis.ttl(&world.key(&format!("job:{job}"))), 1000);
        assert_finished_for(world, &job, 1000);
    }

    fn a_result_ttl_of_minus_one_keeps_for_ever(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1, result_ttl=-1");

        world.work(&[]);

        assert_eq!(world.redis.ttl(&world.key(&format!("job:{job}"))), -1);
        assert_eq!(world.redis.ttl(&world.key(&format!("results:{job}"))), -1);
        assert_eq!(world.redis.sorted_set(&world.key("finished:default")), [(job.clone(), f64::INFINITY)]);
        assert_eq!(world.view(&job)["result"], 1);
    }

    fn a_result_ttl_of_zero_leaves_nothing_of_the_job(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1, result_ttl=0");

        let exit = world.work(&[]);

        let left: Vec<_> = world.redis.keys().into_iter().filter(|key| key.contains(&job)).collect();
        assert_eq!(left, [""; 0]);
        assert!(!world.redis.exists(&world.key("finished:default")));
        assert_eq!(world.redis.field(&world.key("worker:w1"), "successful_job_count").as_deref(), Some("1"));
        if world.level >= Version::V2_12_0 {
            assert!(exit.stdout.contains(&format!("job {job} result discarded immediately")), "{}", exit.stdout);
        }
    }

    fn a_client_that_waits_for_the_result_is_woken(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1");
        let mut worker = world.worker(&["--burst"]);

        let result = world.client.eval(&format!("fetch({job:?}).latest_result(timeout=15).return_value"));

        assert_eq!(result, json!(1));
        worker.wait_exit();
    }
}

#[test]
fn results_ttl_of_the_worker_counts_for_jobs_without_their_own() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.add', 1");

    world.work(&["--results-ttl", "77"]);

    assert_fresh_ttl(world.redis.ttl(&world.key(&format!("job:{job}"))), 77);
    assert_fresh_ttl(world.redis.ttl(&world.key(&format!("results:{job}"))), 77);
    assert_finished_for(&world, &job, 77);
    world.finish();
}

#[test]
fn a_job_with_a_ttl_of_its_own_loses_it_when_it_starts() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}, ttl=900", gate.literal()));
    assert_fresh_ttl(world.redis.ttl(&world.key(&format!("job:{job}"))), 900);
    let mut worker = world.worker(&["--burst"]);

    gate.wait_for_arrival();

    assert_eq!(world.redis.ttl(&world.key(&format!("job:{job}"))), -1);
    gate.open();
    worker.wait_exit();
    assert_fresh_ttl(world.redis.ttl(&world.key(&format!("job:{job}"))), 500);
    world.finish();
}

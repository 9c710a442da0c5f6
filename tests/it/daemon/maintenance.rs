//! The chores of RQ's maintenance, off the way of the jobs.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stage::{burst_of_another, wait_until_waiting};
use crate::harness::{Leaves, SOON, World, wait_until};

#[test]
fn a_registry_of_a_hundred_thousand_expired_entries_does_not_hold_up_a_job() {
    let world = World::new();
    world.client.exec(
        "for start in range(0, 100_000, 10_000):
    conn.zadd('rq:finished:default', {'gone%d' % i: 1 for i in range(start, start + 10_000)})
    conn.zadd('rq:failed:default', {'gone%d' % i: 1 for i in range(start, start + 10_000)})",
    );
    let mut worker = world.worker(&["--name", "w1"]);
    wait_until_waiting(&world, 1);

    for number in 0..20 {
        let began = Instant::now();
        let job = world.enqueue(&format!("'jobs.returns.value', {number}"));
        world.wait_for_status(&job, "finished");
        assert!(began.elapsed() < Duration::from_secs(3), "job {number} took {:?}", began.elapsed());
    }

    wait_until(SOON, "the registries to be purged", || {
        let left: (u64, u64) = (
            world.redis.command(&["ZCARD", "rq:finished:default"]),
            world.redis.command(&["ZCARD", "rq:failed:default"]),
        );
        left == (20, 0)
    });
    wait_until(SOON, "the lock to be given back", || !world.redis.exists("rq:clean_registries:default"));
    worker.stop();
    world.finish();
}

#[test]
fn ready_jobs_that_nobody_enqueued_are_enqueued() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let _: i64 = world.redis.command(&["DEL", "rq:queue:default"]);
    let _: i64 = world.redis.command(&["HSET", &format!("rq:job:{job}"), "status", "ready_to_enqueue"]);
    for id in [job.as_str(), "gone"] {
        let _: i64 = world.redis.command(&["ZADD", "rq:ready:default", "1", id]);
    }

    burst_of_another(&world, &[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert!(!world.redis.exists("rq:ready:default"));
    world.finish();
}

#[test]
fn groups_lose_jobs_that_are_gone_and_empty_ones_vanish() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    for (key, member) in [
        ("rq:groups", "full"),
        ("rq:groups", "hollow"),
        ("rq:groups", "empty"),
        ("rq:group:full", job.as_str()),
        ("rq:group:full", "gone"),
        ("rq:group:hollow", "gone"),
    ] {
        let _: i64 = world.redis.command(&["SADD", key, member]);
    }

    let exit = world.work(&[]);

    assert_eq!(world.redis.set("rq:groups").into_iter().collect::<Vec<_>>(), ["full"]);
    assert_eq!(world.redis.set("rq:group:full").into_iter().collect::<Vec<_>>(), [job]);
    assert!(!world.redis.exists("rq:group:hollow"));
    assert!(exit.stdout.contains("Worker w1: cleaning group registries"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_queue_that_another_cleans_is_not_waited_for() {
    let world = World::new();
    let _: () = world.redis.command(&["SET", "rq:clean_registries:default", "1", "EX", "899"]);
    let job = world.enqueue("'jobs.returns.value', 1");

    let exit = world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert!(!exit.stdout.contains("cleaning registries"), "{}", exit.stdout);
    // nor is its lock taken away.
    assert!(world.redis.exists("rq:clean_registries:default"));
    world.finish();
}

#[test]
fn a_stale_mark_of_pythons_cleaner_does_not_outlive_an_id_that_is_put_back() {
    // within a day, Python would fail the job the moment that its id is seen there again.
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let mark = format!("rq:queue:default:intermediate:first_seen:{job}");
    let _: String =
        world.redis.command(&["LMOVE", "rq:queue:default", "rq:queue:default:intermediate", "LEFT", "RIGHT"]);
    let _: () = world.redis.command(&["SET", &mark, "1.5", "EX", "86400"]);
    let mut worker = world.worker(&["--name", "w1"]);

    world.wait_for_status(&job, "finished");

    assert!(!world.redis.exists(&mark));
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_a_python_worker_claimed_but_did_not_start_is_put_back() {
    // the lease is its only entry, and Python 3.0 drops it without a look at the job.
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let _: i64 = world.redis.command(&["DEL", "rq:queue:default"]);
    let _: i64 = world.redis.command(&["ZADD", "rq:wip:default", "1", &format!("{job}:e1")]);
    let mut worker = world.worker(&["--name", "w1"]);

    world.wait_for_status(&job, "finished");

    assert_eq!(world.client.eval("registries()['finished']"), json!([job]));
    worker.stop();
    world.finish();
}

#[test]
fn slots_that_nobody_uses_go_to_who_waits() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit
a = q.enqueue('jobs.returns.value', 1, job_id='a', rate_limit=RateLimit('k', 1))
b = q.enqueue('jobs.returns.value', 2, job_id='b', rate_limit=RateLimit('k', 1))
a.set_status('failed')
conn.delete('rq:queue:default')",
    );
    assert_eq!(world.redis.field("rq:job:b", "status").as_deref(), Some("rate_limited"));

    burst_of_another(&world, &[]);

    assert_eq!(world.view("b")["status"], "finished");
    world.finish_leaving(&[Leaves::Job("a")]);
}

#[test]
fn unused_slots_behind_thousands_that_are_used_go_to_who_waits() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit
limit = RateLimit('k', 1501)
queue('parked').enqueue('jobs.returns.value', 0, job_id='u0', rate_limit=limit)
used = conn.hgetall('rq:job:u0')
pipe = conn.pipeline()
for i in range(1, 1500):
    pipe.hset('rq:job:u%d' % i, mapping=used)
    pipe.rpush('rq:queue:parked', 'u%d' % i)
    pipe.zadd('rq:rl:k:allowed', {'u%d' % i: i})
pipe.execute()
a = q.enqueue('jobs.returns.value', 1, job_id='a', rate_limit=limit)
b = q.enqueue('jobs.returns.value', 2, job_id='b', rate_limit=limit)
a.set_status('failed')
conn.delete('rq:queue:default')",
    );
    assert_eq!(world.redis.field("rq:job:b", "status").as_deref(), Some("rate_limited"));

    burst_of_another(&world, &[]);

    assert_eq!(world.view("b")["status"], "finished");
    assert_eq!(world.redis.command::<u64>(&["ZCARD", "rq:rl:k:allowed"]), 1_500);
    world.finish_leaving(&[Leaves::Job("a")]);
}

//! Jobs of limited concurrency.

use serde_json::json;

use crate::harness::World;

#[test]
fn limited_jobs_run_one_after_the_other_and_all_of_them() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit\n\
         for i in range(4): q.enqueue('jobs.returns.value', i, rate_limit=RateLimit('k', 1), job_id='r%d' % i)",
    );
    assert_eq!(world.view("r1")["status"], "rate_limited");

    world.work(&[]);

    assert_eq!(world.client.eval("[fetch('r%d' % i).return_value() for i in range(4)]"), json!([0, 1, 2, 3]));
    assert!(!world.redis.exists(&world.key("rl:k:allowed")));
    world.finish();
}

#[test]
fn a_limited_job_that_fails_gives_its_slot_on() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit\n\
         q.enqueue('jobs.raising.plain', rate_limit=RateLimit('k', 1), job_id='r0')\n\
         q.enqueue('jobs.exits.by_signal', 'SIGKILL', rate_limit=RateLimit('k', 1), job_id='r1')\n\
         q.enqueue('jobs.returns.value', 2, rate_limit=RateLimit('k', 1), job_id='r2')",
    );

    world.work(&[]);

    assert_eq!(world.view("r2")["result"], 2);
    world.finish();
}

#[test]
fn a_limited_job_that_waits_for_its_retry_gives_its_slot_on() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit\n\
         retry = Retry(max=1, interval=50)\n\
         q.enqueue('jobs.raising.plain', retry=retry, rate_limit=RateLimit('k', 1), job_id='r0')\n\
         q.enqueue('jobs.returns.value', 1, rate_limit=RateLimit('k', 1), job_id='r1')",
    );

    world.work(&[]);

    assert_eq!(world.view("r0")["status"], "scheduled");
    assert_eq!(world.view("r1")["result"], 1);
    world.finish();
}

#[test]
fn a_limited_job_whose_result_is_not_kept_gives_its_slot_on() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit\n\
         for i in range(2): q.enqueue('jobs.returns.value', i, result_ttl=0, rate_limit=RateLimit('k', 1))",
    );

    world.work(&[]);

    assert!(!world.redis.exists(&world.key("rl:k:allowed")));
    assert!(!world.redis.exists(&world.key("rl:k:rate_limited")));
    world.finish();
}

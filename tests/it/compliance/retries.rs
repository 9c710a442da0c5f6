//! Jobs that are to be tried again, as far as this release can.

use serde_json::json;

use crate::harness::World;

#[test]
fn a_job_that_raises_is_tried_again_as_often_as_it_asked() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=2)");

    world.work(&[]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("3"));
    assert_eq!(world.redis.field(&world.key(&format!("job:{job}")), "retries_left").as_deref(), Some("0"));
    world.finish();
}

#[test]
fn a_retry_with_an_interval_waits_in_the_scheduled_registry() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=1, interval=50)");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "scheduled");
    assert_eq!(world.client.eval("registries()['scheduled']"), json!([job]));
    let due = world.redis.sorted_set(&world.key("scheduled:default"))[0].1 - world.redis.now();
    assert!((30.0..=51.0).contains(&due), "{due}");
    world.finish();
}

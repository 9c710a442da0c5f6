//! Jobs that are to be tried again: because they failed, or because they asked for it.

use serde_json::json;

use crate::harness::{World, for_every_client, text};

for_every_client! {
    fn a_job_that_raises_is_tried_again_as_often_as_it_asked(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=2)");

        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("3"));
        assert_eq!(world.redis.field(&world.key(&format!("job:{job}")), "retries_left").as_deref(), Some("0"));
    }

    fn a_retry_with_an_interval_waits_in_the_scheduled_registry(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=1, interval=50)");

        world.work(&[]);

        assert_eq!(world.view(&job)["status"], "scheduled");
        assert_eq!(world.client.eval("registries()['scheduled']"), json!([job]));
        let due = world.redis.sorted_set(&world.key("scheduled:default"))[0].1 - world.redis.now();
        assert!((30.0..=51.0).contains(&due), "{due}");
    }

    fn the_last_retries_wait_for_the_last_intervals(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=3, interval=[50, 150])");
        let scheduled = world.key("scheduled:default");

        for (left, interval) in [("2", 50.0), ("1", 50.0), ("0", 150.0)] {
            world.work(&["--with-scheduler"]);

            let hash = world.redis.hash(&world.key(&format!("job:{job}")));
            assert_eq!(text(&hash, "retries_left"), left);
            let due = world.redis.sorted_set(&scheduled)[0].1 - world.redis.now();
            assert!((interval - 20.0..=interval + 1.0).contains(&due), "{due} with {left} left");
            let past = format!("{:.0}", world.redis.now() - 1.0);
            let _: i64 = world.redis.command(&["ZADD", &scheduled, &past, &job]);
        }
        world.work(&["--with-scheduler"]);

        assert_eq!(world.view(&job)["status"], "failed");
        assert_eq!(world.client.eval("registries()['failed']"), json!([job]));
    }
}

#[test]
fn a_retry_at_the_front_goes_before_what_waits() {
    let world = World::new();
    let marks = world.path("marks");
    world.enqueue(&format!(
        "'jobs.again.mark_and_raise', {marks:?}, 'first', retry=Retry(max=1, enqueue_at_front=True)"
    ));
    world.enqueue(&format!("'jobs.again.mark', {marks:?}, 'second'"));

    world.work(&[]);

    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "first\nfirst\nsecond\n");
    world.finish();
}

for_every_client! {
    since V2_12_0:

    fn a_returned_retry_is_granted_until_its_most_and_leaves_results(world: &World) {
        world.enqueue("'jobs.again.ask', 2, job_id='j1'");

        world.work(&[]);

        assert_eq!(world.view("j1")["status"], "failed");
        let types = world.client.eval("[result.type.value for result in fetch('j1').results()]");
        assert_eq!(types, json!([5, 4, 4]));
        assert_eq!(world.redis.field(&world.key("job:j1"), "number_of_retries").as_deref(), Some("2"));
        assert!(world.redis.field(&world.key("job:j1"), "result").is_some());
        assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("3"));
        assert_eq!(world.client.eval("registries()['failed']"), json!(["j1"]));
    }

    fn a_returned_retry_with_an_interval_is_scheduled(world: &World) {
        world.enqueue("'jobs.again.ask', 1, 50, job_id='j1'");

        world.work(&[]);

        assert_eq!(world.view("j1")["status"], "scheduled");
        assert_eq!(world.client.eval("registries()['scheduled']"), json!(["j1"]));
        assert_eq!(world.client.eval("fetch('j1').latest_result().type.value"), 4);
    }
}

#[test]
fn a_returned_retry_may_go_to_the_front() {
    let world = World::new();
    world.enqueue("'jobs.again.ask', 1, 0, True, job_id='j1'");
    world.enqueue("'jobs.returns.value', 2, job_id='j2'");

    let exit = world.work(&[]);

    let ids = ["(j1)", "(j2)"];
    let order: Vec<&str> = exit
        .stdout
        .lines()
        .filter(|line| line.contains("default: jobs."))
        .filter_map(|line| ids.into_iter().find(|id| line.ends_with(id)))
        .collect();
    assert_eq!(order, ["(j1)", "(j1)", "(j2)"]);
    world.finish();
}

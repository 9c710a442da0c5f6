//! Jobs that repeat after they succeeded.

use serde_json::json;

use crate::harness::{Version, World, for_every_client};

for_every_client! {
    since V2_6_1:

    fn a_repeat_without_an_interval_runs_at_once(world: &World) {
        let marks = world.path("marks").display().to_string();
        world.enqueue(&format!("'jobs.again.mark', {marks:?}, 'run', repeat=Repeat(times=2), job_id='j1'"));

        let exit = world.work(&[]);

        assert_eq!(std::fs::read_to_string(&marks).unwrap(), "run\nrun\nrun\n");
        assert_eq!(world.view("j1")["status"], "finished");
        assert_eq!(world.redis.field(&world.key("job:j1"), "repeats_left").as_deref(), Some("0"));
        assert_eq!(world.redis.field(&world.key("worker:w1"), "successful_job_count").as_deref(), Some("3"));
        assert!(exit.stdout.contains("job j1 scheduled to repeat (2 left)"), "{}", exit.stdout);
    }

    fn a_repeat_of_a_job_whose_result_is_not_kept_still_runs(world: &World) {
        let marks = world.path("marks").display().to_string();
        let options = "repeat=Repeat(times=1), result_ttl=0, job_id='j1'";
        world.enqueue(&format!("'jobs.again.mark', {marks:?}, 'run', {options}"));

        world.work(&[]);

        assert_eq!(std::fs::read_to_string(&marks).unwrap(), "run\nrun\n");
        assert!(!world.redis.exists(&world.key("job:j1")));
    }

    fn a_job_that_fails_does_not_repeat(world: &World) {
        world.enqueue("'jobs.raising.plain', repeat=Repeat(times=3), job_id='j1'");

        world.work(&[]);

        assert_eq!(world.view("j1")["status"], "failed");
        assert_eq!(world.redis.field(&world.key("job:j1"), "repeats_left").as_deref(), Some("3"));
    }
}

for_every_client! {
    since V2_12_0:

    fn a_repeat_with_an_interval_is_finished_and_scheduled(world: &World) {
        world.enqueue("'jobs.returns.value', 7, repeat=Repeat(times=2, interval=[50, 60]), job_id='j1'");

        world.work(&[]);

        assert_eq!(world.view("j1")["status"], "scheduled");
        assert_eq!(world.client.eval("registries()['finished']"), json!(["j1"]));
        assert_eq!(world.client.eval("registries()['scheduled']"), json!(["j1"]));
        let hash = world.redis.hash(&world.key("job:j1"));
        assert_eq!(hash["repeats_left"], b"1");
        // RQ: older versions begin with the second interval.
        if world.level == Version::V3_0_0 {
            let due = world.redis.sorted_set(&world.key("scheduled:default"))[0].1 - world.redis.now();
            assert!((30.0..=51.0).contains(&due), "{due}");
            assert_eq!(hash["repeat_intervals"], b"[60]");
        }
        assert!(hash.contains_key("result"));
        assert_eq!(world.redis.ttl(&world.key("job:j1")), -1);
    }
}

//! Time limits of jobs.

use crate::harness::{World, for_every_client};

for_every_client! {
    fn a_job_that_overruns_its_limit_fails(world: &World) {
        let job = world.enqueue("'jobs.timing.endless', job_timeout=1");

        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        let told = "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)\n";
        assert!(text.ends_with(told), "{text}");
        assert!(text.contains("in endless\n    signal.pause()\n"), "{text}");
    }
}

#[test]
fn a_job_may_catch_its_time_limit() {
    let world = World::new();
    let job = world.enqueue("'jobs.timing.swallowing', job_timeout=1");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(world.view(&job)["result"], "swallowed rq.timeouts.JobTimeoutException");
    world.finish();
}

#[test]
fn the_cleaning_up_of_an_overrun_job_runs() {
    let world = World::new();
    let path = world.path("cleaned");
    let job =
        world.enqueue(&format!("'jobs.timing.cleaning_up', {:?}, job_timeout=1", path.display().to_string()));

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "failed");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "cleaned");
    world.finish();
}

#[test]
fn the_limit_is_the_jobs_or_180_seconds_or_none() {
    let world = World::new();
    let own = world.enqueue("'jobs.timing.limit', job_timeout=1000");
    let default = world.enqueue("'jobs.timing.limit'");
    let none = world.enqueue("'jobs.timing.limit', job_timeout=-1");

    world.work(&[]);

    let left = |job: &str| world.view(job)["result"].as_f64().unwrap();
    assert!((990.0..=1000.0).contains(&left(&own)), "{}", left(&own));
    assert!((170.0..=180.0).contains(&left(&default)), "{}", left(&default));
    assert!(left(&none) == 0.0 || left(&none) > 4_000_000.0, "{}", left(&none));
    world.finish();
}

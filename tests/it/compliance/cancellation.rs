//! Jobs that are canceled while they run.

use serde_json::json;

use crate::harness::{Leaves, SOON, Setup, Subject, Version, World, wait_until};

const VERSIONS: [Version; 4] = [Version::V3_0_0, Version::V2_12_0, Version::V2_6_1, Version::V1_16_2];

/// Runs the job `j1`, which waits, and cancels it while it does; `later` may look at it before it goes on.
#[track_caller]
fn cancel_while_running(world: &World, arguments: &str, later: impl FnOnce(&World)) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("{arguments}, job_id='j1', args=({},)", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--burst", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();
    world.client.exec("fetch('j1').cancel()");
    later(world);
    gate.open();
    assert_eq!(worker.wait_exit().code(), 0);
}

#[test]
fn a_job_that_is_canceled_while_it_runs_stays_canceled() {
    //
    for version in VERSIONS {
        let Ok(world) = World::with(&Setup { version, ..Setup::default() }) else { continue };
        if world.subject == Subject::Theirs && version != Version::V3_0_0 {
            continue;
        }

        cancel_while_running(&world, "'jobs.waits.at'", |_| ());

        // Its function ran to the end either way, and what it returned can be read.
        assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1, "{version}");
        let counted = world.redis.field(&world.key("worker:w1"), "successful_job_count");
        assert_eq!(counted.as_deref(), Some("1"), "{version}");
        let registries = world.client.eval("registries()");
        assert_eq!(registries["canceled"], json!(["j1"]), "{version}");
        if world.subject.differs("a job that is canceled while it runs stays canceled") {
            assert_eq!(world.view("j1")["status"], "canceled", "{version}");
            assert_eq!(registries["finished"], json!([]), "{version}");
            assert!(world.redis.ttl(&world.key("results:j1")) > 0, "{version}");
            world.finish();
        } else {
            // RQ: finished, and listed twice.
            assert_eq!(world.view("j1")["status"], "finished");
            assert_eq!(registries["finished"], json!(["j1"]));
            world.finish_leaving(&[Leaves::Job("j1")]);
        }
    }
}

#[test]
fn a_canceled_job_runs_on_through_heartbeats() {
    let world = World::new();
    let beats = |world: &World| world.redis.field(&world.key("worker:w1"), "last_heartbeat");

    cancel_while_running(&world, "'jobs.waits.at'", |world| {
        for _ in 0..2 {
            let last = beats(world);
            wait_until(SOON, "a heartbeat", || beats(world) != last);
        }
        assert!(!world.redis.exists(&world.key("wip:default")));
    });

    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn a_canceled_job_that_fails_is_not_retried() {
    let world = World::new();

    cancel_while_running(&world, "'jobs.stopping.failing_after', retry=Retry(max=2)", |_| ());

    if world.subject.differs("a job that is canceled while it runs stays canceled") {
        assert_eq!(world.view("j1")["status"], "canceled");
        assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
        assert_eq!(world.redis.list(&world.key("queue:default")), [] as [String; 0]);
    } else {
        assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("3"));
    }
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn the_dependents_of_a_job_that_is_canceled_while_it_runs_go_on_waiting() {
    // in RQ too, although its job ends as finished.
    let world = World::new();

    cancel_while_running(&world, "'jobs.waits.at'", |world| {
        world.client.exec("q.enqueue('jobs.returns.value', 1, depends_on='j1', job_id='j2')");
    });

    assert_eq!(world.view("j2")["status"], "deferred");
    world.finish_leaving(&[Leaves::Job("j1")]);
}

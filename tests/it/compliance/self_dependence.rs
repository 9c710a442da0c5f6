//! Jobs that wait for themselves.

use serde_json::json;

use crate::harness::{World, for_every_client};

/// How often the job `j1` ran.
fn runs(world: &World) -> usize {
    std::fs::read_to_string(world.path("marks")).unwrap_or_default().lines().count()
}

/// The call that leaves a mark.
fn marking(world: &World) -> String {
    format!("'jobs.again.mark', {:?}, 'ran', job_id='j1'", world.path("marks").display().to_string())
}

for_every_client! {
    fn a_new_job_that_names_itself_runs(world: &World) {
        // RQ: a dependency that does not exist counts as met.
        world.enqueue(&format!("{}, depends_on='j1'", marking(world)));

        world.work(&[]);

        assert_eq!(runs(world), 1);
        assert_eq!(world.view("j1")["status"], "finished");
    }
}

/// Asserts that the job `j1` ran once and stands where its status says, and that the worker went on.
#[track_caller]
fn assert_ended_once(world: &World, status: &str) {
    assert_eq!(runs(world), 1);
    assert_eq!(world.view("j1")["status"], status);
    let registries = world.client.eval("{kind: ids for kind, ids in registries().items() if 'j1' in ids}");
    assert_eq!(registries.as_object().unwrap().keys().collect::<Vec<_>>(), [status]);
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    assert_eq!(world.view("next")["result"], 2);
}

#[test]
fn a_queued_job_that_is_saved_again_as_its_own_dependent_runs_once() {
    let world = World::new();
    world.enqueue(&marking(&world));
    world.enqueue(&format!("{}, depends_on='j1'", marking(&world)));
    assert_eq!(world.view("j1")["status"], "deferred");
    world.enqueue("'jobs.returns.value', 2, job_id='next'");

    world.work(&[]);

    assert_ended_once(&world, "finished");
    world.finish();
}

#[test]
fn a_job_that_nothing_but_itself_could_release_goes_on_waiting() {
    let world = World::new();
    world.enqueue(&marking(&world));
    world.enqueue(&format!("{}, depends_on='j1'", marking(&world)));
    let _: i64 = world.redis.command(&["DEL", &world.key("queue:default")]);
    world.enqueue("'jobs.returns.value', 2, job_id='next'");

    world.work(&[]);

    assert_eq!(runs(&world), 0);
    assert_eq!(world.view("j1")["status"], "deferred");
    assert_eq!(world.view("next")["result"], 2);
    world.finish();
}

#[test]
fn two_jobs_that_wait_for_each_other_go_on_waiting() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='a'");
    world.enqueue("'jobs.returns.value', 1, job_id='b', depends_on='a'");
    world.enqueue("'jobs.returns.value', 1, job_id='a', depends_on='b'");
    let _: i64 = world.redis.command(&["DEL", &world.key("queue:default")]);
    world.enqueue("'jobs.returns.value', 2, job_id='next'");

    world.work(&[]);

    assert_eq!(
        world.client.eval("[fetch(i).get_status().value for i in 'ab']"),
        json!(["deferred", "deferred"])
    );
    assert_eq!(world.view("next")["result"], 2);
    world.finish();
}

#[test]
fn an_entry_of_its_own_among_a_jobs_dependents_does_not_run_it_again() {
    let world = World::new();
    world.enqueue(&marking(&world));
    let _: i64 = world.redis.command(&["SADD", &world.key("job:j1:dependents"), "j1"]);
    world.enqueue("'jobs.returns.value', 2, job_id='next'");

    world.work(&[]);

    let unharmed = world.subject.differs("strange entries among its dependents do not fail a job");
    assert_ended_once(&world, if unharmed { "finished" } else { "failed" });
    world.finish();
}

#[test]
fn an_entry_of_its_own_among_a_failing_jobs_dependents_does_not_run_it_again() {
    let world = World::new();
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.again.mark_and_raise', {path:?}, 'ran', job_id='j1'"));
    let _: i64 = world.redis.command(&["SADD", &world.key("job:j1:dependents"), "j1"]);
    let lax = ["HSET", &world.key("job:j1"), "allow_dependency_failures", "1"];
    let _: i64 = world.redis.command(&lax);
    world.enqueue("'jobs.returns.value', 2, job_id='next'");

    world.work(&[]);

    assert_ended_once(&world, "failed");
    world.finish();
}

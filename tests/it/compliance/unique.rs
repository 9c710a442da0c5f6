//! Unique jobs: the job's hash is the lock, so a worker has to keep it, and to let it go, exactly as long as RQ's does.

use serde_json::json;

use crate::harness::{SOON, Setup, Version, World, wait_until};

/// RQ has unique jobs since 2.8.
const VERSIONS: [Version; 2] = [Version::V3_0_0, Version::V2_12_0];

/// Runs a claim with each client that knows unique jobs.
#[track_caller]
fn for_unique(claim: fn(&World)) {
    for version in VERSIONS {
        let Ok(world) = World::with(&Setup { version, ..Setup::default() }) else { continue };
        world.client.exec(
            "from rq.exceptions import DuplicateJobError
def once(*arguments, job_id='j1', enqueue=q.enqueue, **options):
    try:
        return enqueue(*arguments, job_id=job_id, unique=True, **options) and 'taken'
    except DuplicateJobError:
        return 'refused'",
        );
        claim(&world);
        world.finish();
    }
}

/// Tries to enqueue the job `j1` once more.
#[track_caller]
fn again(world: &World) -> String {
    world.client.eval("once('jobs.returns.value', 2)").as_str().unwrap().to_owned()
}

#[track_caller]
fn wait_until_free(world: &World) {
    wait_until(SOON, "the id to be free again", || again(world) == "taken");
    world.work(&[]);
    assert_eq!(world.view("j1")["result"], 2);
}

#[test]
fn a_unique_job_is_refused_while_it_waits_runs_and_is_kept() {
    for_unique(|world| {
        let mut gate = world.gate("gate");
        let first = format!("once('jobs.waits.at', {})", gate.literal());

        assert_eq!(world.client.eval(&first), "taken");
        assert_eq!(again(world), "refused", "while it is queued");
        let mut worker = world.worker(&["--burst", "--name", "w1"]);
        gate.wait_for_arrival();
        assert_eq!(again(world), "refused", "while it runs");
        gate.open();
        assert_eq!(worker.wait_exit().code(), 0);

        assert_eq!(again(world), "refused", "while its result is kept");
        assert_eq!(world.view("j1")["result"], "through");
        assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    });
}

#[test]
fn a_unique_job_is_free_when_its_result_is_no_longer_kept() {
    for_unique(|world| {
        world.client.exec("once('jobs.returns.value', 1, result_ttl=1)");

        world.work(&[]);

        wait_until_free(world);
    });
}

#[test]
fn a_unique_job_whose_result_is_not_kept_is_free_at_once() {
    for_unique(|world| {
        world.client.exec("once('jobs.returns.value', 1, result_ttl=0)");

        world.work(&[]);

        assert_eq!(again(world), "taken");
        world.work(&[]);
    });
}

#[test]
fn a_unique_job_that_failed_is_refused_until_its_failure_is_no_longer_kept() {
    for_unique(|world| {
        world.client.exec("once('jobs.raising.plain', failure_ttl=2)");

        world.work(&[]);

        assert_eq!(again(world), "refused");
        wait_until_free(world);
    });
}

#[test]
fn a_unique_job_that_was_deleted_is_free() {
    for_unique(|world| {
        world.client.exec("once('jobs.returns.value', 1)");
        world.work(&[]);
        assert_eq!(again(world), "refused");

        world.client.exec("fetch('j1').delete()");

        wait_until_free(world);
    });
}

#[test]
fn a_unique_job_that_waits_for_its_retry_is_refused() {
    for_unique(|world| {
        world.client.exec("once('jobs.raising.plain', retry=Retry(max=1, interval=50))");

        world.work(&[]);

        assert_eq!(world.view("j1")["status"], "scheduled");
        assert_eq!(again(world), "refused");
    });
}

#[test]
fn a_unique_job_may_be_scheduled_and_runs_once() {
    for_unique(|world| {
        // RQ: before 3.0 `enqueue_in` took the word and did not heed it.
        let soon = "once(timedelta(seconds=1), 'jobs.returns.value', 1, enqueue=q.enqueue_in)";
        assert_eq!(world.client.eval(soon), "taken");
        if world.client.eval("rq.VERSION >= '3'") == true {
            assert_eq!(world.client.eval(soon), "refused");
        }
        assert_eq!(again(world), "refused");
        let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

        world.wait_for_status("j1", "finished");

        assert_eq!(again(world), "refused");
        assert_eq!(world.client.eval("len(fetch('j1').results())"), json!(1));
        world.stop(&mut worker);
    });
}

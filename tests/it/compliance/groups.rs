//! Groups: what a client reads of the jobs that it enqueued together.

use serde_json::json;

use crate::harness::{Setup, Subject, Version, World};

/// RQ has groups since 2.0.
const VERSIONS: [Version; 3] = [Version::V3_0_0, Version::V2_12_0, Version::V2_6_1];

/// Runs a claim with each client that knows groups.
#[track_caller]
fn for_groups(claim: fn(&World)) {
    for version in VERSIONS {
        let Ok(world) = World::with(&Setup { version, ..Setup::default() }) else { continue };
        world.client.exec(
            "from rq.group import Group
group = Group.create(connection=conn, name='g1')
def prepare(*arguments, **options): return Queue.prepare_data(*arguments, **options)
def of_group(): return sorted(job.id for job in Group.fetch('g1', conn).get_jobs())",
        );
        claim(&world);
        world.finish();
    }
}

#[test]
fn the_jobs_of_a_group_run_and_the_group_knows_them() {
    for_groups(|world| {
        world.client.exec(
            "group.enqueue_many(q, [
    prepare('jobs.returns.value', (1,), job_id='returns'),
    prepare('jobs.raising.plain', job_id='raises'),
    prepare('jobs.returns.value', (2,), job_id='waits', depends_on='returns'),
])",
        );

        world.work(&[]);

        assert_eq!(world.client.eval("of_group()"), json!(["raises", "returns", "waits"]));
        let statuses = world.client.eval("{job.id: job.get_status() for job in group.get_jobs()}");
        assert_eq!(statuses, json!({"raises": "failed", "returns": "finished", "waits": "finished"}));
        assert_eq!(world.client.eval("fetch('waits').group_id"), "g1");
        // RQ: clients take a dependency that is not written yet for met, and queue the job that names it at once.
        let once = world.subject.differs("a dependent that was queued already is not queued again");
        let runs = if once { 1 } else { 2 };
        assert_eq!(world.client.eval("len(fetch('waits').results())"), json!(runs));
        assert_eq!(world.client.eval("[g.name for g in Group.all(conn)]"), json!(["g1"]));
    });
}

#[test]
fn a_job_whose_result_is_not_kept_leaves_its_group() {
    for_groups(|world| {
        world.client.exec(
            "group.enqueue_many(q, [
    prepare('jobs.returns.value', (1,), job_id='kept'),
    prepare('jobs.returns.value', (2,), job_id='dropped', result_ttl=0),
])",
        );

        world.work(&[]);

        assert_eq!(world.redis.set(&world.key("group:g1")).into_iter().collect::<Vec<_>>(), ["kept"]);
        assert_eq!(world.client.eval("of_group()"), json!(["kept"]));
    });
}

#[test]
fn a_group_whose_last_job_is_not_kept_is_gone() {
    for_groups(|world| {
        world.client.exec("group.enqueue_many(q, [prepare('jobs.returns.value', (1,), result_ttl=0)])");

        world.work(&[]);

        assert!(!world.redis.exists(&world.key("group:g1")));
        assert_eq!(world.client.eval("Group.all(conn)"), json!([]));
    });
}

#[test]
fn a_job_whose_group_is_gone_ends_as_any_other() {
    let world = World::new();
    world.client.exec("from rq.group import Group");
    world.client.exec(
        "data = Queue.prepare_data('jobs.returns.value', (1,), job_id='j1', result_ttl=0)
Group.create(connection=conn, name='g1').enqueue_many(q, [data])
conn.delete('rq:group:g1')",
    );

    let exit = world.work(&[]);

    let ends = world.subject.differs("a job whose group is gone ends as any other");
    assert_eq!(world.redis.exists(&world.key("job:j1")), !ends);
    assert_eq!(exit.stderr.contains("NoSuchGroupError"), !ends, "{}", exit.stderr);
    if world.subject == Subject::Ours {
        world.finish();
    }
}

//! Jobs that wait for other jobs.

use serde_json::json;

use crate::harness::{World, for_every_client};

for_every_client! {
    fn a_dependent_runs_after_the_job_it_waits_for(world: &World) {
        world.client.exec(
            "p = q.enqueue('jobs.returns.value', 1, job_id='p')\n\
             c = queue('other').enqueue('jobs.returns.value', 2, depends_on=p, job_id='c')",
        );
        assert_eq!(world.view("c")["status"], "deferred");

        world.work(&["default", "other"]);

        assert_eq!(world.view("c")["result"], 2);
        assert_eq!(world.client.eval("DeferredJobRegistry('other', connection=conn).get_job_ids()"), json!([]));
    }

    fn a_dependent_on_a_queue_that_nobody_here_serves_waits_there(world: &World) {
        world.client.exec(
            "p = q.enqueue('jobs.returns.value', 1, job_id='p')
other = queue('other')
other.enqueue('jobs.returns.value', 2, depends_on=p, job_id='c')
other.enqueue('jobs.returns.value', 3, depends_on=Dependency([p], enqueue_at_front=True), job_id='first')",
        );

        world.work(&["default"]);

        assert_eq!(world.redis.list(&world.key("queue:other")), ["first", "c"]);
        assert_eq!(world.view("c")["status"], "queued");
        assert!(!world.redis.exists(&world.key("deferred:other")));
        world.work(&["other"]);
        assert_eq!(world.client.eval("[fetch(i).return_value() for i in ('first', 'c')]"), json!([3, 2]));
    }

    fn a_dependent_of_a_failed_job_goes_on_waiting_unless_it_allows_failure(world: &World) {
        world.client.exec(
            "p = q.enqueue('jobs.raising.plain', job_id='p')\n\
             q.enqueue('jobs.returns.value', 1, depends_on=p, job_id='strict')\n\
             q.enqueue('jobs.returns.value', 2, depends_on=Dependency([p], allow_failure=True), job_id='lax')",
        );

        world.work(&[]);

        assert_eq!(world.view("strict")["status"], "deferred");
        assert_eq!(world.view("lax")["status"], "finished");
    }

    fn a_job_waits_for_all_it_depends_on(world: &World) {
        world.client.exec(
            "a = q.enqueue('jobs.returns.value', 1, job_id='a')\n\
             b = queue('later').enqueue('jobs.returns.value', 2, job_id='b')\n\
             q.enqueue('jobs.returns.value', 3, depends_on=[a, b], job_id='c')",
        );

        world.work(&["default"]);
        let meanwhile = world.view("c")["status"].clone();
        world.work(&["later", "default"]);

        assert_eq!(meanwhile, "deferred");
        assert_eq!(world.view("c")["status"], "finished");
    }
}

#[test]
fn a_dependent_at_the_front_goes_before_what_waits() {
    let world = World::new();
    let marks = world.path("marks");
    world.client.exec(&format!(
        "p = q.enqueue('jobs.again.mark', {marks:?}, 'parent')\n\
         q.enqueue('jobs.again.mark', {marks:?}, 'waiting')\n\
         q.enqueue('jobs.again.mark', {marks:?}, 'child', depends_on=Dependency([p], enqueue_at_front=True))"
    ));

    world.work(&[]);

    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "parent\nchild\nwaiting\n");
    world.finish();
}

#[test]
fn a_canceled_dependent_does_not_run() {
    let world = World::new();
    world.client.exec(
        "p = q.enqueue('jobs.returns.value', 1, job_id='p')\n\
         q.enqueue('jobs.returns.value', 2, depends_on=p, job_id='c').cancel()",
    );

    world.work(&[]);

    assert_eq!(world.view("c")["status"], "canceled");
    world.finish();
}

#[test]
fn a_deleted_dependent_is_passed_over() {
    let world = World::new();
    world.client.exec(
        "p = q.enqueue('jobs.returns.value', 1, job_id='p')\n\
         q.enqueue('jobs.returns.value', 2, depends_on=p, job_id='c').delete()",
    );

    world.work(&[]);

    assert_eq!(world.view("p")["status"], "finished");
    world.finish();
}

#[test]
fn a_retried_job_keeps_its_dependents_waiting() {
    let world = World::new();
    world.client.exec(
        "p = q.enqueue('jobs.raising.plain', retry=Retry(max=1, interval=50), job_id='p')\n\
         q.enqueue('jobs.returns.value', 2, depends_on=Dependency([p], allow_failure=True), job_id='c')",
    );

    world.work(&[]);

    assert_eq!(world.view("c")["status"], "deferred");
    world.finish();
}

#[test]
fn a_chain_of_dependents_runs_in_one_burst() {
    let world = World::new();
    world.client.exec(
        "last = None\n\
         for i in range(6): last = q.enqueue('jobs.returns.value', i, depends_on=last, job_id='j%d' % i)",
    );

    world.work(&[]);

    assert_eq!(
        world.client.eval("[fetch('j%d' % i).return_value() for i in range(6)]"),
        json!([0, 1, 2, 3, 4, 5])
    );
    world.finish();
}

#[test]
fn thousands_of_dependents_are_all_released() {
    let world = World::new();
    world.client.exec(
        "p = q.enqueue('jobs.returns.value', 1, job_id='p')\n\
         for i in range(2500): queue('many').enqueue('jobs.returns.value', i, depends_on=p)",
    );

    world.work(&["default"]);

    assert_eq!(world.redis.list(&world.key("queue:many")).len(), 2500);
    assert_eq!(world.client.eval("DeferredJobRegistry('many', connection=conn).count"), 0);
    world.finish();
}

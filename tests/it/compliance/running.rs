//! What Redis holds while a job runs.

use crate::harness::{SOON, World, is_python_float, is_timestamp, text, wait_until};

/// A world in which the job `j1` stands at its gate in worker `w1`.
fn while_running(claim: impl FnOnce(&World)) {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    gate.wait_for_arrival();

    claim(&world);

    gate.open();
    assert_eq!(worker.wait_exit().code(), 0);
    let left: Vec<_> = world.redis.keys().into_iter().filter(|key| key.contains("execution")).collect();
    assert_eq!(left, [""; 0], "executions are gone after the job");
    assert!(!world.redis.exists(&world.key("wip:default")));
    world.finish();
}

/// The one execution of `j1`.
fn execution(world: &World) -> String {
    let executions = world.redis.sorted_set(&world.key("executions:j1"));
    let [(id, _)] = executions.as_slice() else { panic!("one execution expected in {executions:?}") };
    id.clone()
}

#[track_caller]
fn assert_about(found: f64, expected: f64) {
    assert!((expected - 15.0..=expected + 1.0).contains(&found), "expected about {expected}, found {found}");
}

#[test]
fn a_running_job_is_started_and_in_no_list() {
    while_running(|world| {
        let hash = world.redis.hash(&world.key("job:j1"));

        assert_eq!(text(&hash, "status"), "started");
        assert_eq!(text(&hash, "worker_name"), "w1");
        assert_eq!(text(&hash, "ended_at"), "");
        assert!(is_timestamp(&text(&hash, "started_at")));
        assert!(is_timestamp(&text(&hash, "last_heartbeat")));
        assert!(!world.redis.exists(&world.key("queue:default")));
        assert!(!world.redis.exists(&world.key("queue:default:intermediate")));
    });
}

#[test]
fn the_started_registry_holds_a_lease_of_90_seconds() {
    while_running(|world| {
        let entries = world.redis.sorted_set(&world.key("wip:default"));

        let [(member, score)] = entries.as_slice() else { panic!("one entry expected in {entries:?}") };
        assert_eq!(*member, format!("j1:{}", execution(world)));
        assert_about(score - world.redis.now(), 90.0);
    });
}

#[test]
fn the_execution_has_rqs_fields() {
    while_running(|world| {
        let id = execution(world);
        let key = world.key(&format!("execution:j1:{id}"));
        let hash = world.redis.hash(&key);

        assert_eq!((id.len(), text(&hash, "id")), (32, id));
        assert_eq!(text(&hash, "job_id"), "j1");
        assert_eq!(text(&hash, "worker_name"), "w1");
        assert!(is_python_float(&text(&hash, "created_at")), "{}", text(&hash, "created_at"));
        assert!(is_python_float(&text(&hash, "last_heartbeat")), "{}", text(&hash, "last_heartbeat"));
        let alike = world.subject.differs("an execution's record lives as long as what lists it");
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        assert_about(world.redis.ttl(&key) as f64, if alike { 150.0 } else { 90.0 });
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        assert_about(world.redis.ttl(&world.key("executions:j1")) as f64, 150.0);
    });
}

#[test]
fn the_worker_is_busy_and_lists_the_execution() {
    while_running(|world| {
        assert_eq!(world.redis.field(&world.key("worker:w1"), "state").as_deref(), Some("busy"));
        let executions = world.redis.set(&world.key("worker:w1:executions"));
        assert_eq!(executions.into_iter().collect::<Vec<_>>(), [format!("j1:{}", execution(world))]);
    });
}

#[test]
fn the_client_finds_the_execution_and_the_current_job() {
    while_running(|world| {
        let found = world.client.eval("[(e.id, e.job_id) for e in fetch('j1').get_executions()]");
        assert_eq!(found, serde_json::json!([[execution(world), "j1"]]));
        let current = world.client.eval("[w.get_current_job().id for w in Worker.all(connection=conn)]");
        assert_eq!(current, serde_json::json!(["j1"]));
    });
}

#[test]
fn heartbeats_extend_the_lease() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();
    let lease = || world.redis.sorted_set(&world.key("wip:default"))[0].1;
    let beat = |key: &str| world.redis.field(&world.key(key), "last_heartbeat").unwrap();
    let execution = format!("execution:j1:{}", execution(&world));
    let before = (lease(), beat("job:j1"), beat("worker:w1"), beat(&execution));

    wait_until(SOON, "all four heartbeats", || {
        lease() > before.0
            && beat("job:j1") > before.1
            && beat("worker:w1") > before.2
            && beat(&execution) > before.3
    });

    assert_about(lease() - world.redis.now(), 61.0);
    gate.open();
    worker.wait_exit();
    world.finish();
}

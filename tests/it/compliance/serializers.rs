//! Workers and clients that agree on another serializer.

use serde_json::json;

use crate::harness::World;

#[test]
fn the_json_serializer_serves_arguments_results_and_meta() {
    let world = World::new();
    world.client.exec("jq = Queue('default', connection=conn, serializer=JSONSerializer)");
    world.client.exec(
        "job = jq.enqueue('jobs.calls.arguments', 1, (2, 3), k={'a': None}, job_id='j1', meta={'m': [1]})",
    );

    world.work(&["--serializer", "json"]);

    world.client.exec("job = fetch('j1', serializer=JSONSerializer)");
    assert_eq!(world.client.eval("job.return_value()"), json!([[1, [2, 3]], { "k": { "a": null } }]));
    assert_eq!(world.client.eval("(job.get_status(), job.meta)"), json!(["finished", { "m": [1] }]));
    world.finish();
}

#[test]
fn the_serializer_may_be_named_in_full() {
    let world = World::new();
    world.client.exec("Queue('default', connection=conn, serializer=JSONSerializer).enqueue('jobs.returns.value', 1, job_id='j1')");

    world.work(&["-S", "rq.serializers.JSONSerializer"]);

    assert_eq!(world.client.eval("fetch('j1', serializer=JSONSerializer).return_value()"), 1);
    world.finish();
}

#[test]
fn a_result_that_json_cannot_hold_is_told_as_such() {
    let world = World::new();
    world.client.exec("Queue('default', connection=conn, serializer=JSONSerializer).enqueue('jobs.returns.unserializable', job_id='j1')");

    world.work(&["--serializer", "json"]);

    let result = world.client.eval("fetch('j1', serializer=JSONSerializer).return_value()");
    assert_eq!(result, "Unserializable return value");
    world.finish();
}

#[test]
fn the_wrong_serializer_fails_the_job() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");

    world.work(&["--serializer", "json"]);

    assert_eq!(world.view("j1")["status"], "failed");
    let text = world.view("j1")["exc_info"].clone();
    assert!(text.as_str().unwrap().contains("DeserializationError"), "{text}");
    world.finish();
}

#[test]
fn json_jobs_see_themselves() {
    let world = World::new();
    world.client.exec("Queue('default', connection=conn, serializer=JSONSerializer).enqueue('jobs.context.save_meta', step=2, job_id='j1')");

    world.work(&["--serializer", "json"]);

    assert_eq!(world.client.eval("fetch('j1', serializer=JSONSerializer).meta"), json!({ "step": 2 }));
    world.finish();
}

#[test]
fn a_serializer_that_cannot_write_a_result_leaves_rqs_text_in_its_place() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 'unspeakable', job_id='j1'");
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&["-S", "jobs.own.Squeamish"]);

    assert_eq!(world.view("j1")["status"], "finished");
    assert_eq!(world.view("j1")["result"], "Unserializable return value");
    assert_eq!(world.view(&next)["result"], 2);
    world.finish();
}

#[test]
fn a_serializer_that_leaves_while_it_reads_fails_the_job_and_not_the_worker() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.returns.value', 2, job_id='j2'");

    world.work(&["-S", "jobs.own.Leaving"]);

    for job in ["j1", "j2"] {
        assert_eq!(world.view(job)["status"], "failed");
    }
    world.finish();
}

#[test]
fn a_serializer_that_cannot_be_used_ends_the_worker_at_start() {
    for name in ["nowhere.at_all", "jobs.own.missing", "jobs.own.Worker"] {
        let world = World::new();
        let job = world.enqueue("'jobs.returns.value', 1");

        let exit = world.worker(&["--burst", "-S", name]).wait_exit();

        assert_ne!(exit.code(), 0, "{name}");
        assert_eq!(world.view(&job)["status"], "queued");
        world.finish();
    }
}

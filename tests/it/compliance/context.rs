//! What a job can learn about itself and leave for its readers.

use serde_json::json;

use crate::harness::{World, for_every_client};

for_every_client! {
    fn a_job_knows_itself(world: &World) {
        let job = world.enqueue("'jobs.context.identity', 1, k=2");
        let late = world.enqueue("'jobs.late_context.identity'");
        let kind = world.enqueue("'jobs.context.kind'");

        world.work(&[]);

        let expected = json!([job, "default", "jobs.context.identity", [1], { "k": 2 }, 180]);
        assert_eq!(world.view(&job)["result"], expected);
        assert_eq!(world.view(&late)["result"], late);
        assert_eq!(world.view(&kind)["result"], json!(["rq.job", "Job"]));
    }

    fn saved_meta_is_read_at_once_and_survives_the_end(world: &World) {
        let mut gate = world.gate("gate");
        let job = world.enqueue(&format!("'jobs.context.save_meta_and_wait', {}, progress=50, meta={{'from': 'client'}}", gate.literal()));
        let mut worker = world.worker(&["--burst"]);
        gate.wait_for_arrival();

        assert_eq!(world.view(&job)["meta"], json!({ "from": "client", "progress": 50 }));

        gate.open();
        worker.wait_exit();
        assert_eq!(world.view(&job)["status"], "finished");
        assert_eq!(world.view(&job)["meta"], json!({ "from": "client", "progress": 50 }));
    }

    fn a_job_can_enqueue_another(world: &World) {
        let job = world.enqueue("'jobs.context.enqueue', 'jobs.returns.value', 7");

        world.work(&[]);

        let other = world.view(&job)["result"].as_str().unwrap().to_owned();
        assert_eq!(world.view(&other)["result"], 7);
    }
}

#[test]
fn a_running_job_sees_its_status_and_its_worker() {
    let world = World::new();
    let status = world.enqueue("'jobs.context.status'");
    let worker = world.enqueue("'jobs.context.worker'");

    world.work(&[]);

    assert_eq!(world.view(&status)["result"], "JobStatus.STARTED");
    assert_eq!(world.view(&worker)["result"], "w1");
    world.finish();
}

#[test]
fn meta_saved_by_a_job_that_then_fails_is_kept() {
    let world = World::new();
    let job = world.enqueue("'jobs.context.save_meta_and_wait', '/no/such/folder/gate', step=3");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "failed");
    assert_eq!(world.view(&job)["meta"], json!({ "step": 3 }));
    world.finish();
}

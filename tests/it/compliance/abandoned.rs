//! Jobs whose worker is gone: who is told of their failure.

use nix::sys::signal::{Signal, kill};
use serde_json::json;

use super::callbacks::calls;
use crate::harness::{Receiver, World, for_every_client};

/// Lets a worker die in the middle of the job `j1`, and its lease end.
#[track_caller]
fn abandon(world: &World, further: &str) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1', {further}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    let horse = gate.wait_for_arrival();
    world.wait_for_status("j1", "started");
    worker.signal(Signal::SIGKILL);
    worker.wait_exit();
    // A horse of ours is gone with its worker already.
    let _ = kill(horse, Signal::SIGKILL);
    world.end_leases("default");
}

for_every_client! {
    fn the_failure_callback_of_an_abandoned_job_is_called_once(world: &World) {
        abandon(world, "on_failure=Callback('jobs.callbacks.failure')");

        world.work(&["--name", "w2"]);

        assert_eq!(world.view("j1")["status"], "failed");
        let [call] = &calls(world)[..] else { panic!("one call expected: {:?}", calls(world)) };
        assert_eq!((&call["callback"], &call["job"]), (&json!("failure"), &json!("j1")));
        assert_eq!(call["kind"], "AbandonedJobError");
    }

    fn an_abandoned_job_that_is_retried_has_its_failure_callback_called_too(world: &World) {
        abandon(world, "retry=Retry(max=1, interval=3600), on_failure=Callback('jobs.callbacks.failure')");

        world.work(&["--name", "w2"]);

        assert_eq!(world.view("j1")["status"], "scheduled");
        assert_eq!(calls(world).len(), 1, "{:?}", calls(world));
    }
}

#[test]
fn exception_handlers_hear_of_an_abandoned_job() {
    let world = World::new();
    abandon(&world, "");

    world.work(&["--name", "w2", "--exception-handler", "jobs.callbacks.handle_first"]);

    let [call] = &calls(&world)[..] else { panic!("one call expected: {:?}", calls(&world)) };
    assert_eq!((&call["handler"], &call["kind"]), (&json!("first"), &json!("AbandonedJobError")));
    assert_eq!(world.view("j1")["status"], "failed");
    world.finish();
}

#[test]
fn a_failure_callback_of_an_abandoned_job_that_raises_changes_nothing() {
    let world = World::new();
    abandon(&world, "on_failure=Callback('jobs.callbacks.raising')");

    let exit = world.work(&["--name", "w2"]);

    assert_eq!(world.view("j1")["status"], "failed");
    let told = format!("{}{}", exit.stdout, exit.stderr);
    assert!(told.contains("from the callback of j1"), "{told}");
    world.finish();
}

#[test]
fn the_webhook_of_an_abandoned_job_is_sent() {
    let world = World::new();
    world.client.exec("import rq.webhook");
    let receiver = Receiver::start();
    let url = receiver.url("/failed");
    abandon(&world, &format!("webhooks=[rq.webhook.Webhook({url:?}, 'failed', method='POST')]"));

    world.work(&["--name", "w2"]);

    let body: serde_json::Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!((&body["job_id"], &body["status"]), (&json!("j1"), &json!("failed")));
    assert!(body["exc_info"].as_str().unwrap().contains("AbandonedJobError"), "{body}");
    world.finish();
}

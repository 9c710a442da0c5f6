//! Jobs that end their process, or try to: the worker survives and says what happened.

use crate::harness::{SOON, World, for_every_client, process_exists, wait_until};

const DIED: &str = "Work-horse terminated unexpectedly; waitpid returned ";

/// Asserts that the job fails with a text that begins so, and that the worker then does the next job.
#[track_caller]
fn assert_dies(world: &World, arguments: &str, cause: &str) {
    let job = world.enqueue(arguments);
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    assert_eq!(view["latest"]["type"], "FAILED");
    let text = view["exc_info"].as_str().unwrap();
    assert!(text.starts_with(&format!("{DIED}{cause}; ")), "{text}");
    assert_eq!(world.view(&next)["result"], 1);
    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
}

for_every_client! {
    fn a_killed_job_fails_with_its_signal(world: &World) {
        assert_dies(world, "'jobs.exits.by_signal', 'SIGKILL'", "9 (signal 9)");
    }
}

#[test]
fn a_killed_job_keeps_what_its_hash_knew() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.context.save_meta_and_wait', {}, step=1", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    let horse = gate.wait_for_arrival();

    nix::sys::signal::kill(horse, nix::sys::signal::Signal::SIGKILL).unwrap();
    worker.wait_exit();

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    assert_eq!(view["meta"], serde_json::json!({ "step": 1 }));
    // RQ: the worker's stale copy of the job overwrites the name.
    let kept = world.subject.differs("a killed job keeps the name of its worker");
    assert_eq!(view["worker_name"] == "w1", kept, "{}", view["worker_name"]);
    world.finish();
}

#[test]
fn a_terminated_job_fails_with_its_signal() {
    let world = World::new();
    assert_dies(&world, "'jobs.exits.by_signal', 'SIGTERM'", "15 (signal 15)");
    world.finish();
}

#[test]
fn a_segfault_fails_the_job() {
    let world = World::new();
    assert_dies(&world, "'jobs.exits.by_segfault'", "11 (signal 11)");
    world.finish();
}

#[test]
fn os_exit_with_a_code_fails_the_job() {
    let world = World::new();
    assert_dies(&world, "'jobs.exits.by_os_exit', 3", "768");
    world.finish();
}

#[test]
fn os_exit_with_zero_does_not_strand_the_job() {
    let world = World::new();
    let job = world.enqueue("'jobs.exits.by_os_exit', 0");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    if world.subject.differs("a job that ends its process with 0 fails at once") {
        assert_eq!(world.view(&job)["status"], "failed");
        assert!(
            world.view(&job)["exc_info"].as_str().unwrap().starts_with("Work-horse terminated unexpectedly")
        );
    } else {
        // RQ takes 0 for "the outcome is stored"; the job stays started until its lease ends.
        assert_eq!(world.view(&job)["status"], "started");
    }
    assert_eq!(world.view(&next)["result"], 1);
    world.finish();
}

#[test]
fn a_forked_child_that_exits_harms_nobody() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.forked_child_that_exits'");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], "parent");
    world.finish();
}

#[test]
fn a_forked_child_that_returns_does_not_end_the_job_twice() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.forked_child_that_returns'");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(world.view(&next)["result"], 1);
    if world.subject.differs("only the work horse itself ends its job") {
        assert_eq!(world.view(&job)["result"], "parent");
        assert_eq!(world.redis.stream(&world.key(&format!("results:{job}"))).len(), 1);
    }
    world.finish();
}

#[test]
fn a_child_left_behind_does_not_hold_up_the_worker() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.running_child'");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(world.view(&next)["result"], 1);
    world.finish();
}

#[test]
fn a_thread_left_behind_does_not_hold_up_the_worker() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.running_thread'");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], "done");
    assert_eq!(world.view(&next)["result"], 1);
    world.finish();
}

#[test]
fn a_job_that_closes_the_standard_streams_still_ends_well() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.closed_standard_streams'");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], "closed");
    assert_eq!(world.view(&next)["result"], 1);
    world.finish();
}

#[test]
fn a_job_that_closes_every_descriptor_still_ends_well() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.closed_descriptors'");
    let next = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], "closed");
    assert_eq!(world.view(&next)["result"], 1);
    world.finish();
}

#[test]
fn a_job_that_changes_the_directory_does_not_move_the_next() {
    let world = World::new();
    let job = world.enqueue("'jobs.leftovers.other_directory'");
    let next = world.enqueue("'os.getcwd'");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], "/");
    assert_eq!(world.view(&next)["result"], world.path("").display().to_string().trim_end_matches('/'));
    world.finish();
}

#[test]
fn kill_horse_on_command_fails_the_job() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    let horse = gate.wait_for_arrival();

    world.client.exec("send_kill_horse_command(conn, 'w1')");

    worker.stdout.wait_for_line("Received kill horse command.", SOON);
    worker.stdout.wait_for_line(&format!("Worker w1: killed horse pid {horse}"), SOON);
    wait_until(SOON, "the job to fail", || world.view(&job)["status"] == "failed");
    assert!(world.view(&job)["exc_info"].as_str().unwrap().starts_with(&format!("{DIED}9 (signal 9); ")));
    assert!(!process_exists(horse));
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn stop_job_on_command_stops_the_job() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec(&format!("send_stop_job_command(conn, {job:?})"));

    wait_until(SOON, "the job to be stopped", || world.view(&job)["status"] == "stopped");
    assert_eq!(world.view(&job)["exc_info"], "Job stopped by user, work-horse terminated.");
    assert_eq!(world.client.eval("registries()['failed']"), serde_json::json!([job]));
    let told = format!("Worker w1: job {job} stopped by user, moving job to FailedJobRegistry");
    worker.stdout.wait_for_line(&told, SOON);
    world.stop(&mut worker);
    world.finish();
}

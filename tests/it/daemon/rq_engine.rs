//! The engine `rq` in bad times: whatever RQ's own code leaves undone, the daemon does.

use super::stage::marking;
use crate::harness::{SOON, World, wait_until};

#[test]
fn a_job_whose_outcome_rqs_own_code_could_not_write_is_settled_when_redis_is_back() {
    let mut world = World::new();
    let mut gate = world.gate("gate");
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.marks.leave_and_wait', {path:?}, {}, job_id='j1'", gate.literal()));
    let mut worker =
        world.worker(&["-n", "w1", "-w", "jobs.own.Performing", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();

    world.redis.stop_and_keep_data();
    gate.open();
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    wait_until(SOON, "RQ's own code to give up", || worker.stderr.text().contains("ConnectionError"));
    world.redis.start_again();

    // RQ: a work horse that cannot write an outcome ends with 1.
    world.wait_for_status("j1", "failed");
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    assert!(world.view("j1")["exc_info"].as_str().unwrap().contains("waitpid returned 256"));
    world.wait_until_idle(&worker);
    world.stop(&mut worker);
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish();
}

#[test]
fn the_hooks_are_called_around_rqs_own_code_too() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "-w", "jobs.own.Handling"]);
    command.env("RQ_HORSE__BEFORE_JOB", "jobs.own.before").env("RQ_HORSE__AFTER_JOB", "jobs.own.after");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.redis.list("trace"), ["before j1", "success j1", "after"]);
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish();
}

#[test]
fn a_cold_shutdown_leaves_no_job_of_rqs_own_code_started() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    world.enqueue(&marking(&world, "j2"));
    let mut worker = world.worker(&["-n", "w1", "-w", "jobs.own.Performing"]);
    gate.wait_for_arrival();

    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    // RQ: a second signal counts when it comes a second later.
    wait_until(SOON, "the cold shutdown", || {
        if worker.is_running() {
            worker.signal(nix::sys::signal::Signal::SIGTERM);
        }
        !worker.is_running()
    });

    assert_ne!(world.view("j1")["status"], "started");
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish();
}

//! `horse.setup`, `horse.before_job` and `horse.after_job`.

use std::fs;

use crate::harness::World;

#[test]
fn each_process_is_set_up_before_its_job_and_hooks_surround_it() {
    let world = World::new();
    let first = world.enqueue("'jobs.hooks.is_connected'");
    let second = world.enqueue("'jobs.hooks.is_connected'");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1"]);
    command.env("RQ_HORSE__SETUP", "jobs.hooks.connect");
    command.env("RQ_HORSE__BEFORE_JOB", "jobs.hooks.mark").env("RQ_HORSE__AFTER_JOB", "jobs.hooks.mark");

    assert_eq!(world.start(command).wait_exit().code(), 0);

    for job in [&first, &second] {
        assert_eq!(world.view(job)["result"], true);
    }
    let marks = fs::read_to_string(world.path("marks")).unwrap();
    assert_eq!(marks.lines().collect::<Vec<_>>(), [&first, &first, &second, &second]);
    world.finish();
}

#[test]
fn a_hook_that_cannot_be_imported_ends_the_worker_at_start() {
    let world = World::new();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]).env("RQ_HORSE__SETUP", "nowhere.at_all");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 78);
    let told = "cannot use horse.setup = nowhere.at_all: ValueError: Invalid attribute name: nowhere.at_all \
                (horse.setup from environment variable RQ_HORSE__SETUP)";
    assert!(exit.stderr.contains(told), "{}", exit.stderr);
    world.finish();
}

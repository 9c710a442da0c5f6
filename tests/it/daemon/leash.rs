//! no horse outlives its daemon, and none dies with the fork server.

use std::fs;

use nix::unistd::Pid;

use super::processes::{fork_server, horses, sigkill, wait_until_gone};
use super::stage::{Stage, crash, of_worker};
use crate::harness::{SOON, World, process_exists, wait_for};

/// The children that a job of `jobs.families` told of.
#[track_caller]
fn told_children(world: &World, name: &str) -> Vec<Pid> {
    let text = wait_for(SOON, "the job's children", || {
        fs::read_to_string(world.path(&format!("{name}.children"))).ok()
    });
    text.split(' ').map(|pid| Pid::from_raw(pid.parse().unwrap())).collect()
}

/// Asserts who dies with the daemon; `and_the_fork_server` is killed in the same moment.
#[track_caller]
fn assert_dies_with_the_daemon(and_the_fork_server: bool) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.families.with_children', {}, job_id='j1'", gate.literal()));
    let mut worker = stage.worker(&[]);
    let horse = gate.wait_for_arrival();
    let children = told_children(world, "gate");
    let server = fork_server(&worker);
    let warm: Vec<Pid> = horses(server);

    if and_the_fork_server {
        sigkill(server);
    }
    crash(&mut worker);

    for pid in [horse, server, children[0]].into_iter().chain(warm) {
        wait_until_gone(pid);
    }
    // A session of its own is out of reach of the leash, as docs/compatibility.md says.
    assert!(process_exists(children[1]));
    assert_eq!(world.view("j1")["status"], "started", "the lease goes on");
    stage.finish();
}

#[test]
fn a_killed_daemon_takes_its_horse_and_the_horses_group_along() {
    assert_dies_with_the_daemon(false);
}

#[test]
fn a_daemon_and_a_fork_server_killed_together_take_the_horse_along() {
    assert_dies_with_the_daemon(true);
}

#[test]
fn a_killed_fork_server_harms_no_job_and_is_replaced() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = stage.worker(&[]);
    let horse = gate.wait_for_arrival();
    let server = fork_server(&worker);

    sigkill(server);
    wait_until_gone(server);
    assert!(process_exists(horse));
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_eq!(world.view("j1")["result"], "through");
    let next = ["j2", "j3"].map(|id| world.enqueue(&format!("'jobs.surroundings.processes', job_id='{id}'")));
    for job in next {
        world.wait_for_status(&job, "finished");
    }

    let parent = world.view("j3")["result"]["parent"].as_i64().unwrap();
    assert_ne!(parent, i64::from(server.as_raw()));
    assert_eq!(of_worker(world, "failed_job_count"), "");
    worker.stop();
    stage.finish();
}

#[test]
fn a_horse_that_dies_after_its_fork_server_is_still_explained() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = stage.worker(&[]);
    let horse = gate.wait_for_arrival();
    let server = fork_server(&worker);

    sigkill(server);
    wait_until_gone(server);
    sigkill(horse);
    world.wait_for_status("j1", "failed");

    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "),
        "{text}"
    );
    worker.stop();
    stage.finish();
}

#[test]
fn a_horse_that_dies_together_with_its_fork_server_fails_its_job() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1', job_timeout=-1", gate.literal()));
    let mut worker = stage.worker(&[]);
    let horse = gate.wait_for_arrival();
    let server = fork_server(&worker);

    sigkill(horse);
    sigkill(server);
    world.wait_for_status("j1", "failed");

    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");
    worker.stop();
    stage.finish();
}

//! Horses that misbehave: each harms its own job only.

use std::fs;

use super::processes::{fork_server, horses, wait_until_gone};
use super::stage::{of_worker, wait_until_waiting};
use crate::harness::{SOON, World, process_exists, wait_until};

/// Asserts that a job of `jobs.sockets` has its horse killed, fails with that reason, and that the worker goes on.
#[track_caller]
fn assert_killed_for_junk(function: &str, reason: &str) {
    let world = World::new();
    let gate = world.gate("gate");
    world.enqueue(&format!("'jobs.sockets.{function}', {}, job_id='j1'", gate.literal()));
    let next = world.enqueue("'jobs.returns.value', 2");
    let mut worker = world.worker(&["--name", "w1"]);

    world.wait_for_status(&next, "finished");

    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "),
        "{text}"
    );
    assert!(text.contains(reason), "{text}");
    assert_eq!(of_worker(&world, "failed_job_count"), "1");
    assert_eq!(of_worker(&world, "successful_job_count"), "1");
    worker.stop();
    world.finish();
}

#[test]
fn a_horse_that_sends_junk_is_killed_and_its_job_says_why() {
    assert_killed_for_junk("junk", "it was killed because it sent a head of 4294967295 bytes");
}

#[test]
fn a_horse_that_sends_no_json_is_killed_and_its_job_says_why() {
    assert_killed_for_junk("no_json", "it was killed because it sent a head that is");
}

#[test]
fn a_horse_that_sends_a_report_that_nobody_knows_is_killed() {
    assert_killed_for_junk("unknown_report", "it was killed because it sent a head that is unknown variant");
}

#[test]
fn a_horse_that_announces_a_gigabyte_is_killed_before_it_is_believed() {
    assert_killed_for_junk("huge_announcement", "it was killed because it sent a body of 1073741824 bytes");
}

#[test]
fn a_horse_that_begins_its_function_without_end_is_killed() {
    assert_killed_for_junk("phases_without_end", "it was killed because it sent");
}

#[test]
fn a_horse_that_claims_a_limit_beyond_all_clocks_harms_only_its_own_job() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.sockets.endless_limit', {}, job_id='j1'", gate.literal()));
    let next = world.enqueue("'jobs.returns.value', 2");
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    gate.open();

    world.wait_for_status(&next, "finished");
    assert!(worker.is_running());
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_closes_every_descriptor_and_runs_on_ends_well() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.sockets.closing_all_and_waiting', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();

    // Two heartbeats later it is still ours.
    let heartbeat = || world.redis.field("rq:job:j1", "last_heartbeat");
    for _ in 0..2 {
        let last = heartbeat();
        wait_until(SOON, "a heartbeat", || heartbeat() != last);
    }
    gate.open();

    world.wait_for_status("j1", "finished");
    assert_eq!(world.view("j1")["result"], "through");
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_closes_every_descriptor_can_still_be_stopped() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.sockets.closing_all_and_waiting', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    let horse = gate.wait_for_arrival();

    world.client.exec("send_stop_job_command(conn, 'j1')");

    world.wait_for_status("j1", "stopped");
    wait_until_gone(horse);
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_calls_the_return_address_again_and_again_does_not_hold_up_the_daemon() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.sockets.returning_without_end', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    gate.open();
    world.wait_for_status("j1", "finished");
    for id in ["j2", "j3"] {
        world.enqueue(&format!("'jobs.returns.value', 2, job_id='{id}'"));
        world.wait_for_status(id, "finished");
    }

    worker.stop();
    world.finish();
}

#[test]
fn a_segfault_leaves_its_python_stack_in_the_job() {
    let world = World::new();
    world.enqueue("'jobs.exits.by_segfault', job_id='j1'");

    world.work(&[]);

    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(text.contains("killed by SIGSEGV"), "{text}");
    assert!(text.contains("Fatal Python error: Segmentation fault"), "{text}");
    assert!(text.contains("exits.py\", line") && text.contains("in by_segfault"), "{text}");
    world.finish();
}

#[test]
fn a_job_that_leaves_a_hundred_children_behind_ends_well() {
    let world = World::new();
    let path = world.path("hundred").display().to_string();
    world.enqueue(&format!("'jobs.families.leaving', 100, {path:?}, job_id='j1'"));
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&[]);

    assert_eq!(world.view("j1")["result"], 100);
    assert_eq!(world.view(&next)["status"], "finished");
    let told = fs::read_to_string(world.path("hundred.children")).unwrap();
    assert_eq!(told.split(' ').count(), 100);
    world.finish();
}

#[test]
fn a_job_that_kills_the_fork_server_runs_on_and_so_does_the_worker() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.families.killing_the_parent', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    let horse = gate.wait_for_arrival();

    assert!(process_exists(horse));
    gate.open();

    world.wait_for_status("j1", "finished");
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");
    assert!(process_exists(fork_server(&worker)));
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_moves_to_another_process_group_can_still_be_stopped() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.families.in_the_fork_servers_group', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    let horse = gate.wait_for_arrival();

    world.client.exec("send_stop_job_command(conn, 'j1')");

    world.wait_for_status("j1", "stopped");
    wait_until_gone(horse);
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_horse_that_does_not_read_its_order_is_killed_after_the_limit() {
    let world = World::new();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).env("RQ_HORSE__TIMEOUT_GRACE", "1");
    let mut worker = world.start(command);
    wait_until_waiting(&world, 1);
    for horse in horses(fork_server(&worker)) {
        nix::sys::signal::kill(horse, nix::sys::signal::Signal::SIGSTOP).unwrap();
    }

    // More than a socket holds, in a form that does not compress.
    world.client.exec("import os; big = os.urandom(4 << 20)");
    world.enqueue("'jobs.returns.nothing', job_id='j1', meta={'big': big}, job_timeout=1");

    world.wait_for_status("j1", "failed");
    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(text.contains("it outlived its limit of 1s by 1s"), "{text}");
    worker.stop();
    world.finish();
}

//! What becomes of a daemon in a container: the end of a pod, and the work of a first process.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::container::{Container, runtime};
use crate::harness::{SOON, World, wait_until};

/// `terminationGracePeriodSeconds`, for the impatient.
const GRACE: Duration = Duration::from_secs(2);

/// Ends a pod as the kubelet does: SIGTERM to the container's first process, and when the grace is over SIGKILL to all in it.
#[track_caller]
fn end_pod(pod: &mut Container) {
    pod.signal(Signal::SIGTERM);
    pod.outside.stdout.wait_for_line("warm shut down requested", SOON);
    let asked = Instant::now();
    wait_until(SOON, "the end of the grace", || asked.elapsed() > GRACE);
    // The kernel lets nobody survive the first process.
    pod.signal(Signal::SIGKILL);
    pod.outside.wait_exit();
}

/// Ends a pod of this command with a long job in hand, which the next pod must finish.
#[track_caller]
fn assert_finished_by_another(command: &str) {
    let Some(runtime) = runtime() else { return };
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut inside = world.command_named(command);
    inside.args(["-c", "settings"]);
    let mut pod = Container::start(&world, &runtime, &inside);
    gate.wait_for_arrival();

    end_pod(&mut pod);

    let mut next = Container::start(&world, &runtime, &inside);
    gate.wait_for_arrival();
    assert_eq!(world.redis.field("rq:job:j1", "rqd_interruptions").as_deref(), Some("1"));
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_eq!(world.view("j1")["result"], "through");
    assert!(!world.redis.exists("rq:failed:default"));
    next.signal(Signal::SIGTERM);
    next.outside.wait_exit();
    world.finish();
}

#[test]
fn the_end_of_a_pod_with_default_settings_loses_and_fails_nothing() {
    assert_finished_by_another("worker");
}

#[test]
fn the_end_of_a_pod_with_a_pool_loses_and_fails_nothing() {
    assert_finished_by_another("worker-pool");
}

#[test]
fn a_job_that_must_not_run_twice_fails_with_its_pod() {
    let Some(runtime) = runtime() else { return };
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut inside = world.worker_command();
    inside.args(["-c", "settings"]).env("RQ_WORKER__ON_INTERRUPT", "fail");
    let mut pod = Container::start(&world, &runtime, &inside);
    gate.wait_for_arrival();

    end_pod(&mut pod);

    let mut next = world.worker(&[]);
    world.wait_for_status("j1", "failed");
    next.stop();
    world.finish();
}

#[test]
fn as_the_first_process_it_reaps_what_jobs_leave_behind_and_heeds_sigterm() {
    let Some(runtime) = runtime() else { return };
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.families.orphan', {}", gate.literal()));
    let mut inside = world.worker_command();
    inside.args(["-c", "settings"]);
    let mut pod = Container::start(&world, &runtime, &inside);
    let orphan = pod.outer(gate.wait_for_arrival());
    world.wait_for_status(&job, "finished");

    gate.open();

    let left = PathBuf::from(format!("/proc/{orphan}"));
    wait_until(SOON, "the orphan to be reaped", || !left.exists());
    pod.signal(Signal::SIGTERM);
    assert_eq!(pod.outside.wait_exit().code(), 0);
    world.finish();
}

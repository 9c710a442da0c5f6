//! a horse that dies before its job began fails the job once, or nobody at all.

use super::processes::{fork_server, horses, sigkill, wait_until_gone};
use super::stage::{Stage, marking, marks, of_worker, transition_of};
use crate::harness::{Act, SOON, wait_for};

#[test]
fn a_warm_horse_that_is_killed_is_replaced_silently() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let server = fork_server(&worker);
    let warm = wait_for(SOON, "warm horses", || Some(horses(server)).filter(|all| !all.is_empty()));

    for horse in &warm {
        sigkill(*horse);
        wait_until_gone(*horse);
    }
    world.enqueue(&marking(world, "j1"));

    world.wait_for_status("j1", "finished");
    assert_eq!(marks(world), 1);
    assert_eq!(of_worker(world, "failed_job_count"), "");
    worker.stop();
    stage.finish();
}

#[test]
fn a_horse_that_dies_after_the_claim_and_before_its_job_is_replaced_or_fails_it_once() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let server = fork_server(&worker);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseReply);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    for horse in horses(server) {
        sigkill(horse);
        wait_until_gone(horse);
    }
    claim.release();
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");

    let view = world.view("j1");
    assert_eq!(view["status"], "failed", "{view}");
    let text = view["exc_info"].as_str().unwrap();
    assert!(
        text.starts_with("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "),
        "{text}"
    );
    assert_eq!(marks(world), 0);
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    assert_eq!(of_worker(world, "failed_job_count"), "1");
    assert!(!world.redis.exists(&world.key("queue:default:intermediate")));
    worker.stop();
    stage.finish();
}

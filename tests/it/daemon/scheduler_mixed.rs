//! Python's scheduler and ours on one Redis: they take turns, in either direction.

use nix::sys::signal::Signal;

use super::stage::{marking, marks};
use crate::harness::{SOON, Setup, Version, Worker, World, skipped, wait_until};

/// Python RQ's worker with a scheduler, which does its maintenance every few seconds; it works on a queue that is empty.
fn pythons(world: &World) -> Worker {
    let mut command = world.command(&world.venv.program("rq"));
    command.args(["worker", "-c", "settings", "--name", "python", "--with-scheduler"]);
    command.args(["--worker-ttl", "17", "--maintenance-interval", "1", "default"]);
    world.start(command)
}

fn holder(world: &World) -> Option<String> {
    world.redis.command(&["GET", &world.key("scheduler-lock:default")])
}

/// RQ: clients before 3.0 write the registry before the job, and a scheduler that looks in between loses it; so it is due later.
#[track_caller]
fn schedule_and_wait(world: &World, id: &str) {
    world.client.exec(&format!("q.enqueue_in(timedelta(seconds=2), {})", marking(world, id)));
    world.wait_for_status(id, "finished");
}

#[track_caller]
fn wait_for_holder(world: &World, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    wait_until(SOON, what, || holder(world).is_some_and(|holder| wanted(&holder)));
    holder(world).unwrap()
}

/// Python holds the lock, then ours does, then Python again.
#[track_caller]
fn assert_take_turns(version: Version) {
    let world = match World::with(&Setup { version, ..Setup::default() }) {
        Ok(world) => world,
        Err(missing) => return skipped(&missing),
    };
    let mut python = pythons(&world);
    let theirs = wait_for_holder(&world, "Python to hold the lock", |_| true);
    let mut ours = world.idle_worker(&["--name", "ours", "--with-scheduler"]);
    schedule_and_wait(&world, "j1");
    assert_eq!(holder(&world), Some(theirs.clone()), "Python's lock is respected");

    // RQ: a scheduler that is stopped just after its start may never end, and maintenance starts one even while stopping.
    world.wait_until_idle(&python);
    python.stop();
    let own = wait_for_holder(&world, "ours to hold the lock", |holder| holder != theirs);
    schedule_and_wait(&world, "j2");

    let mut python = pythons(&world);
    world.wait_until_idle(&python);
    schedule_and_wait(&world, "j3");
    assert_eq!(holder(&world), Some(own.clone()), "our lock is respected");
    ours.signal(Signal::SIGTERM);
    ours.wait_exit();
    wait_for_holder(&world, "Python to hold the lock again", |holder| holder != own);
    schedule_and_wait(&world, "j4");

    assert_eq!(marks(&world), 4, "each job ran once");
    world.wait_until_idle(&python);
    python.stop();
    world.finish();
}

#[test]
fn rq_3_0_0_and_ours_take_turns() {
    assert_take_turns(Version::V3_0_0);
}

#[test]
fn rq_2_12_0_and_ours_take_turns() {
    assert_take_turns(Version::V2_12_0);
}

#[test]
fn rq_2_6_1_and_ours_take_turns() {
    assert_take_turns(Version::V2_6_1);
}

#[test]
fn rq_1_16_2_and_ours_take_turns() {
    assert_take_turns(Version::V1_16_2);
}

//! Redis is away, or says no, when a worker starts.

use std::process::Command;

use crate::harness::{SOON, World, wait_for};

/// A worker `w1` that gives Redis two seconds.
fn hurried(world: &World) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).env("RQ_REDIS__START_TIMEOUT", "2");
    command
}

#[test]
fn a_burst_without_redis_ends_at_once_with_69() {
    let mut world = World::new();
    world.redis.kill();

    let exit = world.worker(&["--burst", "--name", "w1"]).wait_exit();

    assert_eq!(exit.code(), 69, "{}", exit.stderr);
    let told = format!("redis at {}", world.redis.url());
    assert!(exit.stderr.contains("redis did not answer at once"), "{}", exit.stderr);
    assert!(exit.stderr.contains(&told), "{}", exit.stderr);
}

#[test]
fn a_worker_without_redis_tells_each_attempt_and_ends_with_69_after_its_limit() {
    let mut world = World::new();
    world.redis.kill();

    let exit = world.start(hurried(&world)).wait_exit();

    assert_eq!(exit.code(), 69, "{}", exit.stderr);
    let said = exit.stdout + &exit.stderr;
    let attempts = said.matches("could not connect to Redis instance").count();
    assert!((2..=5).contains(&attempts), "{attempts} in {said}");
    assert!(said.contains("retrying in"), "{said}");
}

#[test]
fn a_redis_that_never_answers_counts_as_away() {
    let world = World::new();
    world.redis.freeze();
    let mut command = hurried(&world);
    command.args(["--url", &format!("{}?socket_connect_timeout=1", world.redis.url())]);

    let exit = world.start(command).wait_exit();

    world.redis.thaw();
    assert_eq!(exit.code(), 69, "{}", exit.stderr);
}

#[test]
fn a_redis_that_comes_up_in_time_is_worked_for() {
    let mut world = World::new();
    world.redis.kill();
    let mut worker = world.worker(&["--name", "w1"]);
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);

    world.redis.start_again();

    world.wait_until_idle(&worker);
    let job = wait_for(SOON, "the client to be connected", || {
        world.client.try_eval("q.enqueue('jobs.returns.value', 1).id").ok()
    });
    world.wait_for_status(job.as_str().unwrap(), "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_stop_while_redis_is_awaited_ends_the_start() {
    let mut world = World::new();
    world.redis.kill();
    let mut worker = world.worker(&["--name", "w1"]);
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);

    assert_eq!(worker.stop().code(), 0);
}

#[test]
fn a_password_that_is_missing_or_wrong_ends_the_start_at_once() {
    let world = World::new();
    let mut connection = world.redis.connection();
    let () = redis::cmd("CONFIG").arg(&["SET", "requirepass", "secret"]).query(&mut connection).unwrap();

    let without = world.worker(&["--name", "w1"]).wait_exit();
    let wrong_url = world.redis.url().replace("unix://", "unix://:wrong-guess@");
    let wrong = world.worker(&["--name", "w1", "--url", &wrong_url]).wait_exit();

    assert_eq!((without.code(), wrong.code()), (1, 1), "{}\n{}", without.stderr, wrong.stderr);
    assert!(without.stderr.contains("NOAUTH"), "{}", without.stderr);
    assert!(wrong.stderr.contains("refused: Password authentication failed"), "{}", wrong.stderr);
    assert!(!(wrong.stdout + &wrong.stderr).contains("wrong-guess"));
}

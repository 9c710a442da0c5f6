//! Redis is away, or says no, when a worker starts.

use std::fs;
use std::process::Command;

use crate::harness::{Act, Gate, Match, Proxy, SOON, Worker, World, wait_for};

/// A worker `w1` that waits for Redis as long as by default.
fn patient(world: &World) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]);
    command
}

/// One that gives Redis two seconds.
fn hurried(world: &World) -> Command {
    let mut command = patient(world);
    command.env("RQ_REDIS__START_TIMEOUT", "2");
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

/// Starts a worker and lets Redis go away while its application is loaded, at the gate.
fn lost_in_the_preload(world: &mut World, gate: &mut Gate, mut command: Command) -> Worker {
    fs::write(world.path("slow.py"), format!("from jobs.waits import at\nat({})\n", gate.literal())).unwrap();
    command.args(["--preload", "slow"]);
    let worker = world.start(command);
    gate.wait_for_arrival();
    world.redis.kill();
    gate.open();
    worker
}

#[test]
fn a_redis_that_goes_away_during_the_preload_is_waited_for() {
    let mut world = World::new();
    let mut gate = world.gate("gate");
    let command = patient(&world);
    let mut worker = lost_in_the_preload(&mut world, &mut gate, command);
    worker.stderr.wait_for_line("Worker w1: could not connect to Redis instance: *retrying in", SOON);

    world.redis.start_again();

    world.wait_until_idle(&worker);
    let job = wait_for(SOON, "the client to be connected", || {
        world.client.try_eval("q.enqueue('jobs.returns.value', 1).id").ok()
    });
    world.wait_for_status(job.as_str().unwrap(), "finished");
    assert_eq!(worker.stop().code(), 0);
    world.finish();
}

#[test]
fn a_redis_that_stays_away_after_the_preload_ends_the_start_with_69() {
    for (more, told) in
        [(&[][..], "redis did not answer within 2s"), (&["--burst"], "redis did not answer at once")]
    {
        let mut world = World::new();
        let mut gate = world.gate("gate");
        let mut command = hurried(&world);
        command.args(more);

        let exit = lost_in_the_preload(&mut world, &mut gate, command).wait_exit();

        assert_eq!(exit.code(), 69, "{}", exit.stderr);
        assert!(exit.stderr.contains(told), "{}", exit.stderr);
        let retried = exit.stderr.contains("retrying in");
        assert_eq!(retried, more.is_empty(), "{}", exit.stderr);
    }
}

#[test]
fn a_registration_that_is_cut_off_anywhere_is_made_once() {
    for (what, act) in [
        (Match::script("Registers a worker"), Act::CutRequest),
        (Match::script("Registers a worker"), Act::CutReply),
        (Match::command("SUBSCRIBE"), Act::CutRequest),
        (Match::command("SUBSCRIBE"), Act::CutReply),
    ] {
        let world = World::new();
        let proxy = Proxy::unix(&world.path("proxy.sock"), &world.redis.socket());
        let rule = proxy.on(what, act);
        let mut command = world.worker_command();
        command.args(["--name", "w1", "-v", "--url", &proxy.url()]);

        let mut worker = world.start(command);

        rule.wait();
        world.wait_until_idle(&worker);
        assert_eq!(world.redis.set(&world.key("workers")).len(), 1);
        let exit = worker.stop();
        assert_eq!(exit.code(), 0);
        assert!(exit.stderr.contains("could not connect to Redis instance"), "{}", exit.stderr);
        for line in ["Worker w1: registering birth", "Worker w1: started with PID"] {
            assert_eq!(exit.stdout.matches(line).count(), 1, "{act:?}: {line} in {}", exit.stdout);
        }
        world.finish();
    }
}

#[test]
fn a_stop_while_the_registration_waits_for_redis_ends_the_start() {
    let mut world = World::new();
    let mut gate = world.gate("gate");
    let command = patient(&world);
    let mut worker = lost_in_the_preload(&mut world, &mut gate, command);
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);

    assert_eq!(worker.stop().code(), 0);
}

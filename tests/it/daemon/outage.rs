//! Redis goes away while a worker lives: the worker never exits, its horse runs on, and nothing is lost or done twice.

use nix::unistd::Pid;

use super::stage::{Stage, assert_ran_once, marking, marks, of_worker, wait_until_waiting};
use crate::harness::{Gate, Leaves, SOON, Worker, World, process_exists, wait_for, wait_until};

/// Waits until worker `w1` hears commands, and has it shut down by one.
#[track_caller]
fn assert_heeds_commands(world: &World, worker: &mut Worker) {
    wait_until(SOON, "the worker to subscribe again", || {
        let (_, count): (String, u32) = world.redis.command(&["PUBSUB", "NUMSUB", "rq:pubsub:w1"]);
        count == 1
    });
    wait_for(SOON, "the client to be connected again", || {
        world.client.try_eval("send_shutdown_command(conn, 'w1')").ok()
    });
    assert_eq!(worker.wait_exit().code(), 0);
}

/// Enqueues as soon as the client has noticed that Redis is back, and waits for the job.
#[track_caller]
fn assert_works(world: &World) {
    let job = wait_for(SOON, "the client to be connected again", || {
        world.client.try_eval("q.enqueue('jobs.returns.value', 7).id").ok()
    });
    world.wait_for_status(job.as_str().unwrap(), "finished");
}

/// A worker `w1` with a job `j1` in hand that has left its mark and waits.
#[track_caller]
fn busy(world: &World, url: &str, arguments: &[&str]) -> (Worker, Gate, Pid) {
    let mut gate = world.gate("gate");
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.marks.leave_and_wait', {path:?}, {}, job_id='j1'", gate.literal()));
    let all: Vec<&str> = ["--name", "w1", "--url", url].iter().chain(arguments).copied().collect();
    let worker = world.worker(&all);
    let horse = gate.wait_for_arrival();
    (worker, gate, horse)
}

#[test]
fn a_redis_that_is_killed_while_the_worker_is_idle_finds_it_again() {
    let mut world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    wait_until_waiting(&world, 1);

    world.redis.stop_and_keep_data();
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    world.redis.start_again();

    worker.stdout.wait_for_line("connected to Redis again", SOON);
    assert_works(&world);
    assert!(worker.is_running());
    assert_heeds_commands(&world, &mut worker);
    world.finish();
}

#[test]
fn a_redis_that_is_killed_while_a_job_runs_harms_neither() {
    let mut world = World::new();
    let (mut worker, mut gate, horse) = busy(&world, &world.redis.url(), &["--job-monitoring-interval", "1"]);

    world.redis.stop_and_keep_data();
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    assert!(process_exists(horse));
    world.redis.start_again();
    gate.open();

    world.wait_for_status("j1", "finished");
    assert_works(&world);
    assert_ran_once(&world, "j1");
    assert_eq!(of_worker(&world, "successful_job_count"), "2");
    assert_heeds_commands(&world, &mut worker);
    world.finish();
}

#[test]
fn a_job_that_ends_while_redis_is_away_is_settled_once_when_it_returns() {
    let mut world = World::new();
    let (mut worker, mut gate, horse) = busy(&world, &world.redis.url(), &[]);

    world.redis.stop_and_keep_data();
    gate.open();
    super::processes::wait_until_gone(horse);
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    assert!(worker.is_running());
    world.redis.start_again();

    world.wait_for_status("j1", "finished");
    assert_works(&world);
    assert_ran_once(&world, "j1");
    assert_eq!(of_worker(&world, "successful_job_count"), "2");
    worker.stop();
    world.finish();
}

#[test]
fn a_warm_stop_while_redis_is_away_waits_to_settle_the_job_in_hand() {
    let mut world = World::new();
    let (mut worker, mut gate, horse) = busy(&world, &world.redis.url(), &[]);

    world.redis.stop_and_keep_data();
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.stdout.wait_for_line("arm shut down requested", SOON);
    gate.open();
    super::processes::wait_until_gone(horse);
    world.redis.start_again();

    let exit = worker.wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    wait_for(SOON, "the client to be connected again", || world.client.try_eval("conn.ping()").ok());
    assert_ran_once(&world, "j1");
    world.finish();
}

#[test]
fn a_redis_that_stops_answering_while_the_worker_is_idle_is_waited_for() {
    let world = World::new();
    let url = format!("{}?socket_timeout=1&socket_connect_timeout=1", world.redis.url());
    let mut worker = world.idle_worker(&["--name", "w1", "--url", &url, "--job-monitoring-interval", "1"]);
    wait_until_waiting(&world, 1);

    world.redis.freeze();
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    world.redis.thaw();

    assert_works(&world);
    assert!(worker.is_running());
    assert_heeds_commands(&world, &mut worker);
    world.finish();
}

#[test]
fn a_redis_that_stops_answering_while_a_job_ends_gets_its_outcome_once() {
    let world = World::new();
    let url = format!("{}?socket_timeout=1&socket_connect_timeout=1", world.redis.url());
    let (mut worker, mut gate, horse) = busy(&world, &url, &[]);

    world.redis.freeze();
    gate.open();
    super::processes::wait_until_gone(horse);
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    world.redis.thaw();

    world.wait_for_status("j1", "finished");
    assert_works(&world);
    assert_ran_once(&world, "j1");
    assert_eq!(of_worker(&world, "successful_job_count"), "2");
    worker.stop();
    world.finish();
}

#[test]
fn connections_that_are_all_cut_are_made_again() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default", "low"], 2);

    stage.proxy.cut_all();
    world.enqueue(&marking(world, "j1"));

    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    assert_heeds_commands(world, &mut worker);
    stage.finish();
}

#[test]
fn a_redis_that_flickers_at_every_step_runs_each_job_once() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&["default", "low"], 2);

    for number in 0..5 {
        wait_until_waiting(world, 2);
        let settle = stage.proxy.on(super::stage::transition("settle"), crate::harness::Act::CutReply);
        world.enqueue(&marking(world, &format!("j{number}")));
        settle.wait();
        stage.proxy.cut_all();
    }
    world.wait_for_status("j4", "finished");

    assert_eq!(marks(world), 5);
    assert_eq!(of_worker(world, "successful_job_count"), "5");
    worker.stop();
    stage.finish();
}

#[test]
fn a_script_cache_that_is_lost_is_no_loss() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);

    let _: String = world.redis.command(&["SCRIPT", "FLUSH"]);

    assert_works(&world);
    worker.stop();
    world.finish();
}

#[test]
fn a_redis_that_is_full_is_waited_for_and_the_outcome_is_kept() {
    // It refuses to write what needs memory, and somebody will make room.
    let world = World::new();
    let (mut worker, mut gate, horse) = busy(&world, &world.redis.url(), &[]);
    let _: redis::Value = world.redis.command(&["CONFIG", "SET", "maxmemory", "1"]);

    gate.open();
    super::processes::wait_until_gone(horse);
    let _: redis::Value = world.redis.command(&["CONFIG", "SET", "maxmemory", "0"]);

    world.wait_for_status("j1", "finished");
    assert_ran_once(&world, "j1");
    worker.stop();
    world.finish();
}

/// Asserts that an idle worker that is asked to stop while Redis is like this leaves by itself, and tells what it left.
#[track_caller]
fn assert_leaves(world: &World, worker: &mut Worker) {
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    worker.signal(nix::sys::signal::Signal::SIGTERM);

    let exit = worker.wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("left while Redis was away"), "{}{}", exit.stdout, exit.stderr);
    assert!(!world.path("marks").exists());
}

#[test]
fn an_idle_worker_that_is_asked_to_stop_while_redis_is_gone_leaves() {
    let mut world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    wait_until_waiting(&world, 1);

    world.redis.stop_and_keep_data();

    assert_leaves(&world, &mut worker);
    world.redis.start_again();
    wait_for(SOON, "the client to be connected again", || world.client.try_eval("conn.ping()").ok());
    world.finish_leaving(&[Leaves::DeadWorker("w1")]);
}

#[test]
fn an_idle_worker_that_is_asked_to_stop_while_redis_hangs_leaves() {
    let world = World::new();
    let url = format!("{}?socket_timeout=1&socket_connect_timeout=1", world.redis.url());
    // It finds out by its heart, which beats four times slower while nothing is in hand.
    let mut worker = world.idle_worker(&["--name", "w1", "--url", &url, "--job-monitoring-interval", "5"]);
    wait_until_waiting(&world, 1);

    world.redis.freeze();

    assert_leaves(&world, &mut worker);
    world.redis.thaw();
    world.finish_leaving(&[Leaves::DeadWorker("w1")]);
}

#[test]
fn a_password_that_is_changed_while_a_job_runs_is_waited_for() {
    let world = World::new();
    let (mut worker, mut gate, horse) = busy(&world, &world.redis.url(), &["--job-monitoring-interval", "1"]);

    // By one connection, which stays known to the server.
    world.client.exec("conn.config_set('requirepass', 'another')");
    world.client.exec("conn.execute_command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')");
    gate.open();
    super::processes::wait_until_gone(horse);
    worker.stderr.wait_for_line("NOAUTH", SOON);
    let began = std::time::Instant::now();
    wait_until(SOON, "more tries than a refusal is worth", || {
        began.elapsed().as_secs() > 15 || !worker.is_running()
    });
    world.client.exec("conn.config_set('requirepass', '')");

    world.wait_for_status("j1", "finished");
    assert_ran_once(&world, "j1");
    assert!(worker.is_running());
    worker.stop();
    world.finish();
}

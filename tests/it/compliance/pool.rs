//! `rq worker-pool`: several workers that are started, stopped and replaced together.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::{
    Gate, SOON, Subject, Worker, World, for_every_client, process_exists, text, wait_until,
};

/// A pool of two with two jobs in hand, each at a gate, and a job that nobody is to take.
fn busy_pool(world: &World) -> (Worker, [Gate; 2]) {
    let mut gates = ["first", "second"].map(|name| world.gate(name));
    let pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);
    for (gate, id) in gates.iter().zip(["j1", "j2"]) {
        world.enqueue(&format!("'jobs.waits.at', {}, job_id='{id}'", gate.literal()));
    }
    for gate in &mut gates {
        gate.wait_for_arrival();
    }
    world.enqueue("'jobs.returns.value', 1, job_id='j3'");
    (pool, gates)
}

/// Asks again, once a second signal counts.
fn signal_again(pool: &Worker) {
    let asked = Instant::now();
    wait_until(SOON, "a second signal to count", || asked.elapsed() > Duration::from_millis(1200));
    pool.signal(Signal::SIGTERM);
}

for_every_client! {
    fn as_many_workers_are_registered_as_asked_for(world: &World) {
        let mut pool = world.pool(&["-n", "3", "high", "low"]);

        world.wait_for_idle(3);

        for worker in world.workers_that_are("idle").values() {
            assert_eq!(text(worker, "queues"), "high,low");
        }
        assert_eq!(world.client.eval("len(Worker.all(conn))"), 3);
        assert_eq!(pool.stop().code(), 0);
        assert!(world.redis.set(&world.key("workers")).is_empty());
    }

    fn a_burst_runs_the_jobs_of_all_queues_and_ends(world: &World) {
        world.client.exec("jobs = [Queue(name, connection=conn).enqueue('jobs.returns.value', 1).id for name in ('a', 'b') * 10]");

        let exit = world.pool(&["--burst", "--num-workers", "3", "a", "b"]).wait_exit();

        assert_eq!(exit.code(), 0, "{}", exit.stderr);
        assert_eq!(world.client.eval("{view(job)['status'] for job in jobs} == {'finished'}"), true);
    }

    fn jobs_are_scheduled_without_being_asked_to(world: &World) {
        let mut pool = world.pool(&["-n", "2"]);
        let job = world.client.eval("q.enqueue_in(timedelta(seconds=1), 'jobs.returns.value', 7).id");

        world.wait_for_status(job.as_str().unwrap(), "finished");

        world.wait_for_idle(2);
        assert_eq!(pool.stop().code(), 0);
    }
}

#[test]
fn one_worker_is_the_default_and_nothing_of_the_pool_itself_is_in_redis() {
    let world = World::new();
    let mut pool = world.pool(&[]);
    world.wait_for_idle(1);

    let keys = world.redis.keys();

    assert!(!keys.iter().any(|key| key.contains("pool")), "{keys:?}");
    assert_eq!(world.redis.set("rq:workers").len(), 1);
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

#[test]
fn sigterm_lets_the_jobs_of_a_pool_finish() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let world = World::new();
        let (mut pool, mut gates) = busy_pool(&world);

        pool.signal(signal);
        wait_until(SOON, "the requests to be recorded", || {
            let workers = world.workers_that_are("busy");
            workers.values().all(|worker| worker.contains_key("shutdown_requested_date"))
        });
        gates.iter_mut().for_each(Gate::open);

        let exit = pool.wait_exit();
        assert_eq!(exit.code(), 0, "{}", exit.stderr);
        assert_eq!([world.view("j1")["result"].clone(), world.view("j2")["result"].clone()], ["through"; 2]);
        assert_eq!(world.view("j3")["status"], "queued");
        world.finish();
    }
}

#[test]
fn a_second_signal_stops_a_pool_cold() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let horse = gate.wait_for_arrival();

    pool.signal(Signal::SIGTERM);
    wait_until(SOON, "the first signal to be heeded", || world.redis.set("rq:workers").len() == 1);
    signal_again(&pool);

    assert_eq!(pool.wait_exit().code(), 0);
    assert!(!process_exists(horse));
    let status = world.view("j1")["status"].clone();
    if world.subject.differs("a cold shutdown fails the job in hand at once") {
        assert_eq!(status, "failed");
    } else {
        assert_eq!(status, "started");
    }
    world.finish();
}

#[test]
fn a_worker_that_a_client_shut_down_is_replaced_by_rq_and_stays_down_here() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);
    let gone = world.workers_that_are("idle").into_keys().next().unwrap();

    world.client.exec(&format!("send_shutdown_command(conn, {gone:?})"));

    let key = world.key(&format!("worker:{gone}"));
    wait_until(SOON, "its death", || world.redis.field(&key, "death").is_some());
    if world.subject.differs("a worker that was shut down stays down") {
        let job = world.enqueue("'jobs.returns.value', 1");
        world.wait_for_status(&job, "finished");
        world.wait_for_idle(1);
    } else {
        world.wait_for_idle(2);
    }
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

#[test]
fn a_level_for_logging_is_that_of_the_workers() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1");
    for (level, tells) in [("WARNING", false), ("INFO", true)] {
        for option in ["-l", "--logging-level"] {
            let exit = world.pool(&["--burst", option, level]).wait_exit();

            assert_eq!(exit.code(), 0, "{}", exit.stderr);
            assert_eq!(exit.stdout.contains("Listening on"), tells, "{option} {level}: {}", exit.stdout);
        }
    }
    world.finish();
}

#[test]
fn the_name_of_the_settings_is_not_that_of_workers_of_a_pool_of_rqs() {
    let world = World::new();
    let url = world.redis.url();
    std::fs::write(world.path("settings.py"), format!("REDIS_URL = {url:?}\nNAME = 'w'\n")).unwrap();
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);

    let names: Vec<_> = world.workers_that_are("idle").into_keys().collect();

    if world.subject == Subject::Ours {
        assert!(world.subject.differs("workers of a pool may have names"));
        assert_eq!(names, ["w-1", "w-2"]);
    } else {
        assert!(names.iter().all(|name| name.len() == 32), "{names:?}");
    }
    assert_eq!(pool.stop().code(), 0);
    world.finish();
}

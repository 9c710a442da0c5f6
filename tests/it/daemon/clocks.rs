//! hosts whose clocks are an hour apart do not take each other's jobs, and find those of the dead in time all the same.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stage::{crash, marks};
use crate::harness::{Gate, SOON, Skew, Worker, World, skipped, text, wait_until};

const HOUR: i64 = 3600;

/// Runs a claim in a world with a clock that is an hour ahead, and in one that is an hour behind.
fn for_both_ways(claim: fn(&World, &Host)) {
    for ahead in [HOUR, -HOUR] {
        let world = World::new();
        match Skew::new(&world) {
            Ok(skew) => {
                claim(&world, &Host { skew, ahead });
                world.finish();
            }
            Err(missing) => skipped(&missing),
        }
    }
}

/// A host whose clock is off.
struct Host {
    skew: Skew,
    ahead: i64,
}

impl Host {
    /// A worker on this host.
    fn worker(&self, world: &World, name: &str) -> Worker {
        worker(world, name, Some(self))
    }
}

/// A worker that cleans and looks for dead daemons every second; on a host whose clock is right, unless there is another.
fn worker(world: &World, name: &str, host: Option<&Host>) -> Worker {
    let mut command = world.worker_command();
    command.args([
        "-c",
        "settings",
        "--name",
        name,
        "--maintenance-interval",
        "1",
        "--job-monitoring-interval",
        "1",
    ]);
    command.env("RQ_MAINTENANCE__LIVENESS", "1s");
    if let Some(host) = host {
        host.skew.apply(&mut command, host.ahead);
    }
    world.start(command)
}

/// Asserts that the clock of a worker is off: otherwise the test would prove nothing.
#[track_caller]
fn assert_is_off(world: &World, name: &str, host: &Host) {
    let birth = text(&world.redis.hash(&format!("rq:worker:{name}")), "birth");
    let off = world.client.eval(&format!(
        "(datetime.strptime({birth:?}, '%Y-%m-%dT%H:%M:%S.%fZ') - datetime.utcnow()).total_seconds()"
    ));
    let off = off.as_f64().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "an hour is no large number")]
    let expected = host.ahead as f64;
    assert!((off - expected).abs() < 60.0, "{off}");
}

/// Enqueues the job `j1`, which waits in its function.
fn waiting(world: &World) -> Gate {
    let gate = world.gate("gate");
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.marks.leave_and_wait', {path:?}, {}, job_id='j1'", gate.literal()));
    gate
}

/// Waits until a worker has cleaned a few times more than before.
#[track_caller]
fn wait_for_rounds(worker: &Worker) {
    let rounds =
        || worker.stdout.lines().iter().filter(|line| line.contains("cleaning registries for")).count();
    let before = rounds();
    wait_until(SOON, "three more rounds of maintenance", || rounds() >= before + 3);
}

/// How far ahead of Redis' clock a job's entry in a registry is.
fn ahead_of_redis(world: &World, registry: &str) -> f64 {
    world.redis.sorted_set(&format!("rq:{registry}:default"))[0].1 - world.redis.now()
}

#[track_caller]
fn assert_finishes_well(world: &World, mut gate: Gate) {
    assert_eq!(world.view("j1")["status"], "started");
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_eq!(marks(world), 1);
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    let kept = ahead_of_redis(world, "finished");
    assert!((400.0..=501.0).contains(&kept), "{kept}");
    let lives = world.redis.ttl("rq:job:j1");
    assert!((400..=500).contains(&lives), "{lives}");
}

#[test]
fn a_worker_whose_clock_is_off_keeps_its_job() {
    for_both_ways(|world, host| {
        let mut gate = waiting(world);
        let mut off = host.worker(world, "off");
        gate.wait_for_arrival();
        assert_is_off(world, "off", host);

        let mut right = worker(world, "right", None);
        wait_for_rounds(&right);
        world.client.exec("StartedJobRegistry(connection=conn).cleanup()");

        let lease = ahead_of_redis(world, "wip");
        assert!((10.0..=200.0).contains(&lease), "{lease}");
        assert_finishes_well(world, gate);
        right.stop();
        off.stop();
    });
}

#[test]
fn the_jobs_of_others_are_safe_from_a_worker_whose_clock_is_off() {
    for_both_ways(|world, host| {
        let mut gate = waiting(world);
        let mut right = worker(world, "right", None);
        gate.wait_for_arrival();

        let mut off = host.worker(world, "off");
        wait_for_rounds(&off);

        assert_is_off(world, "off", host);
        assert_finishes_well(world, gate);
        off.stop();
        right.stop();
    });
}

#[test]
fn the_jobs_of_python_workers_are_safe_from_a_worker_whose_clock_is_off() {
    for_both_ways(|world, host| {
        let mut gate = waiting(world);
        let mut command = world.command(&world.venv.program("rq"));
        command.args(["worker", "-c", "settings", "--name", "python"]);
        let mut python = world.start(command);
        gate.wait_for_arrival();

        let mut off = host.worker(world, "off");
        wait_for_rounds(&off);

        assert_is_off(world, "off", host);
        assert_finishes_well(world, gate);
        off.stop();
        python.stop();
    });
}

/// Kills the worker `dead`, whose process nobody can look at from elsewhere, and asserts that the other finds its job.
#[track_caller]
fn assert_found(world: &World, mut dead: Worker, name: &str) {
    for (daemon, _) in world.redis.hash("rq:rqd:daemons") {
        let card = json!({"identity": "", "workers": [name]}).to_string();
        let _: i64 = world.redis.command(&["HSET", "rq:rqd:daemons", &daemon, &card]);
    }
    crash(&mut dead);
    let died = Instant::now();

    world.wait_for_status("j1", "failed");

    assert!(died.elapsed() < Duration::from_secs(15), "{:?}", died.elapsed());
    let why = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(
        why.contains(&format!("while it ran: the daemon of worker {name} gave no sign of life for 1s")),
        "{why}"
    );
    assert_eq!(world.client.eval("registries()['failed']"), json!(["j1"]));
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    assert_eq!(marks(world), 1);
}

#[test]
fn the_job_of_a_dead_worker_whose_clock_was_off_is_found_in_time() {
    for_both_ways(|world, host| {
        let mut gate = waiting(world);
        let off = host.worker(world, "off");
        gate.wait_for_arrival();
        assert_is_off(world, "off", host);
        let mut right = worker(world, "right", None);
        wait_for_rounds(&right);

        assert_found(world, off, "off");
        right.stop();
    });
}

#[test]
fn a_worker_whose_clock_is_off_finds_the_job_of_a_dead_one_in_time() {
    for_both_ways(|world, host| {
        let mut gate = waiting(world);
        let right = worker(world, "right", None);
        gate.wait_for_arrival();
        let mut off = host.worker(world, "off");
        wait_for_rounds(&off);
        assert_is_off(world, "off", host);

        assert_found(world, right, "right");
        off.stop();
    });
}

#[test]
fn the_lease_of_a_dead_python_worker_ends_by_the_clock_of_redis() {
    for_both_ways(|world, host| {
        let mut gate = waiting(world);
        let mut command = world.command(&world.venv.program("rq"));
        command.args(["worker", "-c", "settings", "--name", "python"]);
        let mut python = world.start(command);
        let horse = gate.wait_for_arrival();
        crash(&mut python);
        super::processes::sigkill(horse);
        let mut off = host.worker(world, "off");
        wait_for_rounds(&off);
        assert_eq!(world.view("j1")["status"], "started");

        world.end_leases("default");

        world.wait_for_status("j1", "failed");
        assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
        off.stop();
        // RQ: the hash of a killed worker stays until it expires.
        let _: i64 = world.redis.command(&["SREM", "rq:workers", "rq:worker:python"]);
        let _: i64 = world.redis.command(&["SREM", "rq:workers:default", "rq:worker:python"]);
        let _: i64 = world.redis.command(&["DEL", "rq:worker:python", "rq:worker:python:executions"]);
    });
}

#[test]
fn a_retry_of_a_worker_whose_clock_is_off_is_due_by_the_clock_of_redis() {
    for_both_ways(|world, host| {
        world.enqueue("'jobs.raising.plain', job_id='j1', retry=Retry(max=1, interval=50)");
        let mut off = host.worker(world, "off");

        world.wait_for_status("j1", "scheduled");

        assert_is_off(world, "off", host);
        let due = ahead_of_redis(world, "scheduled");
        assert!((30.0..=51.0).contains(&due), "{due}");
        off.stop();
    });
}

#[test]
fn a_job_that_a_host_with_another_clock_wrote_runs() {
    let world = World::new();
    for (job, moment) in [("future", "+ timedelta(hours=1)"), ("past", "- timedelta(hours=1)")] {
        world.enqueue(&format!("'jobs.returns.value', 1, job_id='{job}', ttl=100"));
        world.client.exec(&format!(
            "moment = (datetime.utcnow() {moment}).strftime('%Y-%m-%dT%H:%M:%S.%fZ')
for field in ('created_at', 'enqueued_at', 'started_at', 'last_heartbeat'): conn.hset('rq:job:{job}', field, moment)"
        ));
    }

    world.work(&[]);

    for job in ["future", "past"] {
        assert_eq!(world.view(job)["status"], "finished");
        let took = world
            .client
            .eval(&format!("abs((fetch({job:?}).ended_at - fetch({job:?}).started_at).total_seconds())"));
        assert!(took.as_f64().unwrap() < 30.0, "{took}");
    }
    world.finish();
}

//! Executions that are cut off: found by the death of their daemon, and treated by policy.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use super::processes::wait_until_gone;
use super::stage::{Stage, assert_ran_once, crash, marking, marks, transition_of, wait_until_waiting};
use crate::harness::{Act, Gate, SOON, Worker, World, text, wait_until};

/// A worker with these settings; a daemon may be silent for a second only.
fn quick(world: &World, name: &str, settings: &[(&str, &str)], arguments: &[&str]) -> Worker {
    let mut command: Command = world.worker_command();
    command.args(["-c", "settings", "--name", name]).args(arguments).env("RQ_MAINTENANCE__LIVENESS", "1s");
    for (name, value) in settings {
        command.env(name, value);
    }
    world.start(command)
}

/// Enqueues the job `j1`, which waits in its function, and gives it to the worker.
#[track_caller]
fn busy(world: &World, name: &str, settings: &[(&str, &str)], further: &str) -> (Worker, Gate) {
    let mut gate = world.gate("gate");
    let path = world.path("marks").display().to_string();
    let call = format!("'jobs.marks.leave_and_wait', {path:?}, {}", gate.literal());
    world.enqueue(&format!("{call}, job_id='j1'{further}"));
    let worker = quick(world, name, settings, &[]);
    gate.wait_for_arrival();
    wait_until(SOON, "the handing over to be noted", || run_mark(world).ends_with(" handed"));
    (worker, gate)
}

fn run_mark(world: &World) -> String {
    world.redis.field("rq:job:j1", "rqd_run").unwrap_or_default()
}

/// Lets every daemon that is registered look as if it ran on another machine, where nobody here can see its process.
fn move_daemons_away(world: &World) {
    for (daemon, _) in world.redis.hash("rq:rqd:daemons") {
        let card = r#"{"identity": "", "workers": ["w1"]}"#;
        let _: i64 = world.redis.command(&["HSET", "rq:rqd:daemons", &daemon, card]);
    }
}

#[track_caller]
fn assert_failed_as_abandoned(world: &World, how: &str) {
    world.wait_for_status("j1", "failed");
    let view = world.view("j1");
    let why = view["exc_info"].as_str().unwrap();
    assert!(why.contains("AbandonedJobError"), "{why}");
    assert!(why.contains(&format!("while it ran: the daemon of worker w1 {how}")), "{why}");
    let [result] = &world.redis.stream("rq:results:j1")[..] else { panic!("one result") };
    assert_eq!(text(result, "cause"), if how == "died" { "daemon_gone" } else { "host_gone" });
    assert!(!world.redis.exists("rq:wip:default"));
    assert_eq!(marks(world), 1);
}

#[test]
fn a_job_of_a_killed_daemon_fails_as_abandoned_within_seconds() {
    let world = World::new();
    let (mut worker, _gate) = busy(&world, "w1", &[], "");

    crash(&mut worker);
    let died = Instant::now();
    let mut other = quick(&world, "w2", &[], &[]);

    assert_failed_as_abandoned(&world, "died");
    assert!(died.elapsed() < Duration::from_secs(10), "{:?}", died.elapsed());
    other.stop();
    wait_until(SOON, "the dead daemon to be forgotten", || !world.redis.exists("rq:rqd:daemons"));
    assert!(!world.redis.set("rq:workers").contains("rq:worker:w1"));
    world.finish();
}

#[test]
fn a_job_of_a_silent_daemon_elsewhere_fails_as_abandoned_within_its_liveness() {
    let world = World::new();
    // A second is soon over on a busy machine, and the worker would be taken for dead before it is.
    let settings = [("RQ_MAINTENANCE__LIVENESS", "4s")];
    let mut other = quick(&world, "w2", &settings, &["other"]);
    world.wait_until_idle(&other);
    let (mut worker, _gate) = busy(&world, "w1", &settings, "");

    other.signal(Signal::SIGSTOP);
    crash(&mut worker);
    move_daemons_away(&world);
    other.signal(Signal::SIGCONT);

    assert_failed_as_abandoned(&world, "gave no sign of life for 4s");
    other.stop();
    world.finish();
}

#[test]
fn a_job_with_retries_is_retried_when_its_daemon_died() {
    let world = World::new();
    let (mut worker, mut gate) = busy(&world, "w1", &[], ", retry=Retry(max=2)");

    crash(&mut worker);
    let mut other = quick(&world, "w2", &[], &[]);

    gate.wait_for_arrival();
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_eq!(world.redis.field("rq:job:j1", "retries_left").as_deref(), Some("1"));
    assert_eq!(marks(&world), 2);
    other.stop();
    world.finish();
}

/// Asserts that with these settings the job runs again, from the head of its queue, and says why.
#[track_caller]
fn assert_runs_again(settings: &[(&str, &str)]) {
    let world = World::new();
    let (mut worker, mut gate) = busy(&world, "w1", settings, "");
    world.enqueue("'jobs.returns.value', 2, job_id='j2'");

    crash(&mut worker);
    let mut other = quick(&world, "w2", settings, &[]);

    gate.wait_for_arrival();
    assert_eq!(world.view("j2")["status"], "queued");
    assert_eq!(world.redis.field("rq:job:j1", "rqd_interruptions").as_deref(), Some("1"));
    let why = world.redis.field("rq:job:j1", "rqd_interrupted").unwrap();
    let told = "The job was interrupted while it ran: the daemon of worker w1 died (it was process ";
    assert!(why.starts_with(told), "{why}");
    gate.open();
    world.wait_for_status("j2", "finished");
    assert_eq!(world.view("j1")["status"], "finished");
    assert_eq!(marks(&world), 2);
    other.stop();
    world.finish();
}

#[test]
fn the_policy_requeue_runs_a_job_again() {
    assert_runs_again(&[("RQ_WORKER__ON_INTERRUPT", "requeue")]);
}

#[test]
fn a_queue_may_have_a_policy_of_its_own() {
    assert_runs_again(&[
        ("RQ_WORKER__ON_INTERRUPT", "fail"),
        ("RQ_WORKER__ON_INTERRUPT_QUEUES", r#"{"default": "requeue"}"#),
    ]);
}

#[test]
fn the_policy_fail_fails_a_job_with_retries() {
    let world = World::new();
    let settings = [("RQ_WORKER__ON_INTERRUPT", "fail")];
    let (mut worker, _gate) = busy(&world, "w1", &settings, ", retry=Retry(max=2)");

    crash(&mut worker);
    let mut other = quick(&world, "w2", &settings, &[]);

    assert_failed_as_abandoned(&world, "died");
    other.stop();
    world.finish();
}

#[test]
fn a_job_is_treated_by_the_policy_of_the_daemon_that_died() {
    let requeue = ("RQ_WORKER__ON_INTERRUPT", "requeue");
    let fail = ("RQ_WORKER__ON_INTERRUPT", "fail");
    let requeue_queue = ("RQ_WORKER__ON_INTERRUPT_QUEUES", r#"{"default": "requeue"}"#);
    let fail_queue = ("RQ_WORKER__ON_INTERRUPT_QUEUES", r#"{"default": "fail"}"#);
    let no_budget = ("RQ_WORKER__MAX_INTERRUPTIONS", "0");
    let table: [(&[_], &[_], Option<&str>); 5] = [
        (&[requeue], &[fail, no_budget], None),
        (&[fail, requeue_queue], &[fail], None),
        (&[fail], &[requeue], Some("the daemon of worker w1 died")),
        (&[requeue, fail_queue], &[requeue], Some("the daemon of worker w1 died")),
        (&[requeue, no_budget], &[requeue], Some("put back 0 times before")),
    ];
    for (owners, finders, failure) in table {
        let world = World::new();
        let (mut worker, mut gate) = busy(&world, "w1", owners, "");

        crash(&mut worker);
        let mut finder = quick(&world, "w2", finders, &[]);

        if let Some(failure) = failure {
            world.wait_for_status("j1", "failed");
            let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
            assert!(text.contains(failure), "{owners:?}: {text}");
        } else {
            gate.wait_for_arrival();
            gate.open();
            world.wait_for_status("j1", "finished");
        }
        finder.stop();
        world.finish();
    }
}

#[test]
fn a_job_that_kills_its_daemon_each_time_fails_when_its_budget_is_spent() {
    let world = World::new();
    world.enqueue("'jobs.poison.kill_daemon', job_id='j1'");
    let settings = [("RQ_WORKER__ON_INTERRUPT", "requeue"), ("RQ_WORKER__MAX_INTERRUPTIONS", "2")];

    for run in 1..=3 {
        let exit = quick(&world, &format!("w{run}"), &settings, &[]).wait_exit();
        assert_eq!(exit.code(), -9, "{}", exit.stdout);
    }
    let mut last = quick(&world, "w4", &settings, &[]);

    world.wait_for_status("j1", "failed");
    let text = world.view("j1")["exc_info"].as_str().unwrap().to_owned();
    assert!(text.contains("put back 2 times before, and worker.max_interruptions allows no more"), "{text}");
    last.stop();
    world.finish();
}

#[test]
fn a_job_whose_function_had_not_begun_is_put_back_whatever_the_policy() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let claim = stage.proxy.on(transition_of("claim", "j1"), Act::PauseReply);
    world.enqueue(&marking(world, "j1"));
    claim.wait();

    crash(&mut worker);
    claim.cut();
    let mut other = quick(world, "w2", &[("RQ_WORKER__ON_INTERRUPT", "fail")], &[]);

    world.wait_for_status("j1", "finished");
    assert_ran_once(world, "j1");
    let why = world.redis.field("rq:job:j1", "rqd_interrupted").unwrap();
    assert!(why.contains("before it ran"), "{why}");
    other.stop();
    stage.finish();
}

#[test]
fn a_job_whose_fork_server_and_horse_died_too_is_found() {
    let world = World::new();
    let (mut worker, mut gate) = busy(&world, "w1", &[("RQ_WORKER__ON_INTERRUPT", "requeue")], "");
    let server = super::processes::fork_server(&worker);
    let horses = super::processes::horses(server);
    worker.signal(Signal::SIGSTOP);

    super::processes::sigkill(server);
    horses.into_iter().for_each(super::processes::sigkill);
    crash(&mut worker);
    let mut other = quick(&world, "w2", &[("RQ_WORKER__ON_INTERRUPT", "requeue")], &[]);

    gate.wait_for_arrival();
    gate.open();
    world.wait_for_status("j1", "finished");
    other.stop();
    world.finish();
}

/// Stops a busy worker cold.
#[track_caller]
fn stop_cold(worker: &mut Worker) {
    worker.signal(Signal::SIGTERM);
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    let asked = Instant::now();
    wait_until(SOON, "a second signal to count", || asked.elapsed() > Duration::from_millis(1100));
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait_exit().code(), 0);
}

#[test]
fn a_cold_shutdown_leaves_no_job_started_and_heeds_the_policy() {
    let world = World::new();
    let (mut worker, _gate) = busy(&world, "w1", &[("RQ_WORKER__ON_INTERRUPT", "requeue")], "");

    stop_cold(&mut worker);

    assert_eq!(world.redis.list("rq:queue:default"), ["j1"]);
    assert_eq!(world.view("j1")["status"], "queued");
    let why = world.redis.field("rq:job:j1", "rqd_interrupted").unwrap();
    assert_eq!(why, "The job was interrupted while it ran: worker w1 was shut down cold");
    assert_eq!(run_mark(&world), "");
    assert!(!world.redis.exists("rq:rqd:daemons"));
    world.finish();
}

#[test]
fn a_cold_shutdown_calls_the_failure_callback() {
    let world = World::new();
    let (mut worker, _gate) = busy(&world, "w1", &[], ", on_failure=Callback('jobs.callbacks.failure')");

    stop_cold(&mut worker);

    assert_eq!(world.view("j1")["status"], "failed");
    let called = std::fs::read_to_string(world.path("calls")).unwrap();
    assert!(called.contains("AbandonedJobError"), "{called}");
    assert_eq!(called.lines().count(), 1);
    world.finish();
}

#[test]
fn a_warm_shutdown_that_reaches_its_deadline_puts_the_job_back() {
    let world = World::new();
    let settings = [("RQ_SHUTDOWN__DEADLINE", "500ms"), ("RQ_WORKER__ON_INTERRUPT", "fail")];
    let (mut worker, _gate) = busy(&world, "w1", &settings, "");
    world.enqueue("'jobs.returns.value', 2, job_id='j2'");
    let horse = super::processes::horses(super::processes::fork_server(&worker));

    let exit = worker.stop();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    horse.into_iter().for_each(wait_until_gone);
    assert_eq!(world.redis.list("rq:queue:default"), ["j1", "j2"]);
    let why = world.redis.field("rq:job:j1", "rqd_interrupted").unwrap();
    assert!(why.ends_with("worker w1 reached its shutdown deadline"), "{why}");
    assert_eq!(world.redis.field("rq:job:j1", "rqd_interruptions").as_deref(), Some("0"));
    world.finish();
}

#[test]
fn a_job_that_ends_before_the_deadline_is_settled() {
    let world = World::new();
    let (mut worker, mut gate) = busy(&world, "w1", &[("RQ_SHUTDOWN__DEADLINE", "30s")], "");

    worker.signal(Signal::SIGTERM);
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    gate.open();

    assert_eq!(worker.wait_exit().code(), 0);
    assert_ran_once(&world, "j1");
    world.finish();
}

#[test]
fn nobodys_jobs_are_taken_on_after_an_outage_of_redis() {
    let world = World::new();
    let mut other = quick(&world, "w2", &[], &["other"]);
    world.wait_until_idle(&other);
    let (mut worker, mut gate) = busy(&world, "w1", &[], "");
    move_daemons_away(&world);
    let frozen = Instant::now();

    world.redis.freeze();
    wait_until(SOON, "an outage longer than the liveness", || frozen.elapsed() > Duration::from_secs(3));
    world.redis.thaw();

    let thawed = Instant::now();
    wait_until(SOON, "several looks around", || thawed.elapsed() > Duration::from_secs(4));
    assert_eq!(world.view("j1")["status"], "started");
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_ran_once(&world, "j1");
    other.stop();
    worker.stop();
    world.finish();
}

#[test]
fn the_lease_of_a_living_daemon_is_renewed_and_not_ended() {
    let world = World::new();
    let mut other = quick(&world, "w2", &[], &[]);
    wait_until_waiting(&world, 1);
    other.signal(Signal::SIGSTOP);
    let (mut worker, mut gate) = busy(&world, "w1", &[], "");
    world.end_leases("default");

    other.signal(Signal::SIGCONT);

    let ends = || world.redis.sorted_set("rq:wip:default").first().map_or(0.0, |(_, ends)| *ends);
    wait_until(SOON, "the lease to be renewed", || ends() > world.redis.now());
    assert_eq!(world.view("j1")["status"], "started");
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_ran_once(&world, "j1");
    other.stop();
    worker.stop();
    world.finish();
}

#[test]
fn a_python_workers_job_is_left_alone_until_its_lease_ends() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut command = world.command(&world.venv.program("rq"));
    command.args(["worker", "-c", "settings", "--name", "python"]);
    let mut python = world.start(command);
    let horse = gate.wait_for_arrival();
    crash(&mut python);
    super::processes::sigkill(horse);
    let mut ours = quick(&world, "w2", &[], &[]);
    world.wait_until_idle(&ours);

    let began = Instant::now();
    wait_until(SOON, "several looks around", || began.elapsed() > Duration::from_secs(3));
    assert_eq!(world.view("j1")["status"], "started");
    world.end_leases("default");

    world.wait_for_status("j1", "failed");
    assert!(world.view("j1")["exc_info"].as_str().unwrap().starts_with("Moved to FailedJobRegistry, due to"));
    assert_eq!(world.client.eval("registries()['failed']"), json!(["j1"]));
    ours.stop();
    world.finish();
}

#[test]
fn two_daemons_that_clean_at_once_retry_each_job_once() {
    // R-16: Python's cleaners push a retried job twice.
    let world = World::new();
    let path = world.path("marks").display().to_string();
    world.client.exec(&format!(
        "import time
for i in range(50):
    job = q.enqueue('jobs.marks.leave', {path:?}, job_id='j%d' % i, retry=Retry(max=1))
    conn.lrem('rq:queue:default', 1, job.id)
    conn.hset(job.key, 'status', 'started')
    conn.zadd('rq:wip:default', {{job.id + ':e' + job.id: time.time() - 5}})"
    ));

    let mut workers = [quick(&world, "w1", &[], &[]), quick(&world, "w2", &[], &[])];

    wait_until(SOON, "all jobs to be finished", || world.redis.sorted_set("rq:finished:default").len() == 50);
    assert_eq!(marks(&world), 50);
    assert!(!world.redis.exists("rq:wip:default"));
    for worker in &mut workers {
        worker.stop();
    }
    world.finish();
}

#[test]
fn dependents_are_released_with_the_failure_of_an_interrupted_job() {
    // R-17: one step, so that nobody sees dependents run while their parent is still started.
    let world = World::new();
    let (mut worker, _gate) = busy(&world, "w1", &[], "");
    let after = "depends_on=Dependency(['j1'], allow_failure=True)";
    world.enqueue(&format!("'jobs.returns.value', 2, job_id='j2', {after}"));

    crash(&mut worker);
    let mut other = quick(&world, "w2", &[], &[]);

    world.wait_for_status("j2", "finished");
    assert_eq!(world.view("j1")["status"], "failed");
    other.stop();
    world.finish();
}

#[test]
fn a_daemon_that_ends_leaves_no_sign_of_life() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    assert_eq!(world.redis.hash("rq:rqd:daemons").len(), 1);

    worker.stop();

    let left: Vec<_> = world
        .redis
        .keys()
        .into_iter()
        .filter(|key| key.contains("rqd") && !key.contains("watcher"))
        .collect();
    assert_eq!(left, [""; 0]);
    world.finish();
}

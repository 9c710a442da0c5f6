//! Jobs that wait for their time, and the scheduler that queues them.

use nix::{sys::signal::Signal, unistd::Pid};
use serde_json::json;

use crate::harness::{
    Gate, SOON, Version, Worker, World, for_every_client, is_timestamp, process_exists, text, wait_until,
};

/// When something was due a while ago, as an argument of `enqueue_at`.
const PAST: &str = "datetime.now(timezone.utc) - timedelta(seconds=5)";

/// When something is due in a moment. RQ: clients before 3.0 write the registry before the job, so that a scheduler which looks
/// in between loses what is due already.
const IN_A_MOMENT: &str = "datetime.now(timezone.utc) + timedelta(seconds=1)";

/// Schedules a job on `default`: `arguments` is what stands behind the time.
#[track_caller]
fn enqueue_at(world: &World, time: &str, arguments: &str) -> String {
    world.client.eval(&format!("q.enqueue_at({time}, {arguments}).id")).as_str().unwrap().to_owned()
}

/// A worker with a scheduler that is busy at the gate, so that nobody takes what the scheduler queues.
fn busy_worker(world: &World) -> (Worker, Gate) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='busy'", gate.literal()));
    let worker = world.worker(&["--name", "w1", "--with-scheduler"]);
    gate.wait_for_arrival();
    (worker, gate)
}

/// Lets the busy worker do the rest and stops it once the job has ended.
#[track_caller]
fn let_end(world: &World, mut worker: Worker, mut gate: Gate, last: &str) {
    gate.open();
    world.wait_for_status(last, "finished");
    assert_eq!(worker.stop().code(), 0);
}

for_every_client! {
    fn a_job_runs_when_its_time_has_come(world: &World) {
        let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);
        let job = world.client.eval("q.enqueue_in(timedelta(seconds=1), 'jobs.returns.value', 7).id");
        let job = job.as_str().unwrap();

        assert_eq!(world.view(job)["status"], "scheduled");
        world.wait_for_status(job, "finished");

        assert_eq!(world.view(job)["result"], 7);
        assert_eq!(world.client.eval("registries()['scheduled']"), json!([]));
        worker.stop();
    }

    fn a_burst_runs_what_is_due_and_leaves_what_is_not(world: &World) {
        let due = enqueue_at(world, PAST, "'jobs.returns.value', 1");
        let later = world.client.eval("q.enqueue_in(timedelta(hours=1), 'jobs.returns.value', 2).id");

        world.work(&["-s"]);

        assert_eq!(world.view(&due)["result"], 1);
        assert_eq!(world.client.eval("registries()['scheduled']"), json!([later]));
        assert!(!world.redis.exists(&world.key("scheduler-lock:default")));
    }

    fn a_retry_with_an_interval_comes_back(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=1, interval=1)");
        let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

        world.wait_for_status(&job, "failed");

        let key = world.key("worker:w1");
        wait_until(SOON, "both failures to be counted", || {
            world.redis.field(&key, "failed_job_count").as_deref() == Some("2")
        });
        assert_eq!(world.client.eval("registries()['scheduled']"), json!([]));
        worker.stop();
    }

    fn a_due_job_may_go_to_the_front(world: &World) {
        let (worker, gate) = busy_worker(world);
        world.enqueue("'jobs.returns.value', 1, job_id='waits'");

        enqueue_at(world, IN_A_MOMENT, "'jobs.returns.value', 2, job_id='back'");
        world.wait_for_status("back", "queued");
        enqueue_at(world, IN_A_MOMENT, "'jobs.returns.value', 3, job_id='front', at_front=True");
        world.wait_for_status("front", "queued");

        assert_eq!(world.redis.list(&world.key("queue:default")), ["front", "waits", "back"]);
        let_end(world, worker, gate, "back");
    }

    fn a_canceled_job_does_not_run(world: &World) {
        let job = enqueue_at(world, PAST, "'jobs.returns.value', 1");
        world.client.exec(&format!("fetch({job:?}).cancel()"));

        world.work(&["--with-scheduler"]);

        assert_eq!(world.view(&job)["status"], "canceled");
    }
}

#[test]
fn a_worker_without_a_scheduler_leaves_due_jobs_alone() {
    let world = World::new();
    let job = enqueue_at(&world, PAST, "'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "scheduled");
    world.finish();
}

#[test]
fn jobs_of_other_queues_are_left_alone() {
    let world = World::new();
    world.client.exec(&format!("other = queue('other').enqueue_at({PAST}, 'jobs.returns.value', 1)"));

    world.work(&["--with-scheduler"]);

    assert_eq!(world.client.eval("other.get_status()"), "scheduled");
    world.finish();
}

#[test]
fn a_due_job_is_queued_as_rq_queues_it() {
    let world = World::new();
    let (worker, gate) = busy_worker(&world);

    enqueue_at(&world, PAST, "'jobs.returns.value', 1, job_id='j1', ttl=100");
    world.wait_for_status("j1", "queued");

    let hash = world.redis.hash(&world.key("job:j1"));
    assert!(is_timestamp(&text(&hash, "enqueued_at")), "{hash:?}");
    assert_eq!(text(&hash, "origin"), "default");
    assert!((80..=100).contains(&world.redis.ttl(&world.key("job:j1"))), "the job's own ttl");
    assert!(world.redis.set(&world.key("queues")).contains("rq:queue:default"));
    let_end(&world, worker, gate, "j1");
    world.finish();
}

#[test]
fn an_id_without_a_job_vanishes() {
    let world = World::new();
    let _: i64 = world.redis.command(&["ZADD", &world.key("scheduled:default"), "1", "gone"]);

    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

    wait_until(SOON, "the id to vanish", || !world.redis.exists(&world.key("scheduled:default")));
    world.wait_until_idle(&worker);
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_was_scheduled_by_hand_runs_on_the_queue_of_its_registry() {
    let world = World::new();
    world.client.exec("job = Job.create('jobs.returns.value', (1,), connection=conn, origin='elsewhere')");
    world.client.exec("job.save()");
    world.client.exec(&format!("ScheduledJobRegistry('default', connection=conn).schedule(job, {PAST})"));

    world.work(&["--with-scheduler"]);

    let view = world.view(world.client.eval("job.id").as_str().unwrap());
    assert_eq!((&view["result"], &view["origin"]), (&json!(1), &json!("default")));
    world.finish();
}

#[test]
fn due_jobs_are_queued_while_rq_is_suspended() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    world.client.exec("suspend(conn)");
    // RQ: a worker that waits already takes one more.
    world.enqueue("'jobs.returns.value', 1");
    worker.stdout.wait_for_line("suspended", SOON);

    let job = enqueue_at(&world, PAST, "'jobs.returns.value', 1");

    world.wait_for_status(&job, "queued");
    worker.stop();
    world.finish();
}

#[test]
fn a_due_job_of_a_rate_limit_waits_for_its_slot() {
    let world = World::new();
    let (worker, gate) = busy_worker(&world);
    world.client.exec("from rq.rate_limit import RateLimit");

    for id in ["j1", "j2"] {
        enqueue_at(
            &world,
            PAST,
            &format!("'jobs.returns.value', 1, job_id={id:?}, rate_limit=RateLimit('k', 1)"),
        );
    }
    world.wait_for_status("j1", "queued");
    world.wait_for_status("j2", "rate_limited");

    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1"]);
    assert_eq!(world.redis.field(&world.key("rl:k"), "concurrency").as_deref(), Some("1"));
    assert_eq!(world.redis.sorted_set(&world.key("rl:k:allowed"))[0].0, "j1");
    assert_eq!(world.redis.sorted_set(&world.key("rl:k:rate_limited"))[0].0, "j2");
    assert!(world.redis.set(&world.key("rl-keys")).contains("k"));
    let_end(&world, worker, gate, "j2");
    assert_eq!(world.view("j1")["status"], "finished");
    world.finish();
}

#[test]
fn a_limited_job_that_waits_for_its_retry_gives_its_slot_to_another() {
    let world = World::new();
    world.client.exec("from rq.rate_limit import RateLimit; limit = RateLimit('k', 1)");
    let failing = world.enqueue("'jobs.raising.plain', rate_limit=limit, retry=Retry(max=1, interval=1)");
    let other = world.enqueue("'jobs.returns.value', 1, rate_limit=limit");
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

    world.wait_for_status(&failing, "failed");

    assert_eq!(world.view(&other)["status"], "finished");
    wait_until(SOON, "the slot to be free", || world.redis.sorted_set(&world.key("rl:k:allowed")).is_empty());
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_repeats_with_an_interval_comes_back() {
    let world = World::new();
    world.client.exec("from rq.repeat import Repeat");
    let job = world.enqueue("'jobs.marks.leave', 'marks', repeat=Repeat(times=2, interval=1)");
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

    let counter = || world.redis.field(&world.key("worker:w1"), "successful_job_count");
    wait_until(SOON, "three runs", || counter().as_deref() == Some("3"));

    assert_eq!(std::fs::read_to_string(world.path("marks")).unwrap().lines().count(), 3);
    assert_eq!(world.view(&job)["status"], "finished");
    worker.stop();
    world.finish();
}

/// The client reads who schedules: `Queue.scheduler_pid` is what monitors show.
fn the_client_reads_the_schedulers_process(world: &World) {
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler", "default", "other"]);
    wait_until(SOON, "the scheduler to be known", || !world.client.eval("q.scheduler_pid").is_null());

    let pid = world.client.eval("q.scheduler_pid").as_i64().unwrap();

    assert!(process_exists(Pid::from_raw(i32::try_from(pid).unwrap())));
    assert_eq!(world.client.eval("queue('other').scheduler_pid"), pid);
    assert_eq!(world.client.eval("queue('third').scheduler_pid"), json!(null));
    worker.stop();
    assert_eq!(world.client.eval("q.scheduler_pid"), json!(null));
}

#[test]
fn the_client_reads_the_schedulers_process_with_rq_3_0_0() {
    World::try_claim(Version::V3_0_0, the_client_reads_the_schedulers_process);
}

#[test]
fn the_client_reads_the_schedulers_process_with_rq_2_12_0() {
    World::try_claim(Version::V2_12_0, the_client_reads_the_schedulers_process);
}

#[test]
fn the_hash_and_the_locks_of_a_scheduler_have_rqs_form() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler", "default", "other"]);
    wait_until(SOON, "the scheduler to be known", || !world.client.eval("q.scheduler_pid").is_null());

    let name: String = world.redis.command(&["GET", &world.key("scheduler-lock:default")]);
    let hash = world.redis.hash(&world.key(&format!("scheduler:{name}")));

    assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    assert_eq!(text(&hash, "name"), name);
    let mut queues: Vec<_> = text(&hash, "queues").split(',').map(str::to_owned).collect();
    queues.sort();
    assert_eq!(queues, ["default", "other"]);
    assert_eq!(world.client.eval("__import__('socket').gethostname()"), text(&hash, "hostname"));
    assert!(is_timestamp(&text(&hash, "created_at")) && is_timestamp(&text(&hash, "last_heartbeat")));
    for key in [format!("scheduler:{name}"), "scheduler-lock:default".into(), "scheduler-lock:other".into()] {
        assert!((45..=61).contains(&world.redis.ttl(&world.key(&key))), "{key}");
    }
    assert_eq!(
        hash.contains_key("rqd_identity"),
        world.subject.differs("the scheduler's hash has a field of ours")
    );
    worker.stop();
    assert!(!world.redis.exists(&world.key(&format!("scheduler:{name}"))));
    world.finish();
}

#[test]
fn a_busy_worker_that_is_asked_to_stop_gives_its_locks_back_at_once() {
    let world = World::new();
    let (mut worker, mut gate) = busy_worker(&world);
    let lock = world.key("scheduler-lock:default");
    wait_until(SOON, "the lock to be taken", || world.redis.exists(&lock));

    worker.signal(Signal::SIGTERM);

    wait_until(SOON, "the lock to be free", || !world.redis.exists(&lock));
    assert_eq!(world.view("busy")["status"], "started");
    gate.open();
    assert_eq!(worker.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_worker_that_goes_by_itself_gives_its_locks_back() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1");

    let exit = world.worker(&["--with-scheduler", "--max-jobs", "1"]).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(!world.redis.exists(&world.key("scheduler-lock:default")));
    world.finish();
}

#[test]
fn a_burst_leaves_due_jobs_to_the_scheduler_that_holds_the_lock() {
    let world = World::new();
    let lock = world.key("scheduler-lock:default");
    let _: String = world.redis.command(&["SET", &lock, "2d63018a21574cb0a9f5fffc0b30bc79", "EX", "61"]);
    let job = enqueue_at(&world, PAST, "'jobs.returns.value', 1");

    world.work(&["--with-scheduler"]);

    assert_eq!(world.view(&job)["status"], "scheduled");
    assert!(world.redis.exists(&lock));
    world.finish();
}

#[test]
fn a_scheduler_says_what_rqs_says() {
    let world = World::new();
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

    worker.stdout.wait_for_line("Acquired scheduler lock for default", SOON);
    worker.stdout.wait_for_line("Scheduler for default started with PID ", SOON);
    world.wait_until_idle(&worker);
    let exit = worker.stop();

    assert!(exit.stdout.contains("Scheduler stopping, releasing locks for default..."), "{}", exit.stdout);
    assert!(exit.stdout.contains("Scheduler with PID "), "{}", exit.stdout);
    assert!(exit.stdout.contains(" has stopped"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_burst_says_only_that_it_has_the_lock() {
    let world = World::new();

    let exit = world.work(&["--with-scheduler"]);

    assert!(exit.stdout.contains("Acquired scheduler lock for default"), "{}", exit.stdout);
    assert!(!exit.stdout.contains("Scheduler for"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_lost_lock_is_told_and_its_queue_left_alone() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler", "default", "other"]);
    let lock = world.key("scheduler-lock:default");
    wait_until(SOON, "the lock to be taken", || world.redis.exists(&lock));

    let _: String = world.redis.command(&["SET", &lock, "4711", "EX", "61"]);
    worker.stdout.wait_for_line("Scheduler locks for default were taken over by another scheduler", SOON);
    let job = enqueue_at(&world, PAST, "'jobs.returns.value', 1");
    world.client.exec(&format!("other = queue('other').enqueue_at({PAST}, 'jobs.returns.value', 1)"));

    world.wait_for_status(world.client.eval("other.id").as_str().unwrap(), "finished");
    assert_eq!(world.view(&job)["status"], "scheduled");
    worker.stop();
    let left: String = world.redis.command(&["GET", &lock]);
    assert_eq!(left, "4711");
    world.finish();
}

#[test]
fn an_expired_lock_that_nobody_took_is_taken_again_and_told() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    let lock = world.key("scheduler-lock:default");
    wait_until(SOON, "the lock to be taken", || world.redis.exists(&lock));

    let _: i64 = world.redis.command(&["DEL", &lock]);

    worker.stdout.wait_for_line("Scheduler lock for default had expired; re-acquired", SOON);
    worker.stop();
    world.finish();
}

#[test]
fn a_due_job_that_is_somewhere_else_or_canceled_is_not_queued() {
    let world = World::new();
    let differs = world.subject.differs("a due job that is somewhere else is not queued");
    // What two schedulers, or a cancel between the reading and the writing of one, leave.
    let canceled = enqueue_at(&world, PAST, "'jobs.returns.value', 1");
    world.client.exec(&format!("fetch({canceled:?}).cancel()"));
    let elsewhere = world.enqueue("'jobs.marks.leave', 'marks'");
    for job in [&canceled, &elsewhere] {
        let _: i64 = world.redis.command(&["ZADD", &world.key("scheduled:default"), "1", job]);
    }

    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);
    wait_until(SOON, "the registry to be empty", || !world.redis.exists(&world.key("scheduled:default")));
    let last = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&last, "finished");

    assert_eq!(world.view(&canceled)["status"], if differs { "canceled" } else { "finished" });
    let marks = std::fs::read_to_string(world.path("marks")).unwrap().lines().count();
    assert_eq!(marks, if differs { 1 } else { 2 });
    worker.stop();
    if differs {
        world.finish();
    }
}

#[test]
fn a_burst_queues_everything_that_is_due() {
    let world = World::new();
    world.client.exec(
        "with conn.pipeline() as pipe:
    [q.enqueue_at(datetime(2020, 1, 1, tzinfo=timezone.utc), 'jobs.returns.value', 1, job_id=f'j{i}', pipeline=pipe) for i in range(1003)]
    pipe.execute()",
    );

    // RQ: the rest waits for the next scheduler.
    let all = world.subject.differs("a burst queues everything that is due");
    world.work(&["--with-scheduler", "--max-jobs", "1"]);

    let left = world.redis.sorted_set(&world.key("scheduled:default")).len();
    assert_eq!(left, if all { 0 } else { 3 });
    world.finish();
}

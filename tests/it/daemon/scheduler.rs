//! The scheduler under kills, stalls and outages: what is due is queued soon, and once.

use nix::sys::signal::Signal;

use super::stage::{Stage, crash, marking, marks, transition, transition_of};
use crate::harness::{Act, Leaves, SOON, Skew, Worker, World, skipped, wait_until};

/// Schedules a job that leaves a mark and was due a while ago.
#[track_caller]
fn schedule(world: &World, id: &str) {
    let past = "datetime.now(timezone.utc) - timedelta(seconds=5)";
    world.client.exec(&format!("q.enqueue_at({past}, {})", marking(world, id)));
}

/// Who holds the lock of the queue `default`.
fn holder(world: &World) -> Option<String> {
    world.redis.command(&["GET", &world.key("scheduler-lock:default")])
}

#[track_caller]
fn wait_for_lock(world: &World) -> String {
    wait_until(SOON, "the lock to be taken", || holder(world).is_some());
    holder(world).unwrap()
}

/// Two workers with schedulers, of which the first holds the lock.
fn two_schedulers(world: &World) -> (Worker, Worker) {
    let first = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    wait_for_lock(world);
    let second = world.idle_worker(&["--name", "w2", "--with-scheduler"]);
    (first, second)
}

#[test]
fn a_killed_schedulers_locks_are_taken_over_within_seconds() {
    let world = World::new();
    let (mut first, mut second) = two_schedulers(&world);
    let dead = wait_for_lock(&world);

    crash(&mut first);
    schedule(&world, "j1");

    // Its lock would last for about a minute.
    world.wait_for_status("j1", "finished");
    second
        .stdout
        .wait_for_line(&format!("Scheduler lock for default taken over: scheduler {dead} is gone"), SOON);
    assert_ne!(wait_for_lock(&world), dead);
    assert_eq!(marks(&world), 1);
    second.stop();
    world.finish_leaving(&[Leaves::DeadWorker("w1")]);
}

#[test]
fn a_burst_takes_over_from_a_killed_scheduler() {
    let world = World::new();
    let mut first = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    wait_for_lock(&world);
    crash(&mut first);
    schedule(&world, "j1");

    world.worker(&["--name", "w2", "--burst", "-s"]).wait_exit();

    assert_eq!(world.view("j1")["status"], "finished");
    world.finish_leaving(&[Leaves::DeadWorker("w1")]);
}

#[test]
fn a_scheduler_that_stops_is_followed_by_another_within_seconds() {
    let world = World::new();
    let (mut first, mut second) = two_schedulers(&world);
    let stopped = wait_for_lock(&world);

    first.stop();
    schedule(&world, "j1");

    world.wait_for_status("j1", "finished");
    assert_ne!(wait_for_lock(&world), stopped);
    second.stop();
    world.finish();
}

#[test]
fn a_scheduler_that_lives_keeps_its_locks() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut first = stage.worker(&["--with-scheduler"]);
    let holding = wait_for_lock(world);
    // The holder renews its lock every ten seconds, so one of these is a second question of the other.
    let asks_again = stage.proxy.on(transition("hold").nth(3), Act::Pass);

    let mut second = stage.worker(&["--with-scheduler", "--name", "w2"]);
    asks_again.wait();
    schedule(world, "j1");
    world.wait_for_status("j1", "finished");

    assert_eq!(holder(world), Some(holding));
    assert!(!second.stop().stdout.contains("scheduler lock"));
    first.stop();
    stage.finish();
}

#[test]
fn a_lock_whose_holder_never_wrote_its_hash_is_taken_over() {
    let world = World::new();
    let nobody = "2d63018a21574cb0a9f5fffc0b30bc79";
    let _: String = world.redis.command(&["SET", &world.key("scheduler-lock:default"), nobody, "EX", "61"]);
    schedule(&world, "j1");

    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

/// RQ: clients and workers before 3.0 write the registry first, and the job a moment later.
#[test]
fn an_id_that_comes_before_its_job_is_not_lost() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    let registry = world.key("scheduled:default");
    let _: i64 = world.redis.command(&["ZADD", &registry, "1", "j1"]);
    wait_until(SOON, "the scheduler to have looked", || world.redis.sorted_set(&registry)[0].1 > 1.0);

    world
        .client
        .exec("Job.create('jobs.returns.value', (7,), id='j1', status='scheduled', connection=conn).save()");

    world.wait_for_status("j1", "finished");
    assert_eq!(world.view("j1")["result"], 7);
    worker.stop();
    world.finish();
}

/// Puts something into the registry that is due in some minutes: for nothing at all no scheduler takes a step.
fn expect_something(world: &World) {
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(600);
    let score = later.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let _: i64 = world.redis.command(&["ZADD", &world.key("scheduled:default"), &score, "later"]);
}

fn expect_no_more(world: &World) {
    let _: i64 = world.redis.command(&["ZREM", &world.key("scheduled:default"), "later"]);
}

/// a scheduler that was stalled, while another took over, queues nothing late.
#[test]
fn a_stalled_scheduler_whose_lock_was_taken_queues_nothing() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.worker(&["--with-scheduler"]);
    expect_something(world);
    wait_for_lock(world);
    let rule = stage.proxy.on(transition("schedule"), Act::PauseRequest);
    rule.wait();

    let _: String = world.redis.command(&["SET", &world.key("scheduler-lock:default"), "4711", "EX", "61"]);
    schedule(world, "j1");
    rule.release();

    worker.stdout.wait_for_line("Scheduler locks for default were taken over by another scheduler", SOON);
    assert_eq!(world.view("j1")["status"], "scheduled");
    expect_no_more(world);
    worker.stop();
    stage.finish();
}

/// a job that is canceled between two looks of the scheduler stays canceled.
#[test]
fn a_job_that_is_canceled_while_the_scheduler_is_under_way_stays_canceled() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.worker(&["--with-scheduler"]);
    expect_something(world);
    wait_for_lock(world);
    let rule = stage.proxy.on(transition("schedule"), Act::PauseRequest);
    rule.wait();
    schedule(world, "j1");

    world.client.exec("fetch('j1').cancel()");
    let _: i64 = world.redis.command(&["ZADD", &world.key("scheduled:default"), "1", "j1"]);
    rule.release();

    worker.stdout.wait_for_line("job j1 was due, but is somewhere else already, or canceled", SOON);
    assert_eq!(world.view("j1")["status"], "canceled");
    assert_eq!(marks(world), 0);
    expect_no_more(world);
    worker.stop();
    stage.finish();
}

#[test]
fn a_batch_whose_reply_is_lost_is_queued_once() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.worker(&["--with-scheduler"]);
    expect_something(world);
    wait_for_lock(world);
    let rule = stage.proxy.on(transition("schedule"), Act::PauseRequest);
    rule.wait();
    schedule(world, "j1");
    let cut = stage.proxy.on(transition("schedule"), Act::CutReply);

    rule.release();
    cut.wait();
    schedule(world, "j2");

    world.wait_for_status("j1", "finished");
    world.wait_for_status("j2", "finished");
    assert_eq!(marks(world), 2);
    expect_no_more(world);
    worker.stop();
    stage.finish();
}

#[test]
fn two_schedulers_and_a_lock_that_wanders_queue_each_job_once() {
    let world = World::new();
    let (mut first, mut second) = two_schedulers(&world);
    let gone: Vec<String> = (0..40).map(|i| format!("j{i}")).collect();

    for (i, id) in gone.iter().enumerate() {
        schedule(&world, id);
        if i % 5 == 0 {
            let _: i64 = world.redis.command(&["DEL", &world.key("scheduler-lock:default")]);
        }
    }

    for id in &gone {
        world.wait_for_status(id, "finished");
    }
    assert_eq!(marks(&world), gone.len());
    first.stop();
    second.stop();
    world.finish();
}

#[test]
fn the_scheduler_works_again_after_an_outage() {
    let mut world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    wait_for_lock(&world);

    world.redis.stop_and_keep_data();
    worker.stderr.wait_for_line("Scheduler [PID *, retrying in *", SOON);
    world.redis.start_again();
    worker.stdout.wait_for_line("Scheduler [PID *: working again after *", SOON);

    wait_until(SOON, "the client to be connected again", || world.client.try_eval("conn.ping()").is_ok());
    schedule(&world, "j1");
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_scheduler_that_redis_forgot_takes_its_locks_again() {
    let mut world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    let name = wait_for_lock(&world);

    world.redis.kill();
    world.redis.start_again();

    worker.stdout.wait_for_line("Scheduler lock for default had expired; re-acquired", SOON);
    assert_eq!(holder(&world), Some(name.clone()));
    assert!(world.redis.exists(&world.key(&format!("scheduler:{name}"))));
    worker.stop();
    world.finish();
}

#[test]
fn a_server_that_takes_no_writes_for_a_while_does_not_end_the_scheduler() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    wait_for_lock(&world);
    world.client.exec(&format!("q.enqueue_in(timedelta(seconds=1), {})", marking(&world, "j1")));

    let _: String = world.redis.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    worker.stderr.wait_for_line("Scheduler [PID *NOREPLICAS*", SOON);
    let _: String = world.redis.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);

    world.wait_for_status("j1", "finished");
    assert_eq!(marks(&world), 1);
    worker.stop();
    world.finish();
}

/// Redis runs a script whole once it has written; so what is taken out of the registry also reaches the queue.
#[test]
fn a_server_that_is_full_loses_no_due_job() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='busy'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);
    gate.wait_for_arrival();
    world.client.exec(&format!("q.enqueue_in(timedelta(seconds=1), {})", marking(&world, "j1")));

    let _: String = world.redis.command(&["CONFIG", "SET", "maxmemory", "1"]);

    world.wait_for_status("j1", "queued");
    assert_eq!(world.redis.list(&world.key("queue:default")), ["j1"]);
    let _: String = world.redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    gate.open();
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn ten_thousand_due_jobs_are_queued_in_their_order() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='busy'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler", "default", "many"]);
    gate.wait_for_arrival();
    // In microseconds; a step takes about one millisecond, all of it in one would take more than a hundred.
    let _: String = world.redis.command(&["CONFIG", "SET", "slowlog-log-slower-than", "50000"]);
    let fill = "for i = 1, 10000 do
        local job = string.format('j%05d', i)
        redis.call('HSET', ARGV[1] .. ':job:' .. job, 'data', 'x', 'status', 'scheduled', 'origin', 'many',
          'created_at', '2026-11-22T07:31:55.880802Z', 'last_heartbeat', '')
        redis.call('ZADD', ARGV[1] .. ':scheduled:many', i, job)
      end";

    let _: Option<String> = world.redis.command(&["EVAL", fill, "0", &world.key("").replace(':', "")]);

    let queue = world.key("queue:many");
    wait_until(SOON, "all to be queued", || world.redis.command::<usize>(&["LLEN", &queue]) == 10_000);
    let queued = world.redis.list(&queue);
    assert!(queued.is_sorted(), "the earliest first");
    assert!(!world.redis.exists(&world.key("scheduled:many")));
    let slow: u64 = world.redis.command(&["SLOWLOG", "LEN"]);
    let longest: Vec<(u64, u64, u64, Vec<String>, String, String)> =
        world.redis.command(&["SLOWLOG", "GET", "9"]);
    let ours =
        longest.iter().filter(|(.., command, _, _)| command[0].eq_ignore_ascii_case("EVALSHA")).count();
    assert_eq!(ours, 0, "{slow} slow commands: {longest:?}");
    let _: i64 = world.redis.command(&["DEL", &queue]);
    gate.open();
    worker.stop();
    let clear = "for i = 1, 10000 do redis.call('DEL', ARGV[1] .. string.format(':job:j%05d', i)) end";
    let _: Option<String> = world.redis.command(&["EVAL", clear, "0", &world.key("").replace(':', "")]);
    world.finish();
}

#[test]
fn a_queue_with_many_due_jobs_does_not_hold_up_another() {
    let stage = Stage::new();
    let world = &stage.world;
    let fill = "for i = 1, 5000 do redis.call('ZADD', ARGV[1], 1, 'gone' .. i) end";
    let _: Option<String> = world.redis.command(&["EVAL", fill, "0", &world.key("scheduled:many")]);
    schedule(world, "j1");
    // The third step, which is the second turn of each, waits.
    let rule = stage.proxy.on(transition_of("schedule", "default").nth(3), Act::PauseRequest);

    let mut worker = stage.worker(&["--with-scheduler", "many", "default"]);
    rule.wait();

    assert_ne!(world.view("j1")["status"], "scheduled");
    assert!(world.redis.exists(&world.key("scheduled:many")));
    rule.release();
    worker.stop();
    let _: i64 = world.redis.command(&["DEL", &world.key("scheduled:many")]);
    stage.finish();
}

#[test]
fn what_is_due_is_decided_by_the_clock_of_redis() {
    let world = World::new();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1", "--with-scheduler"]);
    match Skew::new(&world) {
        Ok(skew) => skew.apply(&mut command, 3_600),
        Err(missing) => return skipped(&missing),
    }
    let mut worker = world.start(command);
    world.client.exec("later = q.enqueue_in(timedelta(minutes=30), 'jobs.returns.value', 1)");
    schedule(&world, "j1");

    world.wait_for_status("j1", "finished");

    let enqueued =
        world.client.eval("fetch('j1').enqueued_at > fetch('j1').created_at + timedelta(minutes=50)");
    assert_eq!(enqueued, true, "the worker's clock runs ahead");
    assert_eq!(world.client.eval("later.get_status()"), "scheduled");
    worker.signal(Signal::SIGTERM);
    worker.wait_exit();
    world.finish();
}

#[test]
fn keys_of_another_type_do_not_stop_the_scheduler() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler", "odd", "default"]);
    wait_for_lock(&world);

    let _: String = world.redis.command(&["SET", &world.key("scheduled:odd"), "text"]);
    let _: String = world.redis.command(&["SET", &world.key("rl:k"), "text"]);
    let past = "datetime.now(timezone.utc) - timedelta(seconds=5)";
    world.client.exec("from rq.rate_limit import RateLimit");
    world
        .client
        .exec(&format!("q.enqueue_at({past}, {}, rate_limit=RateLimit('k', 1))", marking(&world, "j1")));

    world.wait_for_status("j1", "finished");
    assert!(worker.is_running());
    worker.stop();
    let keys = world.redis.keys();
    let aside: Vec<_> = keys.iter().filter(|key| key.contains("aside") || key.ends_with("rl:k")).collect();
    let _: i64 = world.redis.command(&[vec!["DEL"], aside.iter().map(|key| key.as_str()).collect()].concat());
    world.finish();
}

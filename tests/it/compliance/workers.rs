//! How a worker shows itself to clients, from birth to death.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Leaves, SOON, Setup, Version, World, for_every_client, is_timestamp, text, wait_until};

for_every_client! {
    fn the_client_reads_every_attribute_of_a_worker(world: &World) {
        let first = world.enqueue("'jobs.returns.add', 1");
        world.enqueue("'jobs.raising.plain'");
        let mut worker = world.worker(&["--name", "w1", "default", "other"]);
        world.client.eval(&format!("fetch({first:?}).latest_result(timeout=15).type.name"));
        wait_until(SOON, "both jobs to be counted", || {
            world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref() == Some("1")
        });

        world.client.exec("w = Worker.all(queue=queue('other'))[0]; w.refresh()");

        assert_eq!(world.client.eval("(w.name, w.pid, w.queue_names())"), json!(["w1", worker.pid().as_raw(), ["default", "other"]]));
        assert_eq!(world.client.eval("(w.successful_job_count, w.failed_job_count, w.total_working_time > 0)"), json!([1, 1, true]));
        assert_eq!(world.client.eval("__import__('socket').gethostname() == w.hostname"), true);
        assert_eq!(world.client.eval("w.version"), world.level.to_string());
        assert_eq!(world.client.eval("w.python_version"), world.client.eval("sys.version"));
        assert_eq!(world.client.eval("abs((w.last_heartbeat - w.birth_date).total_seconds()) < 15"), true);
        assert_eq!(world.client.eval("(Worker.count(connection=conn), Worker.count(queue=queue('other')))"), json!([1, 1]));
        assert_eq!(world.stop(&mut worker).code(), 0);
        assert_eq!(world.client.eval("Worker.all(connection=conn)"), json!([]));
    }
}

#[test]
fn the_hash_of_an_idle_worker_has_rqs_fields() {
    let world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap();
    let mut command = world.worker_command();
    command.args(["--url", &world.redis.tcp_url(), "--name", "w1", "high", "low"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);

    let hash = world.redis.hash(&world.key("worker:w1"));

    assert_eq!(text(&hash, "queues"), "high,low");
    assert_eq!(text(&hash, "pid"), worker.pid().to_string());
    assert_eq!(text(&hash, "version"), "3.0.0");
    assert!(is_timestamp(&text(&hash, "birth")));
    assert!(is_timestamp(&text(&hash, "last_heartbeat")));
    assert!(text(&hash, "ip_address").starts_with("127.0.0.1:"), "{}", text(&hash, "ip_address"));
    assert!(!hash.contains_key("successful_job_count"), "no counter before the first job");
    let ttl = world.redis.ttl(&world.key("worker:w1"));
    assert!((465..=480).contains(&ttl), "{ttl}");
    for set in ["workers", "workers:high", "workers:low"] {
        assert!(world.redis.set(&world.key(set)).contains("rq:worker:w1"), "{set}");
    }
    assert_eq!(world.redis.command::<Vec<String>>(&["PUBSUB", "CHANNELS", "*"]), ["rq:pubsub:w1"]);
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn worker_ttl_rules_the_life_of_the_hash() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--worker-ttl", "100"]);

    let ttl = world.redis.ttl(&world.key("worker:w1"));

    assert!((145..=160).contains(&ttl), "{ttl}");
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_worker_that_ends_says_so_and_is_listed_no_more() {
    let world = World::new();

    world.work(&["default", "other"]);

    let hash = world.redis.hash(&world.key("worker:w1"));
    assert!(is_timestamp(&text(&hash, "death")), "{hash:?}");
    let ttl = world.redis.ttl(&world.key("worker:w1"));
    assert!((50..=60).contains(&ttl), "{ttl}");
    for key in ["workers", "workers:default", "workers:other", "worker:w1:executions"] {
        assert!(!world.redis.exists(&world.key(key)), "{key}");
    }
    world.finish();
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let world = World::new();
    let mut first = world.idle_worker(&["--name", "w1"]);

    let exit = world.worker(&["--name", "w1"]).wait_exit();

    assert_eq!(exit.code(), 1);
    assert!(exit.stderr.contains("There exists an active worker named 'w1' already"), "{}", exit.stderr);
    assert!(first.is_running());
    assert_eq!(world.client.eval("Worker.count(connection=conn)"), 1);
    world.stop(&mut first);
    world.finish();
}

#[test]
fn the_name_of_a_dead_worker_is_free_and_its_counters_start_anew() {
    let world = World::new();
    world.enqueue("'jobs.returns.add', 1");
    world.work(&[]);
    assert_eq!(world.redis.field(&world.key("worker:w1"), "successful_job_count").as_deref(), Some("1"));

    world.work(&[]);

    assert_eq!(world.redis.field(&world.key("worker:w1"), "successful_job_count"), None);
    world.finish();
}

#[test]
fn a_worker_without_a_name_gets_a_random_one() {
    let world = World::new();
    let mut worker = world.idle_worker(&[]);

    let name = world.client.eval("Worker.all(connection=conn)[0].name");

    let name = name.as_str().unwrap();
    assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_killed_worker_stays_listed_until_its_hash_expires() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);

    worker.signal(Signal::SIGKILL);
    worker.wait_exit();

    assert_eq!(world.client.eval("[w.name for w in Worker.all(connection=conn)]"), json!(["w1"]));
    assert!(world.redis.ttl(&world.key("worker:w1")) > 0);
    world.finish_leaving(&[Leaves::DeadWorker("w1")]);
}

#[test]
fn the_pid_file_holds_the_workers_process_id() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--pid", "worker.pid"]);

    let pid = std::fs::read_to_string(world.path("worker.pid")).unwrap();

    assert_eq!(pid, worker.pid().to_string());
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn the_current_job_is_told_as_old_monitors_read_it() {
    let world = World::with(&Setup { version: Version::V2_12_0, ..Setup::default() }).unwrap();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    gate.wait_for_arrival();

    assert_eq!(world.redis.field(&world.key("worker:w1"), "current_job"), Some(job));

    gate.open();
    worker.wait_exit();
    assert_eq!(world.redis.field(&world.key("worker:w1"), "current_job"), None);
    world.finish();
}

//! Rules for the jobs of a queue: `[queue.NAME]`.

use crate::harness::World;

/// Classes whose jobs are performed by our own code, and by RQ's.
const ENGINES: [&str; 2] = ["rq.Worker", "jobs.own.Performing"];

/// Works off the queue `mail.high` by these rules.
#[track_caller]
fn work(world: &World, class: &str, rules: &str) {
    let redis = world.redis.url();
    let text = format!("REDIS_URL = '{redis}'\n[queue.'mail.high']\n{rules}\n");
    std::fs::write(world.path("rq.toml"), text).unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "rq.toml", "--burst", "--name", "w1", "-w", class, "mail.high"]);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
}

/// Enqueues a job on `mail.high` that returns how long it may still run.
fn enqueue(world: &World, id: &str, further: &str) {
    let call = format!("queue('mail.high').enqueue('jobs.timing.limit', job_id={id:?}{further})");
    world.client.exec(&call);
}

/// Takes the limit away that the client wrote.
fn forget_limit(world: &World, id: &str) {
    let _: i64 = world.redis.command(&["HDEL", &format!("rq:job:{id}"), "timeout"]);
}

/// Asserts that a job was told to have about so many seconds.
#[track_caller]
fn assert_limit(world: &World, id: &str, seconds: f64) {
    let view = world.view(id);
    let left = view["result"].as_f64().unwrap_or_else(|| panic!("{id}: {view}"));
    assert!((seconds - 20.0..=seconds).contains(&left), "{id}: {left} of {seconds}");
}

#[track_caller]
fn finish(world: World) {
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish();
}

#[test]
fn a_queues_timeout_counts_for_jobs_that_name_no_limit() {
    for class in ENGINES {
        let world = World::new();
        for (id, further) in [("none", ""), ("own", ", job_timeout=300"), ("default", "")] {
            enqueue(&world, id, further);
        }
        forget_limit(&world, "none");

        work(&world, class, "timeout = 1000");

        assert_limit(&world, "none", 1000.0);
        assert_limit(&world, "own", 300.0);
        // RQ: every queue of a client writes 180, which is a wish like any other.
        assert_limit(&world, "default", 180.0);
        let kept = world.redis.field("rq:job:none", "timeout");
        assert_eq!(kept, None, "{class}: the hash of a job keeps its own word");
        finish(world);
    }
}

#[test]
fn the_limit_that_clients_write_by_themselves_may_count_as_none() {
    for class in ENGINES {
        let world = World::new();
        for (id, further) in [("default", ""), ("own", ", job_timeout=179"), ("endless", ", job_timeout=-1")]
        {
            enqueue(&world, id, further);
        }

        work(&world, class, "timeout = '1h'\nunset_timeout = 180");

        assert_limit(&world, "default", 3600.0);
        assert_limit(&world, "own", 179.0);
        // RQ: no limit is an alarm after more than a century.
        let left = world.view("endless")["result"].as_f64().unwrap();
        assert!(left == 0.0 || left > 1e8, "{class}: {left}");
        let kept = world.redis.field("rq:job:default", "timeout");
        assert_eq!(kept.as_deref(), Some("180"), "{class}");
        finish(world);
    }
}

#[test]
fn a_queues_longest_timeout_binds_every_job() {
    for class in ENGINES {
        let world = World::new();
        for (id, further) in [("long", ""), ("short", ", job_timeout=25"), ("endless", ", job_timeout=-1")] {
            enqueue(&world, id, further);
        }

        work(&world, class, "max_timeout = 60");

        assert_limit(&world, "long", 60.0);
        assert_limit(&world, "short", 25.0);
        assert_limit(&world, "endless", 60.0);
        finish(world);
    }
}

#[test]
fn a_job_that_overruns_its_queues_timeout_fails_with_it() {
    for class in ENGINES {
        let world = World::new();
        world.client.exec("queue('mail.high').enqueue('jobs.timing.endless', job_id='j1')");

        work(&world, class, "timeout = 1\nunset_timeout = 180");

        let view = world.view("j1");
        let text = view["exc_info"].as_str().unwrap();
        assert!(
            text.contains("JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"),
            "{text}"
        );
        finish(world);
    }
}

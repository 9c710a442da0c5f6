//! `rq cron` with a cron module: what it enqueues, what monitors see of it, and what it says.

use std::{fs, path::Path, process::Command};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{
    Exit, SOON, Setup, Subject, Version, Worker, World, is_timestamp, skipped, text, wait_until,
};

/// `rq cron -c settings` of whoever is under test, with these further arguments.
fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = match world.subject {
        Subject::Theirs => world.command(&world.venv.program("rq")),
        Subject::Ours => world.command(Path::new(env!("CARGO_BIN_EXE_rq"))),
    };
    command.args(["cron", "-c", "settings"]).args(arguments);
    if world.subject == Subject::Ours {
        command.arg("--python").arg(world.venv.python());
    }
    command
}

/// Writes the module `cronconf`; `calls` are the arguments of `cron.register`, a line each.
fn configure(world: &World, calls: &str) {
    let calls: Vec<String> = calls.lines().map(|call| format!("cron.register({})\n", call.trim())).collect();
    let calls = calls.concat();
    let module = format!("from rq import cron\nimport jobs.returns\nimport jobs.raising\n{calls}");
    fs::write(world.path("cronconf.py"), module).unwrap();
}

/// A scheduler of the module `cronconf` that has begun.
#[track_caller]
fn scheduler(world: &World, arguments: &[&str]) -> Worker {
    let scheduler = world.start(command(world, &[&["cronconf"], arguments].concat()));
    let key = world.key("cron_schedulers");
    wait_until(SOON, "the scheduler to be listed", || !world.redis.sorted_set(&key).is_empty());
    scheduler
}

/// Stops a scheduler that tells everything, once it sleeps.
#[track_caller]
fn stop(cron: &mut Worker) -> Exit {
    cron.stdout.wait_for_line("Sleeping for ", SOON);
    end(cron, Signal::SIGTERM)
}

/// Sends a signal and waits for the end. RQ's scheduler loses a signal that comes while it talks to Redis or writes a
/// line, so another one follows when it does not heed the first.
#[track_caller]
fn end(cron: &mut Worker, signal: Signal) -> Exit {
    cron.signal(signal);
    let mut looks = 0;
    wait_until(SOON, "the scheduler's end", || {
        looks += 1;
        if looks % 200 == 0 && cron.is_running() {
            cron.signal(signal);
        }
        !cron.is_running()
    });
    cron.wait_exit()
}

/// The jobs of a name, the oldest first, with the times at which they were enqueued.
fn history(world: &World, name: &str) -> Vec<(String, f64)> {
    world.redis.sorted_set(&world.key(&format!("cron_job:{name}:jobs")))
}

#[track_caller]
fn wait_for_runs(world: &World, name: &str, count: usize) {
    wait_until(SOON, &format!("{count} runs of {name}"), || history(world, name).len() >= count);
}

#[test]
fn an_interval_runs_at_once_and_again_with_all_that_a_client_would_write() {
    let world = World::new();
    configure(
        &world,
        "jobs.returns.add, 'default', args=(1,), kwargs={'y': 2}, interval=1, job_timeout=30, ttl=60, failure_ttl=70, \
         meta={'a': 1}",
    );
    let mut cron = scheduler(&world, &["-l", "debug"]);

    wait_for_runs(&world, "jobs.returns.add", 2);
    stop(&mut cron);

    let runs = history(&world, "jobs.returns.add");
    let gap = runs[1].1 - runs[0].1;
    assert!((0.9..2.5).contains(&gap), "{gap} seconds between two runs");
    world.client.exec(
        "import jobs.returns
like = q.enqueue(jobs.returns.add, args=(1,), kwargs={'y': 2}, job_timeout=30, ttl=60, failure_ttl=70,
                 result_ttl=500, meta={'a': 1})",
    );
    let theirs =
        world.redis.hash(&world.key(&format!("job:{}", world.client.eval("like.id").as_str().unwrap())));
    let ours = world.redis.hash(&world.key(&format!("job:{}", runs[0].0)));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (field, value) in &theirs {
        if !field.ends_with("_at") || value.is_empty() {
            assert_eq!(ours[field], *value, "{field}");
        }
    }
    assert!(is_timestamp(&text(&ours, "created_at")));
    let enqueued = world.client.eval(&format!("fetch({:?}).enqueued_at.timestamp()", runs[0].0));
    assert_eq!(enqueued, json!(runs[0].1));
    assert!((1..=60).contains(&world.redis.ttl(&world.key(&format!("job:{}", runs[0].0)))));
    assert!(world.redis.set(&world.key("queues")).contains("rq:queue:default"));
    world.finish();
}

#[test]
fn the_runs_wait_in_their_queue_and_work() {
    let world = World::new();
    configure(&world, "jobs.returns.add, 'low', args=(1, 2), interval=3600, name='sum'");
    let mut cron = scheduler(&world, &["-l", "debug"]);
    wait_for_runs(&world, "sum", 1);
    stop(&mut cron);

    world.work(&["low"]);

    let job = &history(&world, "sum")[0].0;
    assert_eq!(world.view(job)["result"], 3);
    assert_eq!(world.view(job)["origin"], "low");
    world.finish();
}

#[test]
fn names_and_histories_can_be_read_by_a_client() {
    let world = World::new();
    configure(&world, "jobs.returns.add, 'default', args=(1,), interval=3600, name='sum'");
    let mut cron = scheduler(&world, &["-l", "debug"]);
    wait_for_runs(&world, "sum", 1);
    stop(&mut cron);

    world.client.exec("from rq import cron_job_registry\nfrom rq.cron import get_cron_job_ids");
    let ids = world.client.eval("get_cron_job_ids('sum', conn)");

    assert_eq!(ids, json!([history(&world, "sum")[0].0]));
    assert_eq!(world.client.eval("cron_job_registry.get_names(conn)"), json!(["sum"]));
    let year = world.redis.ttl(&world.key("cron_job:sum:jobs"));
    assert!((31_535_900..=31_536_000).contains(&year), "{year}");
    world.finish();
}

#[test]
fn a_monitor_sees_the_scheduler_and_its_entries() {
    let world = World::new();
    configure(
        &world,
        "jobs.returns.add, 'default', args=(1,), kwargs={'y': 2}, interval=3600, name='sum', job_timeout=30
         jobs.returns.value, 'low', args=(b'x',), cron='0 0 1 1 *'",
    );
    let mut cron = scheduler(&world, &["-l", "debug"]);
    wait_for_runs(&world, "sum", 1);
    world.client.exec("from rq.cron import CronScheduler");
    let key = format!("rq:cron_scheduler:{}", world.redis.sorted_set("rq:cron_schedulers")[0].0);
    wait_until(SOON, "the run to be shown", || {
        world.redis.field(&key, "cron_jobs").unwrap().contains(r#""latest_enqueue_time": "2"#)
            || world.redis.field(&key, "cron_jobs").unwrap().contains(r#""latest_enqueue_time":"2"#)
    });

    let seen = world.client.eval("CronScheduler.all(conn)[0].to_dict()");
    let jobs: Value = serde_json::from_str(&world.redis.field(&key, "cron_jobs").unwrap()).unwrap();

    assert_eq!(seen["pid"], cron.pid().to_string());
    assert_eq!(seen["config_file"], "cronconf");
    assert!(is_timestamp(seen["created_at"].as_str().unwrap()), "{seen}");
    let host = world.client.eval("__import__('socket').gethostname()");
    assert_eq!(seen["hostname"], host);
    let start = format!("{}:{}:", host.as_str().unwrap(), cron.pid());
    assert!(seen["name"].as_str().unwrap().starts_with(&start), "{seen}");
    let times = ["latest_enqueue_time", "next_enqueue_time"];
    let plain = |job: &Value| {
        let mut job = job.as_object().unwrap().clone();
        job.retain(|name, _| !times.contains(&name.as_str()));
        Value::Object(job)
    };
    assert_eq!(
        plain(&jobs[0]),
        json!({"func_name": "jobs.returns.add", "name": "sum", "queue_name": "default", "args": "[1]",
            "kwargs": "{\"y\": 2}", "interval": 3600, "cron": null, "job_timeout": 30, "result_ttl": 500})
    );
    assert_eq!(
        plain(&jobs[1]),
        json!({"func_name": "jobs.returns.value", "name": "jobs.returns.value", "queue_name": "low",
            "args": "<not JSON serializable>", "kwargs": null, "interval": null, "cron": "0 0 1 1 *", "result_ttl": 500})
    );
    assert_eq!(jobs[1]["latest_enqueue_time"], Value::Null);
    assert!(
        jobs[1]["next_enqueue_time"].as_str().unwrap().ends_with("-01-01T00:00:00.000000Z"),
        "{}",
        jobs[1]
    );
    assert!(
        world
            .client
            .eval("(datetime.now(timezone.utc) - CronScheduler.all(conn)[0].last_heartbeat).total_seconds()")
            .as_f64()
            .unwrap()
            < 60.0
    );
    stop(&mut cron);
    world.finish();
}

#[test]
fn a_scheduler_that_stops_leaves_the_list_and_its_hash_expires() {
    let world = World::new();
    configure(&world, "jobs.returns.add, 'default', args=(1,), interval=3600");
    let mut cron = scheduler(&world, &["-l", "debug"]);
    wait_for_runs(&world, "jobs.returns.add", 1);

    assert_eq!(stop(&mut cron).code(), 0);

    assert_eq!(world.redis.sorted_set(&world.key("cron_schedulers")), []);
    let hash = world.redis.keys().into_iter().find(|key| key.starts_with("rq:cron_scheduler:")).unwrap();
    assert!((1..=120).contains(&world.redis.ttl(&hash)));
    world.finish();
}

#[test]
fn its_life_is_told_in_rqs_words() {
    for (signal, number) in [(Signal::SIGTERM, 15), (Signal::SIGINT, 2)] {
        let world = World::new();
        configure(
            &world,
            "jobs.returns.add, 'default', args=(1,), interval=3600
             jobs.returns.value, 'low', args=(1,), cron='0 0 1 1 *'",
        );
        let mut cron = scheduler(&world, &[]);
        cron.stdout.wait_for_line("Enqueued job add to queue default", SOON);

        let exit = end(&mut cron, signal);

        let mut lines: Vec<&str> = exit.stdout.lines().collect();
        lines.dedup_by_key(|line| &line[8..]);
        let mut lines = lines.into_iter();
        for expected in [
            "Loading cron configuration from cronconf",
            "Registered 'jobs.returns.add' to run on default every 3600 seconds",
            "Registered 'jobs.returns.value' to run on low with cron schedule '0 0 1 1 *'",
            "Successfully registered 2 cron jobs from 'cronconf'",
            ": starting...",
            ": registering birth...",
            "Enqueued job add to queue default",
            &format!(": received shutdown signal {number}"),
            ": stop requested",
            ": registering death...",
            ": shutdown complete",
        ] {
            let line = lines.next().unwrap_or_default();
            assert!(line.ends_with(expected) && line.as_bytes()[2] == b':', "{line:?} is not {expected:?}");
        }
        assert_eq!((exit.code(), lines.next()), (0, None), "{}", exit.stdout);
        world.finish();
    }
}

#[test]
fn a_level_shows_less_or_more() {
    for (level, heartbeat, starting) in [("debug", true, true), ("WARNING", false, false)] {
        let world = World::new();
        configure(&world, "jobs.returns.add, 'default', args=(1,), interval=3600");
        let mut cron = scheduler(&world, &["-l", level]);
        wait_for_runs(&world, "jobs.returns.add", 1);
        if heartbeat {
            cron.stdout.wait_for_line("Sleeping for ", SOON);
        }

        let said = end(&mut cron, Signal::SIGTERM).stdout;

        assert_eq!(said.contains("heartbeat sent successfully"), heartbeat, "{said}");
        assert_eq!(said.contains("starting..."), starting, "{said}");
        world.finish();
    }
}

#[test]
fn a_module_may_be_named_by_its_dotted_name_or_a_path() {
    let world = World::new();
    configure(&world, "jobs.returns.add, 'default', args=(1,), interval=3600");
    fs::create_dir(world.path("app")).unwrap();
    fs::rename(world.path("cronconf.py"), world.path("app/schedule.py")).unwrap();
    let absolute = world.path("app/schedule.py").display().to_string();

    for name in ["app.schedule", "app/schedule.py", "app/schedule", &absolute] {
        let mut cron = world.start(command(&world, &[name, "-l", "debug"]));

        cron.stdout.wait_for_line(&format!("Successfully registered 1 cron jobs from '{name}'"), SOON);
        stop(&mut cron);
    }
    world.finish();
}

#[test]
fn a_module_that_cannot_be_loaded_ends_it_with_1_and_the_traceback() {
    let world = World::new();
    fs::write(world.path("cronconf.py"), "raise RuntimeError('out of order')\n").unwrap();

    let broken = world.start(command(&world, &["cronconf"])).wait_exit();
    let missing = world.start(command(&world, &["no_such_module"])).wait_exit();

    assert_eq!((broken.code(), missing.code()), (1, 1));
    for told in
        ["Traceback (most recent call last)", "An error occurred while importing 'cronconf'", "out of order"]
    {
        assert!(broken.stderr.contains(told), "{told}: {}", broken.stderr);
    }
    let told = "Failed to import configuration module 'no_such_module' (from 'no_such_module')";
    assert!(missing.stderr.contains(told), "{}", missing.stderr);
    world.finish();
}

#[test]
fn a_job_that_cannot_be_registered_is_told_and_left_out() {
    let world = World::new();
    configure(
        &world,
        "jobs.returns.value, 'default', args=(1,)
         jobs.returns.value, 'default', cron='61 * * * *'
         jobs.returns.add, 'default', args=(1,), interval=3600",
    );

    let mut cron = scheduler(&world, &["-l", "debug"]);
    wait_for_runs(&world, "jobs.returns.add", 1);
    let exit = stop(&mut cron);

    assert_eq!(
        exit.stderr.matches("Failed to register job value from config: ").count(),
        2,
        "{}",
        exit.stderr
    );
    assert!(exit.stdout.contains("Successfully registered 1 cron jobs"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn without_anything_to_enqueue_it_is_a_usage_error() {
    let world = World::new();

    let exit = world.start(command(&world, &[])).wait_exit();

    assert_eq!(exit.code(), 2);
    assert!(exit.stderr.contains("CONFIG_PATH"), "{}", exit.stderr);
    world.finish();
}

/// A claim with an RQ that has cron modules, but of an older form.
fn with_older_rq(version: Version) {
    let world = match World::with(&Setup { version, ..Setup::default() }) {
        Ok(world) => world,
        Err(missing) => return skipped(&missing),
    };
    configure(&world, "jobs.returns.add, 'default', args=(1,), kwargs={'y': 2}, interval=3600");
    let mut cron = scheduler(&world, &["-l", "debug"]);
    cron.stdout.wait_for_line("Enqueued job add to queue default", SOON);

    world.client.exec("from rq.cron import CronScheduler");
    let seen = world.client.eval("[scheduler.pid for scheduler in CronScheduler.all(conn)]");

    assert_eq!(seen, json!([cron.pid().as_raw()]));
    stop(&mut cron);
    let job = world.client.eval("q.job_ids[0]");
    world.work(&[]);
    assert_eq!(world.view(job.as_str().unwrap())["result"], 3);
    world.finish();
}

#[test]
fn cron_modules_and_monitors_of_rq_2_12_0_are_served() {
    with_older_rq(Version::V2_12_0);
}

#[test]
fn cron_modules_and_monitors_of_rq_2_6_1_are_served() {
    with_older_rq(Version::V2_6_1);
}

//! Our cron scheduler beyond RQ's: tables of the configuration, several schedulers, restarts, outages.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use super::stage::{Stage, transition};
use crate::harness::{Act, SOON, Skew, Worker, World, skipped, text, wait_until};

/// `rq cron` with the tables of `rq.toml`, without any interpreter.
fn command(world: &World, url: &str) -> Command {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["cron", "-c", "rq.toml", "-l", "debug", "-u", url]).env("PATH", "/nowhere");
    command
}

fn configure(world: &World, tables: &str) {
    fs::write(world.path("rq.toml"), tables).unwrap();
}

fn scheduler(world: &World) -> Worker {
    world.start(command(world, &world.redis.url()))
}

/// A scheduler that has done all that was to be done at its start.
#[track_caller]
fn settled_scheduler(world: &World) -> Worker {
    let cron = scheduler(world);
    cron.stdout.wait_for_line("Sleeping for ", SOON);
    cron
}

/// The jobs of a name with the times at which they were enqueued.
fn history(world: &World, name: &str) -> Vec<(String, f64)> {
    world.redis.sorted_set(&world.key(&format!("cron_job:{name}:jobs")))
}

fn fence(world: &World, name: &str, field: &str) -> Option<i64> {
    let text = world.redis.field(&world.key(&format!("rqd:cron:{name}")), field)?;
    Some(text.parse().unwrap())
}

/// Makes an entry look as if it was enqueued last so many seconds ago.
fn enqueued_ago(world: &World, name: &str, seconds: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of this era")]
    let micros = ((world.redis.now() - seconds) * 1e6) as i64;
    let key = world.key(&format!("rqd:cron:{name}"));
    let _: i64 =
        world.redis.command(&["HSET", &key, "last", &micros.to_string(), "since", &micros.to_string()]);
    let _: i64 = world.redis.command(&["EXPIRE", &key, "1000"]);
}

#[test]
fn a_table_becomes_the_job_that_a_client_would_enqueue() {
    let world = World::new();
    configure(
        &world,
        "[cron.sum]\nfunction = 'jobs.returns.add'\nargs = [1]\nkwargs = {y = 2}\ninterval = '1h'\njob_timeout = 30\n\
         result_ttl = 50\nttl = 60\nfailure_ttl = 70\n",
    );
    let mut cron = settled_scheduler(&world);

    let job = history(&world, "sum")[0].0.clone();
    world.client.exec(
        "like = q.enqueue('jobs.returns.add', args=(1,), kwargs={'y': 2}, job_timeout=30, result_ttl=50, ttl=60, \
         failure_ttl=70)",
    );
    let like = world.client.eval("like.id");
    let theirs = world.redis.hash(&world.key(&format!("job:{}", like.as_str().unwrap())));
    let ours = world.redis.hash(&world.key(&format!("job:{job}")));

    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (field, value) in theirs.iter().filter(|(field, _)| !field.ends_with("_at") && *field != "data") {
        assert_eq!(ours[field], *value, "{field}");
    }
    let call = "(lambda job: [job.func_name, job.args, job.kwargs, job.instance])";
    assert_eq!(
        world.client.eval(&format!("{call}(fetch({job:?}))")),
        world.client.eval(&format!("{call}(like)"))
    );
    cron.stop();
    world.work(&[]);
    assert_eq!(world.view(&job)["result"], 3);
    world.finish();
}

#[test]
fn tables_can_be_written_for_workers_with_the_json_serializer() {
    let world = World::new();
    configure(
        &world,
        "[worker]\nserializer = 'json'\n[cron.sum]\nfunction = 'jobs.returns.add'\nargs = [1, 2]\ninterval = '1h'\n",
    );
    let mut cron = settled_scheduler(&world);
    cron.stop();

    let job = history(&world, "sum")[0].0.clone();
    let read = world.client.eval(&format!("fetch({job:?}, serializer=JSONSerializer).args"));

    assert_eq!(read, json!([1, 2]));
    world.finish();
}

#[test]
fn a_monitor_sees_tables_as_entries() {
    let world = World::new();
    configure(
        &world,
        "[cron.sum]\nfunction = 'jobs.returns.add'\nargs = [1]\ninterval = '1h'\n\
         [cron.yearly]\nfunction = 'jobs.returns.value'\nkwargs = {given = 'x'}\ncron = '@yearly'\ntime_zone = 'UTC'\n\
         [cron.off]\nfunction = 'jobs.returns.value'\ncron = '@yearly'\nenabled = false\n",
    );
    let mut cron = settled_scheduler(&world);

    world.client.exec("from rq.cron import CronScheduler");
    let seen = world.client.eval(
        "[(j.name, j.func_name, list(j.args), j.kwargs, j.interval, j.cron) for j in CronScheduler.all(conn)[0].get_jobs()]",
    );

    assert_eq!(
        seen,
        json!([
            ["sum", "jobs.returns.add", [1], {}, 3600, null],
            ["yearly", "jobs.returns.value", [], {"given": "x"}, null, "@yearly"],
        ])
    );
    cron.stop();
    world.finish();
}

#[test]
fn two_schedulers_of_one_configuration_enqueue_each_run_once() {
    let world = World::new();
    configure(
        &world,
        "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\n\
         [cron.secondly]\nfunction = 'jobs.returns.nothing'\ncron = '* * * * * *'\n",
    );
    let mut schedulers = [scheduler(&world), scheduler(&world), scheduler(&world)];

    wait_until(SOON, "some runs", || {
        history(&world, "often").len() >= 4 && history(&world, "secondly").len() >= 4
    });
    for cron in &mut schedulers {
        assert_eq!(cron.stop().code(), 0);
    }

    let runs = |name: &str| i64::try_from(history(&world, name).len()).unwrap();
    let (since, last) = (fence(&world, "often", "since").unwrap(), fence(&world, "often", "last").unwrap());
    assert!(runs("often") <= (last - since) / 1_000_000 + 1, "{} runs", runs("often"));
    let gaps = history(&world, "secondly").windows(2).map(|pair| pair[1].1 - pair[0].1).collect::<Vec<_>>();
    assert!(gaps.iter().all(|gap| *gap > 0.3), "{gaps:?}");
    let said: usize = schedulers.iter().map(|cron| cron.stdout.text().matches("Enqueued job").count()).sum();
    let jobs = world.redis.list(&world.key("queue:default")).len();
    assert!(said <= jobs && jobs <= said + schedulers.len(), "{said} told, {jobs} enqueued");
    world.finish();
}

#[test]
fn a_restart_knows_when_an_interval_ran_last() {
    let world = World::new();
    configure(&world, "[cron.hourly]\nfunction = 'jobs.returns.nothing'\ninterval = '1h'\n");
    settled_scheduler(&world).stop();
    assert_eq!(history(&world, "hourly").len(), 1);

    settled_scheduler(&world).stop();
    assert_eq!(history(&world, "hourly").len(), 1);

    enqueued_ago(&world, "hourly", 3_700.0);
    settled_scheduler(&world).stop();
    assert_eq!(history(&world, "hourly").len(), 2);
    world.finish();
}

#[test]
fn entries_of_a_module_that_share_a_name_are_told_apart() {
    let world = World::new();
    let module = "from rq import cron\nimport jobs.returns\nfor n in (1, 2, 2):\n    \
        cron.register(jobs.returns.value, 'default', args=(n,), interval=3600)\n";
    fs::write(world.path("cronconf.py"), module).unwrap();
    let start = || {
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        command
            .args(["cron", "cronconf", "-c", "settings", "-l", "debug", "--python"])
            .arg(world.venv.python());
        let mut cron = world.start(command);
        cron.stdout.wait_for_line("Sleeping for ", SOON);
        cron.stop();
    };

    start();
    assert_eq!(history(&world, "jobs.returns.value").len(), 3);

    start();
    assert_eq!(history(&world, "jobs.returns.value").len(), 3);
    world.finish();
}

#[test]
fn a_job_that_can_never_be_enqueued_is_told_at_the_start() {
    let world = World::new();
    let module = "from rq import cron\nimport jobs.returns\n\
        cron.register(jobs.returns.value, 'default', args=(lambda: 1,), interval=3600)\n";
    fs::write(world.path("cronconf.py"), module).unwrap();
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["cron", "cronconf", "-c", "settings", "--python"]).arg(world.venv.python());

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 1);
    assert!(exit.stderr.contains("pickle") && exit.stderr.contains("Traceback"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn missed_runs_are_dropped_or_made_up_for_as_the_table_says() {
    for (policy, count) in
        [("catch_up = 'skip'", 0), ("catch_up = 'once'", 1), ("catch_up = 'all'\ncatch_up_limit = 3", 3)]
    {
        let world = World::new();
        // At a minute of the hour that is neither near nor just gone.
        let minute = world.client.eval("(datetime.now(timezone.utc).minute + 30) % 60");
        configure(
            &world,
            &format!(
                "[cron.hourly]\nfunction = 'jobs.returns.nothing'\ncron = '{minute} * * * *'\ntime_zone = 'UTC'\n{policy}\n"
            ),
        );
        enqueued_ago(&world, "hourly", 6.0 * 3_600.0);

        let mut cron = settled_scheduler(&world);

        let said = cron.stop().stdout;
        assert_eq!(history(&world, "hourly").len(), count, "{policy}");
        assert_eq!(said.contains("dropped the runs of hourly that were missed"), count == 0, "{said}");
        world.finish();
    }
}

#[test]
fn a_last_run_in_the_far_future_does_not_silence_an_entry() {
    let world = World::new();
    configure(
        &world,
        "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\n\
         [cron.secondly]\nfunction = 'jobs.returns.nothing'\ncron = '* * * * * *'\n",
    );
    for name in ["often", "secondly"] {
        enqueued_ago(&world, name, -1e9);
    }

    let mut cron = scheduler(&world);

    wait_until(SOON, "runs of both", || {
        history(&world, "often").len() >= 2 && history(&world, "secondly").len() >= 2
    });
    let said = cron.stop().stdout;
    for name in ["often", "secondly"] {
        assert!(said.contains(&format!("the last run of {name} is said to be at 2")), "{said}");
        assert_eq!(said.matches(&format!("the last run of {name} ")).count(), 1, "{said}");
    }
    world.finish();
}

#[test]
fn schedulers_whose_clocks_are_hours_apart_go_by_the_clock_of_redis() {
    let world = World::new();
    configure(
        &world,
        "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\n\
         [cron.secondly]\nfunction = 'jobs.returns.nothing'\ncron = '* * * * * *'\n",
    );
    let runs = |name: &str| history(&world, name).len();
    let both = |least: usize| runs("often") >= least && runs("secondly") >= least;
    for (ahead, how) in [(3_600, "behind"), (-3_600, "ahead of")] {
        let mut command = command(&world, &world.redis.url());
        match Skew::new(&world) {
            Ok(skew) => skew.apply(&mut command, ahead),
            Err(missing) => return skipped(&missing),
        }
        let so_far = runs("often").max(runs("secondly"));

        let mut cron = world.start(command);

        wait_until(SOON, "more runs", || both(so_far + 2));
        let line = format!("Redis' clock, which counts, is 3600 s {how} this machine's");
        let said = cron.stop().stdout;
        assert!(said.contains(&line), "{said}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of this era")]
    let now = (world.redis.now() * 1e6) as i64;
    for name in ["often", "secondly"] {
        let (since, last) = (fence(&world, name, "since").unwrap(), fence(&world, name, "last").unwrap());
        assert!(last <= now, "{name}");
        assert!(i64::try_from(runs(name)).unwrap() <= (last - since) / 1_000_000 + 2, "{name}");
    }
    world.finish();
}

#[test]
fn a_run_is_left_out_while_the_last_one_is_not_over() {
    let world = World::new();
    configure(
        &world,
        "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\noverlap = 'skip'\n\
         [cron.free]\nfunction = 'jobs.returns.nothing'\nqueue = 'other'\ninterval = '1s'\n",
    );
    let mut cron = scheduler(&world);
    wait_until(SOON, "runs that may overlap", || history(&world, "free").len() >= 3);
    let first = history(&world, "often")[0].0.clone();
    assert_eq!(history(&world, "often").len(), 1);
    cron.stdout
        .wait_for_line(&format!("left out a run of often, as job {first} of the last one is not over"), SOON);

    world.work(&[]);

    wait_until(SOON, "another run", || history(&world, "often").len() >= 2);
    cron.stop();
    world.finish();
}

#[test]
fn an_outage_ends_nothing_and_is_made_up_for() {
    let mut world = World::new();
    configure(&world, "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\ncatch_up = 'all'\n");
    let mut cron = scheduler(&world);
    wait_until(SOON, "the first run", || !history(&world, "often").is_empty());

    world.redis.stop_and_keep_data();
    cron.stderr.wait_for_line("could not connect to Redis instance: ", SOON);
    world.redis.start_again();

    cron.stdout.wait_for_line("Redis is back after ", SOON);
    let last = || fence(&world, "often", "last").unwrap();
    let back = last();
    wait_until(SOON, "more runs", || last() >= back + 2_000_000);
    assert_eq!(cron.stop().code(), 0);
    let since = fence(&world, "often", "since").unwrap();
    let due = usize::try_from((last() - since) / 1_000_000 + 1).unwrap();
    assert_eq!(history(&world, "often").len(), due);
    world.finish();
}

#[test]
fn a_run_whose_reply_is_lost_is_enqueued_once_and_told() {
    let stage = Stage::new();
    configure(&stage.world, "[cron.hourly]\nfunction = 'jobs.returns.nothing'\ninterval = '1h'\n");
    let lost = stage.proxy.on(transition("cron_enqueue"), Act::CutReply);

    let mut cron = stage.world.start(command(&stage.world, &stage.proxy.url()));
    lost.wait();
    cron.stdout.wait_for_line("Enqueued job nothing to queue default", SOON);
    cron.stdout.wait_for_line("Sleeping for ", SOON);
    cron.stop();

    assert_eq!(history(&stage.world, "hourly").len(), 1);
    assert_eq!(stage.world.redis.list("rq:queue:default").len(), 1);
    stage.finish();
}

#[test]
fn a_scheduler_that_redis_forgot_is_listed_again() {
    let world = World::new();
    configure(&world, "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\n");
    let mut cron = settled_scheduler(&world);
    let key = world.redis.keys().into_iter().find(|key| key.starts_with("rq:cron_scheduler:")).unwrap();

    let _: i64 = world.redis.command(&["DEL", "rq:cron_schedulers", &key]);

    cron.stdout.wait_for_line("re-registered in scheduler registry", SOON);
    wait_until(SOON, "the hash to be back", || {
        text(&world.redis.hash(&key), "pid") == cron.pid().to_string()
    });
    cron.stop();
    world.finish();
}

#[test]
fn the_next_times_are_listed_without_redis() {
    let world = World::new();
    configure(
        &world,
        "[cron.nightly]\nfunction = 'jobs.returns.nothing'\ncron = '30 2 29 2 *'\ntime_zone = 'Europe/Berlin'\n",
    );
    let list = |arguments: &[&str]| {
        let mut command = command(&world, "redis://127.0.0.1:1/0");
        command.args(arguments);
        world.start(command).wait_exit().stdout
    };

    let words = list(&["--list=2"]);
    let document: serde_json::Value = serde_json::from_str(&list(&["--dry-run", "--json"])).unwrap();

    assert!(
        words.starts_with("nightly: jobs.returns.nothing on default, 30 2 29 2 * (Europe/Berlin)\n"),
        "{words}"
    );
    assert_eq!(words.matches("-02-29T02:30:00+01:00").count(), 2, "{words}");
    assert_eq!(document[0]["next"].as_array().unwrap().len(), 5);
    assert_eq!(document[0]["cron"], "30 2 29 2 *");
    world.finish();
}

//! Each option of `rq worker` has its effect on the worker that runs.

use std::fs;

use serde_json::json;

use super::folder::write;
use crate::harness::{Exit, SOON, World, text, wait_until};

/// Runs the job `jobs.returns.value` in burst mode with these arguments, and asserts that it ended well.
#[track_caller]
fn works_with(world: &World, arguments: &[&str]) -> (String, Exit) {
    let job = world.enqueue("'jobs.returns.value', 1");
    let exit = world.work(arguments);
    assert_eq!(world.view(&job)["result"], 1, "{}", exit.stderr);
    (job, exit)
}

#[test]
fn results_ttl_is_how_long_a_result_is_kept() {
    let world = World::new();

    let (job, exit) = works_with(&world, &["--results-ttl", "1234"]);
    let ttl = world.redis.ttl(&world.key(&format!("job:{job}")));
    let (kept, _) = works_with(&world, &["--results-ttl", "-1"]);

    assert!((1200..=1234).contains(&ttl), "{ttl}");
    assert!(exit.stdout.contains("result is kept for 1234 seconds"), "{}", exit.stdout);
    assert_eq!(world.redis.ttl(&world.key(&format!("job:{kept}"))), -1);
    world.client.exec(&format!("fetch({kept:?}).delete()"));
    world.finish();
}

#[test]
fn worker_ttl_is_how_long_a_silent_worker_is_shown() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--worker-ttl", "100"]);

    let ttl = world.redis.ttl(&world.key("worker:w1"));

    assert!((101..=160).contains(&ttl), "{ttl}");
    worker.stop();
    world.finish();
}

#[test]
fn the_maintenance_interval_is_how_often_registries_are_cleaned() {
    let world = World::new();
    let mut worker = world.worker(&["--name", "w1", "--maintenance-interval", "1", "--worker-ttl", "20"]);
    let rounds =
        || worker.stdout.lines().iter().filter(|line| line.contains("cleaning registries for")).count();

    wait_until(SOON, "a second round of maintenance", || rounds() > 1);

    worker.stop();
    world.finish();
}

#[test]
fn the_job_monitoring_interval_is_how_far_a_lease_reaches() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();
    let beat = || world.redis.field(&world.key("job:j1"), "last_heartbeat");
    let (first, lease) = (beat(), world.redis.sorted_set(&world.key("wip:default"))[0].1);

    wait_until(SOON, "the next heartbeat", || beat() != first);

    let ahead = lease - world.redis.now();
    assert!((50.0..=62.0).contains(&ahead), "{ahead}");
    gate.open();
    worker.stop();
    world.finish();
}

#[test]
fn jobs_are_told_by_their_ids_alone_when_descriptions_are_off() {
    let world = World::new();

    let (job, exit) = works_with(&world, &["--disable-job-desc-logging"]);

    assert!(exit.stdout.contains(&format!("Worker w1: default: {job}")), "{}", exit.stdout);
    assert!(!exit.stdout.contains("jobs.returns.value"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn the_pid_file_holds_the_number_alone_and_stays() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "--pid", "worker.pid"]);

    let pid = fs::read_to_string(world.path("worker.pid")).unwrap();

    assert_eq!(pid, worker.pid().to_string());
    worker.stop();
    assert!(world.path("worker.pid").exists());
    world.finish();
}

#[test]
fn a_tilde_in_the_pid_file_is_the_home_directory() {
    let world = World::new();

    works_with(&world, &["--pid", "~/home.pid"]);

    // The tests' home directory is the world's folder.
    assert!(world.path("home.pid").exists());
    world.finish();
}

#[test]
fn a_pid_file_that_cannot_be_written_ends_the_start() {
    let world = World::new();

    let exit = world.worker(&["--pid", "no/such/folder/worker.pid"]).wait_exit();

    assert_eq!(exit.code(), 1);
    assert!(exit.stderr.contains("cannot write the pid file no/such/folder/worker.pid"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn the_serializer_json_reads_and_writes_json() {
    let world = World::new();
    world.client.exec("js = queue('default', serializer=JSONSerializer)");
    world.client.exec("job = js.enqueue('jobs.returns.add', 1, y=2)");

    world.work(&["--serializer", "json"]);

    assert_eq!(
        world.client.eval("fetch(job.id, serializer=JSONSerializer).return_value()"),
        json!(3),
        "{}",
        world.client.eval("fetch(job.id, serializer=JSONSerializer).exc_info")
    );
    world.finish();
}

#[test]
fn a_preloaded_module_is_imported_once_for_all_jobs() {
    let world = World::new();
    write(&world.path("."), "heavy.py", "import os\nPID = os.getpid()\nopen('imports', 'a').write('x')\n");
    write(
        &world.path("."),
        "light.py",
        "import heavy, os\ndef job():\n    return heavy.PID != os.getpid()\n",
    );
    let jobs = [1, 2].map(|_| world.enqueue("'light.job'"));

    world.work(&["--preload", "heavy"]);

    assert_eq!(fs::read_to_string(world.path("imports")).unwrap(), "x");
    for job in jobs {
        assert_eq!(world.view(&job)["result"], true);
    }
    world.finish();
}

#[test]
fn a_preload_that_raises_ends_the_start_with_its_traceback() {
    let world = World::new();
    write(&world.path("."), "broken.py", "raise RuntimeError('not today')\n");

    let exit = world.worker(&["--preload", "broken"]).wait_exit();

    assert_eq!(exit.code(), 78);
    for told in ["cannot preload the module broken", "RuntimeError: not today", "broken.py\", line 1"] {
        assert!(exit.stderr.contains(told), "{}", exit.stderr);
    }
    assert!(world.redis.set(&world.key("workers")).is_empty());
    world.finish();
}

#[test]
fn what_the_application_lacks_is_told_with_the_setting_that_asks_for_it() {
    let world = World::new();
    let file = write(
        &world.path("."),
        "rq.toml",
        &format!(
            "REDIS_URL = {:?}\n[worker]\nserializer = \"nowhere.Serializer\"\n[horse]\npreload = [\"json\"]\n",
            world.redis.url()
        ),
    );
    let ends = |arguments: &[&str]| {
        let mut command = world.worker_command();
        command.args(["-c", "rq.toml"]).args(arguments);
        world.start(command).wait_exit()
    };

    let serializer = ends(&[]);
    let preload = ends(&["--preload", "nowhere"]);
    let class = ends(&["--serializer", "json", "-w", "nowhere.Worker"]);
    let handler = ends(&["--serializer", "json", "--exception-handler", "nowhere.handle"]);

    let line = format!(" (worker.serializer from {}, line 3)", file.canonicalize().unwrap().display());
    for (exit, told) in [
        (serializer, line.as_str()),
        (preload, " (horse.preload from option --preload)"),
        (class, " (worker.class from option --worker-class)"),
        (handler, " (worker.exception_handlers from option --exception-handler)"),
    ] {
        assert_eq!(exit.code(), 78, "{}", exit.stderr);
        assert!(exit.stderr.contains(told), "{told} is not in {}", exit.stderr);
    }
    world.finish();
}

#[test]
fn the_path_replaces_the_current_directory() {
    let world = World::new();
    write(&world.path("."), "app/settings.py", &fs::read_to_string(world.path("settings.py")).unwrap());
    write(&world.path("."), "lib/helper.py", "NUMBER = 7\n");
    write(&world.path("."), "app/mine.py", "import helper\ndef job():\n    return helper.NUMBER\n");
    fs::remove_file(world.path("settings.py")).unwrap();
    let [found, hidden] = ["'mine.job'", "'jobs.returns.value', 1"].map(|call| world.enqueue(call));

    world.work(&["-P", "app", "--path", "lib"]);

    assert_eq!(world.view(&found)["result"], 7);
    assert_eq!(world.view(&hidden)["status"], "failed", "the current directory is not searched");
    world.finish();
}

#[test]
fn quiet_shows_warnings_and_verbose_shows_all() {
    let world = World::new();

    let quiet = works_with(&world, &["-q"]).1.stdout;
    let normal = works_with(&world, &[]).1.stdout;
    let verbose = works_with(&world, &["--verbose"]).1.stdout;

    assert_eq!(quiet, "");
    assert!(normal.contains("Job OK") && !normal.contains("Worker w1: result: 1"), "{normal}");
    assert!(verbose.contains("Worker w1: result: 1"), "{verbose}");
    world.finish();
}

#[test]
fn the_level_is_read_in_any_case_and_loses_against_verbose() {
    let world = World::new();

    let error = works_with(&world, &["--logging_level", "error"]).1.stdout;
    let debug = works_with(&world, &["--logging_level", "DEBUG"]).1.stdout;
    let both = works_with(&world, &["--logging_level", "ERROR", "-v"]).1.stdout;

    assert_eq!(error, "");
    for all in [debug, both] {
        assert!(all.contains("Worker w1: result: 1"), "{all}");
    }
    world.finish();
}

#[test]
fn the_format_of_lines_and_times_can_be_chosen() {
    let world = World::new();

    let format = "%(asctime)s|%(levelname)-8s|%(name)s|%(message)s";
    let stdout = works_with(&world, &["--log-format", format, "--date-format", "%Y"]).1.stdout;

    let line = stdout.lines().find(|line| line.ends_with("*** Listening on default...")).unwrap_or_default();
    let (year, rest) = line.split_at(4);
    assert!(year.chars().all(|c| c.is_ascii_digit()), "{stdout}");
    assert_eq!(rest, "|INFO    |rq.worker|*** Listening on default...");
    world.finish();
}

#[test]
fn a_format_that_cannot_be_used_is_refused_at_start() {
    let world = World::new();

    let option = world.worker(&["--log-format", "%(massage)s"]).wait_exit();
    let mut command = world.worker_command();
    command.args(["-c", "settings"]).env("RQ_LOGGING__FORMAT", "%(massage)s");
    let variable = world.start(command).wait_exit();

    assert_eq!((option.code(), variable.code()), (2, 78));
    for exit in [option, variable] {
        assert!(exit.stderr.contains("massage"), "{}", exit.stderr);
    }
    world.finish();
}

#[test]
fn the_last_of_two_values_counts_and_short_options_may_be_bundled() {
    let world = World::new();

    let (_, exit) = works_with(&world, &["--results-ttl", "5", "--results-ttl=77", "-bvn", "w2"]);

    assert!(exit.stdout.contains("Worker w2: result: 1"), "{}", exit.stdout);
    assert!(exit.stdout.contains("result is kept for 77 seconds"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn the_key_prefix_of_the_environment_is_in_front_of_every_key() {
    let world = World::with(&crate::harness::Setup { prefix: Some("mine"), ..Default::default() }).unwrap();

    works_with(&world, &[]);

    assert!(world.redis.keys().iter().all(|key| key.starts_with("mine:")), "{:?}", world.redis.keys());
    world.finish();
}

#[test]
fn a_bare_name_that_is_taken_gets_a_suffix_and_an_option_does_not() {
    let world = World::new();
    let mut first = world.idle_worker(&["--name", "w1"]);
    let mut command = world.worker_command();
    command.args(["-c", "settings"]).env("NAME", "w1");

    let mut second = world.start(command);
    let refused = world.worker(&["--name", "w1"]).wait_exit();

    world.wait_until_idle(&second);
    let mut names = world.redis.set(&world.key("workers")).into_iter();
    assert!(names.len() == 2 && names.all(|key| key.starts_with(&world.key("worker:w1"))));
    assert_eq!(refused.code(), 1);
    assert!(refused.stderr.contains("w1"), "{}", refused.stderr);
    assert_eq!(text(&world.redis.hash(&world.key("worker:w1")), "pid"), first.pid().to_string());
    second.stop();
    first.stop();
    world.finish();
}

#[test]
fn a_number_that_makes_no_sense_is_a_usage_error_that_tells_the_range() {
    let folder = super::Folder::new();
    for (option, value, told) in [
        ("--results-ttl", "-2", "-2 is not in -1..="),
        ("--worker-ttl", "0", "0 is not in 1..="),
        ("--worker-ttl", "seven", "invalid digit"),
        ("--max-jobs", "0", "0 is not in 1..="),
        ("--max-idle-time", "-1", "-1 is not in 1..="),
        ("--job-monitoring-interval", "99999999999", "is not in 1..="),
        ("--logging_level", "LOUD", "LOUD"),
    ] {
        let exit = folder.run(&["worker", option, value]);

        super::folder::assert_refused(&exit, 2, &[option, told]);
    }
}

#[test]
fn a_value_that_begins_with_a_dash_needs_an_equals_sign() {
    let world = World::new();

    let apart = world.worker(&["--burst", "--name", "-x"]).wait_exit();
    let (_, joined) = works_with(&world, &["--name=-x"]);

    assert_eq!(apart.code(), 2);
    assert!(joined.stdout.contains("Worker -x: started"), "{}", joined.stdout);
    world.finish();
}

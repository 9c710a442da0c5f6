//! The lines that users and their tools know, in RQ's words and on RQ's streams.

use crate::harness::{Exit, SOON, World, matches};

/// Asserts that each pattern matches a line of stdout, in this order.
#[track_caller]
fn assert_says(exit: &Exit, patterns: &[&str]) {
    let mut lines = exit.stdout.lines();
    for pattern in patterns {
        assert!(
            lines.any(|line| matches(line, pattern)),
            "no line {pattern:?} (in this order) in:\n{}",
            exit.stdout
        );
    }
}

#[test]
fn a_job_that_succeeds_is_told_from_start_to_end() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.add', 1, y=2");

    let exit = world.work(&[]);

    assert_says(
        &exit,
        &[
            "Worker w1: started with PID *, version 3.0.0",
            "Worker w1: subscribing to channel rq:pubsub:w1",
            "*** Listening on default...",
            "Worker w1: cleaning registries for queue: default",
            &format!("Worker w1: default: jobs.returns.add(1, y=2) ({job})"),
            "Successfully completed jobs.returns.add(1, y=2) job in 0:00:0*s on worker w1",
            &format!("Worker w1: default: Job OK ({job})"),
            &format!("Worker w1: job {job} result is kept for 500 seconds"),
            "Worker w1: done, quitting",
            "Worker w1: unsubscribing from channel rq:pubsub:w1",
        ],
    );
    assert_eq!(exit.stderr, "");
    world.finish();
}

#[test]
fn every_line_begins_with_the_time_of_day() {
    let world = World::new();

    let exit = world.work(&[]);

    for line in exit.stdout.lines() {
        let digits: Vec<_> = line.chars().take(9).map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
        assert_eq!(digits.iter().collect::<String>(), "dd:dd:dd ", "{line}");
    }
    world.finish();
}

#[test]
fn a_failure_is_told_on_stderr_with_its_traceback() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain'");

    let exit = world.work(&[]);

    let told = format!("Worker w1: job {job}: exception raised while executing (jobs.raising.plain)");
    assert!(exit.stderr.contains(&told), "{}", exit.stderr);
    assert!(exit.stderr.contains("Traceback (most recent call last):"), "{}", exit.stderr);
    assert!(exit.stderr.contains("ValueError: it broke"), "{}", exit.stderr);
    assert!(!exit.stdout.contains("ValueError"), "{}", exit.stdout);
    assert_says(
        &exit,
        &[&format!("Worker w1: default: jobs.raising.plain() ({job})"), "Worker w1: done, quitting"],
    );
    world.finish();
}

#[test]
fn an_eternal_result_is_told() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.add', 1, result_ttl=-1");

    let exit = world.work(&[]);

    assert_says(
        &exit,
        &[&format!("Worker w1: job {job} result will never expire, clean up result key manually")],
    );
    world.finish();
}

#[test]
fn descriptions_are_left_out_on_request() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 'secret'");

    let exit = world.work(&["--disable-job-desc-logging"]);

    assert_says(
        &exit,
        &[
            &format!("Worker w1: default: {job}"),
            &format!("Successfully completed job {job} in 0:00:0*s on worker w1"),
        ],
    );
    assert!(!exit.stdout.contains("secret"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn the_format_of_lines_and_dates_is_the_users() {
    let world = World::new();

    let exit = world.work(&[
        "--log-format",
        "%(levelname)s|%(name)s|%(asctime)s|%(message)s",
        "--date-format",
        "%Y/%m/%d",
    ]);

    let today = world.client.eval("datetime.now().strftime('%Y/%m/%d')");
    let line = format!("INFO|rq.worker|{}|*** Listening on default...", today.as_str().unwrap());
    assert!(exit.stdout.lines().any(|found| found == line), "no {line} in {}", exit.stdout);
    world.finish();
}

#[test]
fn quiet_says_nothing_of_what_goes_well() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain'");
    world.enqueue("'jobs.returns.nothing'");

    let exit = world.work(&["--quiet"]);

    assert_eq!(exit.stdout, "");
    assert!(exit.stderr.contains(&format!("job {job}: exception raised")), "{}", exit.stderr);
    world.finish();
}

#[test]
fn verbose_tells_the_steps() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.add', 1, y=2");

    let exit = world.work(&["-v"]);

    assert_says(
        &exit,
        &[
            "Worker w1: registering birth",
            "Worker w1: *** Listening on default...",
            &format!("Worker w1: dequeued job {job} from default"),
            "Worker w1: result: 3",
            "Worker w1: registering death",
        ],
    );
    world.finish();
}

#[test]
fn the_level_can_be_named() {
    let world = World::new();

    let exit = world.work(&["--logging_level", "WARNING"]);

    assert_eq!(exit.stdout, "");
    world.finish();
}

#[test]
fn a_killed_horse_is_told() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    let horse = gate.wait_for_arrival();

    nix::sys::signal::kill(horse, nix::sys::signal::Signal::SIGKILL).unwrap();

    let exit = worker.wait_exit();
    assert_says(
        &exit,
        &[&format!(
            "Worker w1: job {job} failed (Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); *)"
        )],
    );
    assert_says(&exit, &[&format!("Work horse killed for job {job}: retpid={horse}, ret_val=9")]);
    world.finish();
}

#[test]
fn a_jobs_own_output_goes_where_the_workers_goes() {
    let world = World::new();
    let job = world.enqueue("'jobs.speaks.to_streams'");

    let exit = world.work(&[]);

    assert!(exit.stdout.lines().any(|line| line == "said to stdout"), "{}", exit.stdout);
    assert!(exit.stderr.lines().any(|line| line == "said to stderr"), "{}", exit.stderr);
    assert_eq!(world.view(&job)["status"], "finished");
    world.finish();
}

#[test]
fn nothing_is_coloured_where_no_terminal_is() {
    let world = World::new();
    world.enqueue("'jobs.returns.add', 1");

    let exit = world.work(&[]);

    assert!(!exit.stdout.contains('\u{1b}'), "{}", exit.stdout);
    world.finish();
}

#[test]
fn dict_config_rules_the_logging_of_the_jobs() {
    let world = World::new();
    let log = world.path("app.log");
    let config = format!(
        "REDIS_URL = {:?}\nDICT_CONFIG = {{'version': 1, 'disable_existing_loggers': False,\n\
         'handlers': {{'file': {{'class': 'logging.FileHandler', 'filename': {:?}}}}},\n\
         'loggers': {{'app': {{'handlers': ['file'], 'level': 'INFO'}}}}}}\n",
        world.redis.url(),
        log.display().to_string()
    );
    std::fs::write(world.path("settings.py"), config).unwrap();
    world.enqueue("'jobs.speaks.to_log', 'hello from the job'");

    world.work(&[]);

    let logged = std::fs::read_to_string(&log).unwrap();
    assert_eq!(logged.trim_end(), "hello from the job");
    world.finish();
}

#[test]
fn an_idle_worker_tells_its_queues_in_order() {
    let world = World::new();
    let mut worker = world.worker(&["--name", "w1", "high", "default", "low"]);

    worker.stdout.wait_for_line("*** Listening on high, default, low...", SOON);

    world.stop(&mut worker);
    world.finish();
}

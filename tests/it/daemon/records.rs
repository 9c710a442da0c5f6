//! The log records of jobs, told with the daemon's own lines.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::harness::{Exit, SOON, World, wait_until};

const FORMAT: &str = "%(levelname)s|%(name)s|%(message)s";

/// A worker that tells all records of its jobs, in a format that names their loggers.
fn command(world: &World, settings: &[(&str, &str)]) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1", "--log-format", FORMAT]);
    command.env("RQ_LOGGING__RECORDS", "all");
    for (name, value) in settings {
        command.env(name, value);
    }
    command
}

#[track_caller]
fn work(world: &World, settings: &[(&str, &str)]) -> Exit {
    let exit = world.start(command(world, settings)).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

/// The lines of the jobs' own loggers.
fn told<'exit>(exit: &'exit Exit, logger: &str) -> Vec<&'exit str> {
    let all = exit.stdout.lines().chain(exit.stderr.lines());
    all.filter(|line| line.split('|').nth(1).is_some_and(|name| name.starts_with(logger))).collect()
}

/// What a job of `jobs.logs` has told when it ended well.
#[track_caller]
fn logged(call: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let world = World::new();
    let job = world.enqueue(&format!("'jobs.logs.{call}"));
    let exit = work(&world, settings);
    assert_eq!(world.view(&job)["status"], "finished", "{}", exit.stderr);
    world.finish();
    told(&exit, "jobs.logs").into_iter().map(str::to_owned).collect()
}

const IMPORTED: &str = "WARNING|jobs.logs|said while the module was imported";

#[test]
fn all_records_come_under_the_names_of_their_loggers() {
    let world = World::new();
    world.enqueue("'jobs.logs.unhandled'");

    let exit = work(&world, &[]);

    let expected = [IMPORTED, "INFO|jobs.logs|too quiet to be seen", "WARNING|jobs.logs|told of one thing"];
    let lines: Vec<_> = exit.stdout.lines().filter(|line| line.contains("|jobs.logs|")).collect();
    assert_eq!(lines, expected);
    assert_eq!(exit.stderr, "ERROR|jobs.logs|two\\nlines");
    world.finish();
}

#[test]
fn the_level_of_the_daemons_log_holds_for_the_records() {
    let world = World::new();
    world.enqueue("'jobs.logs.at_all_levels', 'app.of.the.user'");

    let exit = work(&world, &[("RQ_LOGGING__LEVEL", "warning")]);

    let expected =
        ["WARNING|app.of.the.user|at 30", "ERROR|app.of.the.user|at 40", "CRITICAL|app.of.the.user|at 50"];
    assert_eq!(told(&exit, "app"), expected);
    world.finish();
}

#[test]
fn a_traceback_stands_below_its_record() {
    let world = World::new();
    world.enqueue("'jobs.logs.raised'");

    let exit = work(&world, &[]);

    assert!(exit.stderr.starts_with("ERROR|jobs.logs|it went wrong\nTraceback (most recent call last):\n"));
    assert!(exit.stderr.ends_with("ValueError: caught"), "{}", exit.stderr);
    assert!(!exit.stderr.contains("<rqd>"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn what_the_application_configures_stays_its_own_beside_it() {
    let world = World::new();
    let job = world.enqueue("'jobs.logs.by_basic_config', format='own: %(message)s'");

    let exit = work(&world, &[]);

    assert_eq!(world.view(&job)["result"], 1, "one handler of the root logger");
    let told = told(&exit, "jobs.logs");
    assert_eq!(told, [IMPORTED, "INFO|jobs.logs|quiet", "WARNING|jobs.logs|loud"]);
    assert!(exit.stderr.lines().any(|line| line == "own: loud"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn a_logger_that_does_not_propagate_is_heard_too() {
    assert_eq!(logged("by_hand'", &[]), [IMPORTED, "WARNING|jobs.logs|handled"]);
}

#[test]
fn nothing_is_told_where_nobody_wants_it() {
    let world = World::new();
    world.enqueue("'jobs.logs.unhandled'");

    let exit = work(&world, &[("RQ_LOGGING__RECORDS", "off")]);

    assert_eq!(told(&exit, "jobs.logs"), [""; 0]);
    assert!(exit.stderr.lines().any(|line| line == "told of one thing"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn eight_threads_at_once_lose_nothing() {
    let world = World::new();
    world.enqueue("'jobs.logs.in_threads', 8, 200");

    let exit = work(&world, &[]);

    let told = told(&exit, "thread.");
    assert_eq!(told.len(), 8 * 200);
    for number in 0..8 {
        let of_one: Vec<_> =
            told.iter().filter(|line| line.contains(&format!("|thread.{number}|"))).collect();
        let expected: Vec<_> = (0..200).map(|turn| format!("WARNING|thread.{number}|turn {turn}")).collect();
        assert!(of_one.iter().zip(&expected).all(|(one, other)| **one == *other), "the turns of {number}");
    }
    assert!(!exit.stdout.contains("got lost"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn processes_of_a_job_are_heard_and_harm_nothing() {
    let mut told = logged("in_pool', 4", &[]);

    told.sort();
    let mut expected = vec![IMPORTED.to_owned()];
    expected.extend((0..4).map(|number| format!("WARNING|jobs.logs|process of {number}")));
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn what_is_said_at_the_exit_of_a_process_belongs_to_no_job() {
    let world = World::new();
    let job = world.enqueue("'jobs.logs.at_exit'");
    let mut command = command(&world, &[]);
    command.args(["-w", "rq.SimpleWorker"]);

    let exit = world.start(command).wait_exit();

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(told(&exit, "jobs.logs"), [IMPORTED, "WARNING|jobs.logs|said before"]);
    assert_eq!(exit.stderr, "said at exit");
    world.finish();
}

#[test]
fn a_job_that_logs_without_end_ends_at_its_limit_and_holds_up_nobody() {
    let world = World::new();
    let endless = world.enqueue("'jobs.logs.endlessly', job_timeout=1");
    let after = world.enqueue("'jobs.returns.value', 2");

    let exit = work(&world, &[]);

    let failure = world.view(&endless)["exc_info"].as_str().unwrap().to_owned();
    assert!(failure.contains("JobTimeoutException"), "{failure}");
    assert_eq!(world.view(&after)["status"], "finished");
    assert!(told(&exit, "jobs.logs").len() > 100);
    world.finish();
}

#[test]
fn control_characters_long_texts_and_what_is_no_text_do_no_harm() {
    let told = logged("strange'", &[]);

    assert_eq!(told[1], "WARNING|jobs.logs|a \\x1b[31mred\\x07 and\\r\\nforged line \\udcff");
    assert_eq!(told[2], format!("WARNING|jobs.logs|{}", "x".repeat(10_000)));
    assert_eq!(told.len(), 3);
}

#[test]
fn a_thread_that_a_job_left_behind_does_not_speak_for_the_next_job() {
    let world = World::new();
    let gate = world.gate("gate");
    world.enqueue(&format!("'jobs.logs.leaving_a_thread', {}, job_id='first'", gate.literal()));
    world.enqueue(&format!("'jobs.logs.opening', {}, job_id='second'", gate.literal()));
    let kept = [("RQ_HORSE__MAX_JOBS", "0")];

    let exit = work(&world, &kept);

    let expected = [
        IMPORTED,
        "WARNING|jobs.logs|from the first job",
        "WARNING|jobs.logs|from an earlier job",
        "WARNING|jobs.logs|from the second job, of 2 threads",
    ];
    assert_eq!(told(&exit, "jobs.logs"), expected);
    world.finish();
}

#[test]
fn a_job_that_closed_every_descriptor_logs_to_standard_error() {
    let world = World::new();
    let job = world.enqueue("'jobs.logs.closing_everything'");

    let exit = work(&world, &[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(exit.stderr, "after all was closed");
    world.finish();
}

#[test]
fn the_last_words_of_a_horse_that_died_are_told_before_its_death() {
    let world = World::new();
    world.enqueue("'jobs.logs.dying'");

    let exit = work(&world, &[]);

    let place = |text: &str| exit.stdout.find(text).unwrap_or_else(|| panic!("no {text} in {}", exit.stdout));
    assert!(place("|jobs.logs|the last words") < place("Work-horse terminated unexpectedly"));
    world.finish();
}

#[test]
fn a_reload_changes_what_is_told_of_the_next_job() {
    let world = World::new();
    std::fs::write(world.path("extra.toml"), "[logging]\nrecords = \"off\"\n").unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "-c", "extra.toml", "--name", "w1", "--log-format", FORMAT]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);
    world.enqueue("'jobs.logs.unhandled', job_id='j1'");
    world.wait_for_status("j1", "finished");

    std::fs::write(world.path("extra.toml"), "[logging]\nrecords = \"all\"\n").unwrap();
    worker.signal(Signal::SIGHUP);
    worker.stdout.wait_for_line("*logging.records*", SOON);
    world.enqueue("'jobs.logs.unhandled', job_id='j2'");
    world.wait_for_status("j2", "finished");

    let exit = world.stop(&mut worker);
    assert_eq!(told(&exit, "jobs.logs").len(), 4, "{}", exit.stdout);
    world.finish();
}

#[test]
fn rqs_own_code_in_the_horse_is_heard_as_well() {
    let world = World::new();
    let job = world.enqueue("'jobs.logs.unhandled'");
    let mut command = command(&world, &[]);
    command.env("RQ_HORSE__ENGINE", "rq");

    let exit = world.start(command).wait_exit();

    assert_eq!(world.view(&job)["status"], "finished");
    assert_eq!(told(&exit, "jobs.logs").len(), 4, "{}", exit.stdout);
    let done = exit.stdout.lines().filter(|line| line.contains("Successfully completed")).count();
    assert_eq!(done, 1, "what RQ's code prints by itself is not told again: {}", exit.stdout);
    world.finish();
}

#[test]
fn a_horse_in_an_interpreter_of_its_own_is_heard_as_well() {
    let world = World::new();
    world.enqueue("'jobs.logs.unhandled'");
    let mut command = command(&world, &[]);
    command.args(["-w", "rq.worker.SpawnWorker"]);

    let exit = world.start(command).wait_exit();

    assert_eq!(told(&exit, "jobs.logs").len(), 4, "{}", exit.stdout);
    world.finish();
}

#[test]
fn records_that_a_stopped_daemon_cannot_take_are_counted_and_hold_the_job_up_for_a_while_only() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let done = world.path("done");
    world.enqueue(&format!("'jobs.logs.many_after', {}, {:?}", gate.literal(), done.display().to_string()));
    let mut worker = world.start(command(&world, &[]));
    gate.wait_for_arrival();

    worker.signal(Signal::SIGSTOP);
    gate.open();
    wait_until(SOON, "the job to have logged all", || done.exists());
    worker.signal(Signal::SIGCONT);

    let exit = worker.wait_exit();
    let told = told(&exit, "jobs.logs").len() - 1;
    let lost = exit.stdout.lines().find(|line| line.ends_with("of its log records got lost"));
    let lost: usize = lost.and_then(|line| line.split(' ').rev().nth(6)?.parse().ok()).expect("a count");
    assert_eq!(told + lost, 5_000, "told {told}, lost {lost}");
    world.finish();
}

//! What jobs log by Python's `logging`, where it goes in RQ.

use crate::harness::{Exit, World};

/// The lines on standard error that are the jobs' own.
fn own_lines(exit: &Exit) -> Vec<&str> {
    exit.stderr.lines().collect()
}

/// Runs one job of `jobs.logs` and returns what came to standard error.
#[track_caller]
fn logged(call: &str) -> Vec<String> {
    let world = World::new();
    let job = world.enqueue(&format!("'jobs.logs.{}", call.trim_start_matches('\'')));
    let exit = world.work(&[]);
    assert_eq!(world.view(&job)["status"], "finished", "{}", exit.stderr);
    world.finish();
    own_lines(&exit).into_iter().map(str::to_owned).collect()
}

const IMPORTED: &str = "said while the module was imported";

#[test]
fn what_nobody_handles_goes_bare_to_stderr_from_warning_on() {
    assert_eq!(logged("unhandled'"), [IMPORTED, "told of one thing", "two", "lines"]);
}

#[test]
fn an_exception_that_is_logged_stands_with_its_traceback() {
    let lines = logged("raised'");

    assert_eq!(lines[..3], [IMPORTED, "it went wrong", "Traceback (most recent call last):"]);
    assert_eq!(lines.last().unwrap(), "ValueError: caught");
}

#[test]
fn basic_config_in_a_job_counts() {
    let lines = logged("by_basic_config', format='%(levelname)s of %(name)s: %(message)s', level='INFO'");

    assert_eq!(lines, [IMPORTED, "INFO of jobs.logs: quiet", "WARNING of jobs.logs: loud"]);
}

#[test]
fn basic_config_in_a_job_has_pythons_own_defaults() {
    assert_eq!(logged("by_basic_config'"), [IMPORTED, "WARNING:jobs.logs:loud"]);
}

#[test]
fn a_job_that_redirects_its_standard_error_gets_what_is_logged() {
    let world = World::new();
    let job = world.enqueue("'jobs.logs.redirected'");

    let exit = world.work(&[]);

    assert_eq!(world.view(&job)["result"], "into the hands of the job\n");
    assert_eq!(own_lines(&exit), [IMPORTED]);
    world.finish();
}

#[test]
fn arguments_that_do_not_fit_are_told_and_harm_nobody() {
    let lines = logged("without_arguments'");

    assert_eq!(lines[..2], [IMPORTED, "--- Logging error ---"]);
    assert!(
        lines.iter().any(|line| line == "TypeError: not enough arguments for format string"),
        "{lines:?}"
    );
}

#[test]
fn a_handler_of_the_job_is_the_only_one() {
    assert_eq!(logged("by_hand'"), [IMPORTED, "mine: handled"]);
}

#[test]
fn a_job_may_do_without_the_last_resort() {
    assert_eq!(logged("no_last_resort'"), [IMPORTED, "No handlers could be found for logger \"jobs.logs\""]);
}

#[test]
fn processes_of_a_job_log_as_it_does() {
    let mut lines = logged("in_pool', 2");

    lines.sort();
    assert_eq!(lines, ["process of 0", "process of 1", IMPORTED]);
}

#[test]
fn a_settings_module_that_configures_logging_rules_the_jobs() {
    let world = World::new();
    let settings = format!(
        "import logging\nREDIS_URL = {:?}\nlogging.basicConfig(format='app: %(message)s', level='INFO')\n",
        world.redis.url()
    );
    std::fs::write(world.path("settings.py"), settings).unwrap();
    world.enqueue("'jobs.logs.unhandled'");

    let exit = world.work(&["--quiet"]);

    let said =
        ["app: said while the module was imported", "app: too quiet to be seen", "app: told of one thing"];
    let lines: Vec<_> = own_lines(&exit).into_iter().filter(|line| said.contains(line)).collect();
    assert_eq!(lines, said);
    world.finish();
}

#[test]
fn dict_config_rules_what_a_job_logs() {
    let world = World::new();
    let settings = format!(
        "REDIS_URL = {:?}\nDICT_CONFIG = {{'version': 1, 'disable_existing_loggers': False,\n\
         'formatters': {{'own': {{'format': 'own: %(message)s'}}}},\n\
         'handlers': {{'err': {{'class': 'logging.StreamHandler', 'formatter': 'own'}}}},\n\
         'loggers': {{'jobs': {{'handlers': ['err'], 'level': 'ERROR'}}}}}}\n",
        world.redis.url()
    );
    std::fs::write(world.path("settings.py"), settings).unwrap();
    world.enqueue("'jobs.logs.unhandled'");

    let exit = world.work(&[]);

    assert_eq!(own_lines(&exit), ["own: two", "lines"]);
    world.finish();
}

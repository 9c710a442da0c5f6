//! What the binary says of itself.

use std::{
    io::Read,
    process::{Command, Stdio},
};

use super::Folder;
use super::folder::{assert_refused, python, run};

#[test]
fn the_version_reads_as_rqs() {
    let exit = Folder::new().run(&["--version"]);

    assert_eq!(exit.code(), 0);
    assert_eq!(exit.stdout, format!("rq, version 3.0.0 (rqd {})\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(exit.stderr, "");
}

#[test]
fn without_a_command_the_help_is_shown_as_a_mistake() {
    let exit = Folder::new().run(&[]);

    assert_refused(&exit, 2, &["Usage: rq <COMMAND>", "worker", "config", "Exit codes:"]);
}

#[test]
fn a_mistyped_command_or_option_is_answered_with_the_right_one() {
    let folder = Folder::new();

    assert_refused(&folder.run(&["wroker"]), 2, &["unrecognized subcommand 'wroker'", "'worker'"]);
    assert_refused(&folder.run(&["worker", "--brust"]), 2, &["unexpected argument '--brust'", "'--burst'"]);
    assert_refused(&folder.run(&["config", "chekc"]), 2, &["'check'"]);
}

#[test]
fn help_works_without_python_redis_and_configuration() {
    for arguments in [&["--help"][..], &["worker", "-h"], &["config", "--help"], &["config", "show", "-h"]] {
        let folder = Folder::new();
        let mut command = folder.rq(arguments);
        command.env("PATH", "/nowhere").env("RQ_PYTHON", "/nowhere").env("RQ_WORKER__TTL", "nonsense");

        let exit = run(command);

        assert_eq!((exit.code(), exit.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(exit.stdout.contains("Usage: rq"), "{}", exit.stdout);
    }
}

/// The option's part of the help: from its line to the next blank line after its notes.
fn part<'a>(help: &'a str, option: &str) -> &'a str {
    let start = help
        .match_indices(option)
        .find(|(at, _)| help[at + option.len()..].starts_with([' ', '\n']) && starts_a_line(help, *at))
        .unwrap_or_else(|| panic!("no {option} in\n{help}"))
        .0;
    let rest = &help[start + option.len()..];
    let next =
        rest.match_indices("\n  ").find(|(at, _)| rest[at + 3..].trim_start_matches(' ').starts_with('-'));
    next.map_or(rest, |(at, _)| &rest[..at])
}

/// Whether only a short option and blanks stand before it on its line.
fn starts_a_line(help: &str, at: usize) -> bool {
    let line = help[..at].rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || (line.len() == 3 && line.starts_with('-') && line.ends_with(','))
}

#[test]
fn the_help_tells_variable_and_default_of_each_option() {
    let exit = Folder::new().run(&["worker", "--help"]);

    for (option, variable, default) in [
        ("--url", "[env: RQ_REDIS_URL, REDIS_URL]", "[default: redis://localhost:6379/0]"),
        ("--config", "[env: RQ_CONFIG]", ""),
        ("--path", "[env: RQ_HORSE__PATH]", "[default: .]"),
        ("--python", "[env: RQ_PYTHON]", ""),
        ("--preload", "[env: RQ_HORSE__PRELOAD]", ""),
        ("--burst", "[env: RQ_WORKER__BURST]", ""),
        ("--name", "[env: RQ_WORKER__NAME, NAME]", "[default: random]"),
        ("--serializer", "[env: RQ_WORKER__SERIALIZER]", "[default: pickle]"),
        ("--max-jobs", "[env: RQ_WORKER__MAX_JOBS]", "[default: no limit]"),
        ("--max-idle-time", "[env: RQ_WORKER__MAX_IDLE_TIME]", "[default: no limit]"),
        ("--results-ttl", "[env: RQ_WORKER__RESULTS_TTL]", "[default: 500]"),
        ("--worker-ttl", "[env: RQ_WORKER__TTL]", "[default: 420]"),
        ("--maintenance-interval", "[env: RQ_WORKER__MAINTENANCE_INTERVAL]", "[default: 600]"),
        ("--job-monitoring-interval", "[env: RQ_WORKER__JOB_MONITORING_INTERVAL]", "[default: 30]"),
        ("--pid", "[env: RQ_WORKER__PID_FILE]", ""),
        ("--logging_level", "[env: RQ_LOGGING__LEVEL]", "[default: INFO]"),
        ("--log-format", "[env: RQ_LOGGING__FORMAT]", "[default: %(asctime)s %(message)s]"),
        ("--date-format", "[env: RQ_LOGGING__DATE_FORMAT]", "[default: %H:%M:%S]"),
        ("--disable-job-desc-logging", "[env: RQ_WORKER__DESCRIBE_JOBS=no]", ""),
        ("--sentry-dsn", "[env: RQ_SENTRY_DSN, SENTRY_DSN]", ""),
        ("--sentry-ca-certs", "[env: RQ_SENTRY_CA_CERTS]", ""),
        ("--sentry-debug", "[env: RQ_SENTRY_DEBUG]", ""),
        ("--worker-class", "[env: RQ_WORKER_CLASS]", "[default: rq.Worker]"),
        ("--job-class", "[env: RQ_JOB_CLASS]", "[default: rq.job.Job]"),
        ("--queue-class", "[env: RQ_QUEUE_CLASS]", "[default: rq.Queue]"),
        ("--connection-class", "[env: RQ_CONNECTION_CLASS]", "[default: redis.Redis]"),
        ("--dequeue-strategy", "[env: RQ_WORKER__DEQUEUE_STRATEGY]", "[default: default]"),
    ] {
        let part = part(&exit.stdout, option);

        assert!(part.contains(variable), "{variable} of {option} in:\n{part}");
        assert!(part.contains(default), "{default} of {option} in:\n{part}");
    }
    assert!(exit.stdout.contains("Signals:") && exit.stdout.contains("Exit codes:"));
}

#[test]
fn every_option_of_python_rqs_worker_is_in_our_help() {
    let theirs = Command::new(python().with_file_name("rq")).args(["worker", "--help"]).output().unwrap();
    let theirs = String::from_utf8(theirs.stdout).unwrap();
    let ours = Folder::new().run(&["worker", "--help"]).stdout;
    let mut seen = 0;

    for word in theirs.split(|c: char| c.is_whitespace() || c == ',').filter(|word| word.starts_with('-')) {
        // `-ds` is spelled out in the text of its long form.
        let found = ours.split(|c: char| c.is_whitespace() || ",;.".contains(c)).any(|known| known == word);
        let option =
            word.len() > 1 && word.chars().skip(1).all(|c| c.is_ascii_alphabetic() || "-_".contains(c));
        seen += usize::from(option);
        assert!(found || !option, "{word} is not in our help");
    }

    assert!(seen > 30, "only {seen} options in:\n{theirs}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    for arguments in
        [&["worker", "--help"][..], &["config", "show"], &["config", "show", "--json"], &["nonsense"]]
    {
        let mut child = folder.rq(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();

        let status = child.wait().unwrap();

        assert!(matches!(status.code(), Some(0 | 2)), "{arguments:?}: {status}");
        assert!(!told.contains("panicked"), "{told}");
    }
}

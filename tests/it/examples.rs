//! The examples, as a reader runs them.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::harness::{Exit, Lack, Venv, Version, Worker, skipped};

/// What the runner says by its status when a machine does not permit an example.
const UNFIT: i32 = 77;

/// Runs an example with the Python of an environment; nothing when the machine does not permit it.
#[track_caller]
fn run(example: &str, venv: Result<Venv, Lack>) -> Option<Exit> {
    let venv = match venv {
        Ok(venv) => venv,
        Err(lack) => {
            skipped(&lack);
            return None;
        }
    };
    let temporary = TempDir::with_prefix("rq-ex-").unwrap();
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/run"));
    command.arg(example).env("PYTHON", venv.python()).env("RQ", env!("CARGO_BIN_EXE_rq"));
    command.env("TMPDIR", temporary.path());
    let exit = Worker::start(command, temporary.path().display().to_string()).wait_exit();
    if exit.code() == UNFIT {
        skipped(&Lack::OfMachine(exit.stdout.lines().last().unwrap_or_default().to_owned()));
        return None;
    }
    assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    assert!(exit.stdout.contains(&format!("{example}: all as expected")), "{}", exit.stdout);
    let left: Vec<_> = temporary.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "it left {left:?} behind");
    Some(exit)
}

/// Runs an example with the newest RQ and asserts that it told these.
#[track_caller]
fn assert_tells(example: &str, parts: &[&str]) {
    let Some(exit) = run(example, Venv::with_rq(Version::V3_0_0)) else { return };
    assert_told(&exit, parts);
}

#[track_caller]
fn assert_told(exit: &Exit, parts: &[&str]) {
    for part in parts {
        assert!(exit.stdout.contains(part), "{part:?} is not in\n{}", exit.stdout);
    }
}

#[test]
fn the_quick_start_runs() {
    assert_tells("quick-start", &["jobs.answer finished 42", "ZeroDivisionError", "jobs.divide failed None"]);
}

#[test]
fn the_quick_start_runs_with_the_oldest_rq() {
    let Some(exit) = run("quick-start", Venv::with_rq(Version::V1_16_2)) else { return };
    assert_told(&exit, &["jobs.answer finished 42"]);
}

#[test]
fn the_cron_example_runs() {
    assert_tells("cron", &["30 2 * * mon-fri (Europe/Berlin)", "Enqueued job poll to queue high"]);
}

#[test]
fn the_example_of_weighted_queues_runs() {
    assert_tells("weighted-queues", &["of 200 jobs", "ok: the queues stand in the order of their weights"]);
}

#[test]
fn the_example_of_json_runs() {
    assert_tells("json", &["in Redis: [\"jobs.total\", null,", "finished {'customer': 'Ada', 'total': 42}"]);
}

#[test]
fn the_example_of_groups_runs() {
    assert_tells("groups", &["reports finished May 2026 by reports-1, nice 10", "by mail-"]);
}

#[test]
fn the_example_of_django_runs() {
    let Some(exit) = run("django", Venv::named("django")) else { return };
    assert_told(&exit, &["Ada: 1,234.50", "Bea: 1.234,50", "orders.jobs.write_receipt(1)"]);
}

#[test]
fn the_example_of_a_container_runs() {
    assert_tells(
        "container",
        &[
            "started with PID 1,",
            "daemon 1: live",
            "finished production in /srv/app, from the queue default",
            "Configuration reloaded (a file changed)",
        ],
    );
}

#[test]
fn the_example_of_an_instance_under_systemd_runs() {
    let Some(exit) = run("systemd", Venv::with_rq(Version::V3_0_0)) else { return };
    if exit.stdout.contains("not checked: ") {
        skipped(&Lack::OfMachine("systemd-analyze is not installed".to_owned()));
    }
    assert_told(
        &exit,
        &[
            "systemd hears | READY=1, STATUS=1 worker on default, 0 busy",
            "finished a cat in /srv/shop, by shop-1",
            "the configuration is refused, nothing was changed",
            "systemd hears | STOPPING=1",
        ],
    );
}

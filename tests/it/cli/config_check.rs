//! `rq config check`.

use serde_json::{Value, json};

use super::Folder;
use super::folder::{assert_refused, python, run};
use crate::harness::{Exit, World};

/// What a check in JSON says.
#[track_caller]
fn report(exit: &Exit) -> Value {
    serde_json::from_str(&exit.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", exit.stdout, exit.stderr))
}

#[test]
fn a_good_configuration_ends_with_0_and_names_what_was_read() {
    let folder = Folder::with(&[("rq.toml", "QUEUES = [\"a\"]\n")]);
    let mut command = folder.rq(&["config", "check", "-c", "rq.toml", "--url", "redis://h"]);
    command.env("NAME", "n").env_remove("RQ_PYTHON").env("PATH", python().parent().unwrap());

    let exit = run(command);

    assert_eq!((exit.code(), exit.stderr.as_str()), (0, ""));
    let file = folder.path("rq.toml").display().to_string();
    for told in [&format!("read {file}\n"), "NAME", "--url", "The configuration is good.\n"] {
        assert!(exit.stdout.contains(told), "{told} is not in {}", exit.stdout);
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let folder = Folder::with(&[(
        "rq.toml",
        "REDIS_PORT = \"x\"\nQUEUE = []\n[worker]\nttl = \"soon\"\nburst = 7\n[horse]\npretoad = []\n",
    )]);
    let mut command = folder.rq(&["config", "check", "-c", "rq.toml"]);
    command.env("RQ_LOGGING__LEVEL", "loud").env("RQ_WORKER__NAMES", "x");

    let exit = run(command);

    let told = [
        "REDIS_PORT",
        "QUEUE from",
        "worker.ttl",
        "worker.burst",
        "horse.pretoad",
        "RQ_LOGGING__LEVEL",
        "RQ_WORKER__NAMES",
    ];
    assert_refused(&exit, 78, &told);
    assert_eq!(exit.stderr.matches("error: ").count(), told.len(), "{}", exit.stderr);
    assert!(!exit.stdout.contains("good"), "{}", exit.stdout);
}

#[test]
fn mistakes_in_a_module_and_in_the_environment_are_told_together() {
    let folder = Folder::with(&[("settings.py", "REDIS_PORT = 'x'\nRQ_WORKER = {'ttl': 'soon'}\n")]);
    let mut command = folder.rq(&["config", "check", "-c", "settings"]);
    command.env("RQ_LOGGING__LEVEL", "loud");

    let exit = run(command);

    assert_refused(&exit, 78, &["REDIS_PORT", "RQ_WORKER[\"ttl\"]", "RQ_LOGGING__LEVEL"]);
}

#[test]
fn a_mistake_is_told_even_where_the_module_cannot_be_imported() {
    let folder = Folder::with(&[("settings.py", "raise RuntimeError\n")]);
    let mut command = folder.rq(&["worker", "-c", "settings"]);
    command.env("RQ_LOGGING__LEVEL", "loud");

    assert_refused(&run(command), 78, &["RQ_LOGGING__LEVEL"]);
}

#[test]
fn programs_get_every_mistake_with_its_hint() {
    let folder = Folder::with(&[("rq.toml", "QUEUE = []\n[worker]\nttl = \"soon\"\n")]);

    let exit = folder.run(&["config", "check", "--json", "-c", "rq.toml"]);

    let report = report(&exit);
    assert_eq!(exit.code(), 78);
    let errors = report["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{report}");
    assert!(errors.iter().any(|error| error["hint"] == "did you mean QUEUES?"), "{report}");
    assert_eq!(exit.stderr, "");
}

#[test]
fn programs_get_what_was_read_and_every_warning() {
    let folder = Folder::with(&[("settings.py", "REDIS_URL = 'redis://h'\n"), ("settings.toml", "")]);
    let mut command = folder.rq(&["config", "check", "--json", "-c", "settings"]);
    command.env("REDIS_URL", "redis://elsewhere").env("SENTRY_DSN", "https://key@sentry.example/1");

    let exit = run(command);

    let report = report(&exit);
    assert_eq!((exit.code(), &report["errors"]), (0, &json!([])));
    assert!(report["sources"].to_string().contains("settings.py"), "{report}");
    let warnings = report["warnings"].to_string();
    for told in ["settings.toml", "REDIS_URL", "sentry.dsn"] {
        assert!(warnings.contains(told), "{told} is not in {warnings}");
    }
}

#[test]
fn a_check_judges_what_the_worker_would_only_meet_later() {
    let folder = Folder::new();
    for (variable, value, told) in [
        ("RQ_LOGGING__FORMAT", "%(nonsense)s", "nonsense"),
        ("RQ_REDIS_URL", "redis://h:port", "a port that is not a number"),
        ("RQ_PYTHON", "/nowhere/python", "/nowhere/python"),
    ] {
        let mut command = folder.rq(&["config", "check"]);
        command.env(variable, value);

        assert_refused(&run(command), 78, &[told]);
    }
}

#[test]
fn a_check_starts_nothing_and_asks_no_redis() {
    let world = World::new();
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["config", "check", "-c", "settings", "--python"]).arg(world.venv.python());
    let before: u64 = connections(&world);

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    // Each look at the number is a connection of its own.
    assert_eq!(connections(&world), before + 1);
    world.finish();
}

/// How many connections the server has taken so far.
fn connections(world: &World) -> u64 {
    let info: String = world.redis.command(&["INFO", "stats"]);
    let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
    line.unwrap().parse().unwrap()
}

#[test]
fn without_python_settings_no_python_runs() {
    let folder = Folder::with(&[("rq.toml", "")]);
    let program = super::folder::write_program(
        &folder.path("."),
        "python",
        "#!/bin/sh\n: >\"$HOME/was-run\"\nexit 1\n",
    );
    let mut command = folder.rq(&["config", "check", "-c", "rq.toml"]);
    command.env("RQ_PYTHON", program);

    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(!folder.path("was-run").exists());
}

#[test]
fn what_makes_no_sense_together_is_told_and_can_be_used() {
    let text = "[worker]\nfailure_ttl = '30d'\n[queue.\"mail.high\"]\ntimeout = '2h'\nmax_timeout = '1h'\n";
    let folder = Folder::with(&[("rq.toml", text)]);
    let mut command = folder.rq(&["config", "check", "-c", "rq.toml"]);
    command.env("RQ_WORKER__MAX_FAILURE_TTL", "7d");

    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let told = [
        "warning: worker.failure_ttl of 2592000 is never reached, as worker.max_failure_ttl is 604800",
        "warning: queue.mail.high.timeout of 7200 is never reached, as queue.mail.high.max_timeout is 3600",
    ];
    for told in told {
        assert!(exit.stderr.contains(told), "{told} is not in {}", exit.stderr);
    }
}

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
fn the_line_of_a_mistake_is_shown_with_a_mark_but_without_secrets() {
    let folder = Folder::with(&[(
        "rq.toml",
        "[redis]\npasword = \"hunter2\"\n[worker]\nttl = \"soon\" # not hunter2\nburst = 7\n",
    )]);
    let shown = [
        "  |\n2 | pasword = ***\n  | ^^^^^^^\nhint: did you mean password?\n",
        "  |\n4 | ttl = \"soon\"\n  |       ^^^^^^\nhint: ",
        "  |\n5 | burst = 7\n  |         ^\nhint: ",
    ];

    for arguments in [&["config", "check", "-c", "rq.toml"][..], &["worker", "-c", "rq.toml"]] {
        let exit = folder.run(arguments);

        assert_refused(&exit, 78, &shown);
        assert!(!exit.stderr.contains("hunter2"), "{}", exit.stderr);
    }
}

#[test]
fn programs_get_file_line_and_column_of_a_mistake() {
    let folder = Folder::with(&[("rq.yaml", "worker:\n  ttl: soon\nQUEUES: [a,\n")]);
    let good = Folder::with(&[("rq.yaml", "worker:\n  ttl: soon\n")]);

    let broken = folder.run(&["config", "check", "--json", "-c", "rq.yaml"]);
    let wrong = good.run(&["config", "check", "--json", "-c", "rq.yaml"]);

    let error = &report(&wrong)["errors"][0];
    let file = good.path("rq.yaml").display().to_string();
    assert_eq!((&error["file"], &error["line"], &error["column"]), (&json!(file), &json!(2), &json!(8)));
    let error = &report(&broken)["errors"][0];
    assert!(error["line"].as_u64() >= Some(3) && error["column"].is_u64(), "{error}");
}

#[test]
fn programs_get_what_was_read_and_every_warning() {
    let folder = Folder::with(&[("settings.py", "REDIS_URL = 'redis://h'\n"), ("settings.toml", "")]);
    let mut command = folder.rq(&["config", "check", "--json", "-c", "settings"]);
    command.env("REDIS_URL", "redis://elsewhere");

    let exit = run(command);

    let report = report(&exit);
    assert_eq!((exit.code(), &report["errors"]), (0, &json!([])));
    assert!(report["sources"].to_string().contains("settings.py"), "{report}");
    let warnings = report["warnings"].to_string();
    for told in ["settings.toml", "REDIS_URL"] {
        assert!(warnings.contains(told), "{told} is not in {warnings}");
    }
}

/// Runs `rq config check` and `rq worker` with a variable; both must refuse it with 78, these words on the first line, and this hint.
#[track_caller]
fn assert_both_refuse((variable, value): (&str, &str), told: &str, hint: &str) {
    for arguments in [&["config", "check"][..], &["worker", "--burst"]] {
        let folder = Folder::new();
        let mut command = folder.rq(arguments);
        command.env(variable, value);

        assert_refused(&run(command), 78, &[&format!("error: cannot use {told}"), hint]);
    }
}

#[test]
fn what_is_judged_late_is_told_with_key_and_origin_too() {
    let url = "redis.url from environment variable REDIS_URL: ";
    let of_url = |rest: &str| format!("{url}{rest}");
    assert_both_refuse(
        ("REDIS_URL", "redis://localhost:abc"),
        &of_url("has a port that is not a number, found \"redis://localhost:***\"\n"),
        "hint: write redis://[user][:password]@host:port/db",
    );
    assert_both_refuse(
        ("REDIS_URL", "redis://u:pw@h?db=first"),
        &of_url("option db must be a whole number, found \"redis://u:***@h?db=first\"\n"),
        "",
    );
    assert_both_refuse(
        ("REDIS_URL", "redis://h?socket_timeuot=1"),
        &of_url("option socket_timeuot is not known here, found \"redis://h?socket_timeuot=1\"\n"),
        "hint: did you mean socket_timeout?",
    );
    assert_both_refuse(
        ("RQ_PYTHON", "/nowhere/python"),
        "horse.python from environment variable RQ_PYTHON: there is no such executable file, found \"/nowhere/python\"\n",
        "hint: name one by --python",
    );
    assert_both_refuse(
        ("RQ_LOGGING__FORMAT", "%(nonsense)s"),
        "logging.format from environment variable RQ_LOGGING__FORMAT: unknown field %(nonsense)",
        "hint: remove it to use the default, %(asctime)s %(message)s",
    );
}

#[test]
fn what_is_judged_late_is_told_with_its_line_and_all_at_once() {
    let text = "[worker]\nttl = \"soon\"\n[horse]\npython = \"/nope\"\n[logging]\nformat = \"plain\"\n\
                date_format = \"a\\u0000\"\n[redis.sentinel]\ninstances = [[\"a\", 1]]\n\
                connection_kwargs = {socket_timeout = \"late\", password = \"hunter2\"}\n";
    let folder = Folder::with(&[("rq.toml", text)]);
    let file = folder.path("rq.toml").display().to_string();
    for arguments in [&["config", "check", "-c", "rq.toml"][..], &["worker", "-c", "rq.toml"]] {
        let mut command = folder.rq(arguments);
        command.env_remove("RQ_PYTHON");

        let exit = run(command);

        let told = [
            format!("cannot use worker.ttl from {file}, line 2: "),
            format!("cannot use horse.python from {file}, line 4: "),
            format!("cannot use logging.format from {file}, line 6: log format \"plain\""),
            format!("cannot use logging.date_format from {file}, line 7: date format"),
            format!(
                "cannot use redis.sentinel from {file}, line 8: option socket_timeout of its CONNECTION_KWARGS must be \
                 a number of seconds above 0, found \"late\"\n"
            ),
        ];
        assert_refused(&exit, 78, &told.each_ref().map(String::as_str));
        assert_eq!(exit.stderr.matches("error: ").count(), told.len(), "{}", exit.stderr);
        assert!(!exit.stderr.contains("hunter2"), "{}", exit.stderr);
    }
}

#[test]
fn a_missing_interpreter_does_not_hide_other_mistakes() {
    let folder = Folder::with(&[("settings.py", "")]);
    let mut command = folder.rq(&["config", "check", "-c", "settings", "--python", "/nope"]);
    command.env("RQ_LOGGING__LEVEL", "loud").env("RQ_LOGGING__FORMAT", "plain");

    let exit = run(command);

    assert_refused(&exit, 78, &["RQ_LOGGING__LEVEL", "logging.format", "horse.python from option --python"]);
    assert_eq!(exit.stderr.matches("error: ").count(), 3, "{}", exit.stderr);
}

#[test]
fn the_settings_can_be_shown_without_an_interpreter() {
    let folder = Folder::new();
    let mut command = folder.rq(&["config", "show"]);
    command.env("RQ_PYTHON", "/nowhere/python");

    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("/nowhere/python"), "{}", exit.stdout);
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

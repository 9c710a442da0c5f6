//! What is told of changes that do not count: something else is stronger, or they wait for a restart.

use super::reload_stage::{Stage, run, save, settings};
use crate::harness::{World, text};

#[test]
fn a_change_that_something_stronger_hides_is_told() {
    for by_option in [false, true] {
        let world = World::new();
        save(&world.path("rq.toml"), &settings(&world, "[worker]\nresults_ttl = 77\n"));
        let mut command = run(&world, &["-c", "rq.toml"]);
        let stronger = if by_option {
            command = world.worker_command();
            command.args(["-c", "rq.toml", "--results-ttl", "66"]);
            "--results-ttl"
        } else {
            command.env("RQ_WORKER__RESULTS_TTL", "66");
            "RQ_WORKER__RESULTS_TTL"
        };
        let mut stage = Stage::of(world, command);

        stage.put("[worker]\nresults_ttl = 88\n");

        stage.told("Configuration unchanged (a file changed)");
        let line = stage.told("Changed, but something else is stronger: worker.results_ttl from 66 to 88 (");
        assert!(line.contains("rq.toml, line 3"), "{stronger}: {line}");
        stage.assert_results_ttl(66);
        stage.finish();
    }
}

#[test]
fn what_needs_a_restart_is_told_and_the_rest_counts() {
    let mut stage = Stage::new("[worker]\nname = \"w1\"\n");
    let pending = "[redis]\nkey_prefix = \"other\"\n[worker]\nname = \"w1\"\npid_file = \"pid\"\n";

    stage.put(&format!("{pending}results_ttl = 77\n"));

    let line = stage.told("Configuration reloaded (a file changed): ");
    assert!(line.contains("worker.results_ttl from 500 to 77"), "{line}");
    assert!(!line.contains("key_prefix"), "{line}");
    let line = stage.told("Waiting for a restart of the daemon: ");
    assert!(
        line.contains("redis.key_prefix from \"rq\" to \"other\" (") && line.contains("worker.pid_file"),
        "{line}"
    );
    stage.assert_results_ttl(77);
    assert!(!stage.world.path("pid").exists());
    assert_eq!(text(&stage.world.redis.hash("rq:worker:w1"), "state"), "idle");

    // It is not forgotten by what comes after.
    stage.put(&format!("{pending}results_ttl = 88\n"));
    stage.told("Configuration reloaded (a file changed): worker.results_ttl from 77 to 88");
    let line = stage.told("Waiting for a restart of the daemon: ");
    assert!(line.contains("redis.key_prefix") && line.contains("worker.pid_file"), "{line}");
    let exit = stage.rq(&["reload"]);
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("nothing has changed"), "{}", exit.stdout);
    assert!(exit.stdout.contains("redis.key_prefix waits for a restart: rq -> other ("), "{}", exit.stdout);

    // Taken back, it is as if it had never been.
    stage.put("[worker]\nname = \"w1\"\nresults_ttl = 88\n");
    stage.told("Configuration unchanged (a file changed)");
    assert_eq!(stage.count("Waiting for a restart"), 3);
    stage.finish();
}

#[test]
fn a_strict_daemon_refuses_what_needs_a_restart_with_all_the_rest() {
    let strict = "[reload]\nstrict = true\n";
    let mut stage = Stage::new(strict);

    stage.put(&format!("{strict}[redis]\nkey_prefix = \"other\"\n[worker]\nresults_ttl = 77\n"));

    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    for told in ["redis.key_prefix", "rq.toml, line 5", "reload.strict"] {
        assert!(line.contains(told), "{line}");
    }
    stage.assert_results_ttl(500);
    stage.put(&format!("{strict}[worker]\nresults_ttl = 77\n"));
    stage.told("Configuration reloaded (a file changed): worker.results_ttl from 500 to 77");
    stage.finish();
}

#[test]
fn a_setting_that_only_moved_is_shown_where_it_stands_now() {
    let told = "[redis]\nkey_prefix = \"rq\"\n";
    let mut stage = Stage::new(&format!("[reload]\nwatch = false\n{told}"));

    stage.apply(&format!("# One more line.\n[reload]\nwatch = false\n{told}"));

    let exit = stage.rq(&["config", "show", "--running"]);
    let line = exit.stdout.lines().find(|line| line.contains("redis.key_prefix")).unwrap_or_default();
    assert!(line.contains("rq.toml, line 6"), "{}{}", exit.stdout, exit.stderr);
    stage.finish();
}

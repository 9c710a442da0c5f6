//! `rq config diff`: what a reload would do, told without doing it; and what makes a reload come later, or early.

use super::reload_stage::{Stage, run, save, settings};
use crate::harness::World;

#[test]
fn a_difference_is_told_and_nothing_is_changed() {
    let stage = Stage::new("[worker]\nresults_ttl = 50\n[reload]\nwatch = false");
    stage.put("[redis]\nkey_prefix = \"other\"\n[worker]\nresults_ttl = 60\n[reload]\nwatch = false");

    let exit = stage.rq(&["config", "diff"]);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("a reload would change the configuration"), "{}", exit.stdout);
    assert!(exit.stdout.contains("worker.results_ttl changed: 50 -> 60"), "{}", exit.stdout);
    assert!(exit.stdout.contains("redis.key_prefix waits for a restart: rq -> other"), "{}", exit.stdout);
    stage.assert_results_ttl(50);
    stage.put("[worker]\nresults_ttl = true");
    let exit = stage.rq(&["config", "diff"]);
    assert_eq!(exit.code(), 78);
    assert!(exit.stdout.contains("a reload would be refused"), "{}", exit.stdout);
    assert!(exit.stdout.contains("cannot use worker.results_ttl from"), "{}", exit.stdout);
    stage.finish();
}

#[test]
fn a_difference_of_nothing_is_told_too() {
    let stage = Stage::new("");

    let exit = stage.rq(&["config", "diff", "--json"]);

    assert_eq!(exit.code(), 0);
    let answers: serde_json::Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!(answers[0]["reply"]["outcome"], "unchanged");
    stage.finish();
}

#[test]
fn a_reload_that_is_put_off_comes_all_the_same() {
    let mut stage = Stage::new("[reload]\njitter = \"200ms\"");

    stage.put("[reload]\njitter = \"200ms\"\n[worker]\nresults_ttl = 77");

    stage.told("Configuration reloaded (a file changed): worker.results_ttl from 500 to 77 *");
    stage.finish();
}

/// Sends itself a hangup that has to wait, and becomes the daemon.
const HUNG_UP: &str = "
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
os.kill(os.getpid(), signal.SIGHUP)
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn a_hangup_that_comes_before_anything_can_heed_it_is_heeded_later() {
    let world = World::new();
    save(&world.path("rq.toml"), &settings(&world, ""));
    let daemon = run(&world, &["-c", "rq.toml"]);
    let mut command = world.command(&world.venv.python());
    command.args(["-c", HUNG_UP]).arg(daemon.get_program()).args(daemon.get_args());

    let mut stage = Stage::of(world, command);

    stage.told("Configuration unchanged (SIGHUP)");
    stage.finish();
}

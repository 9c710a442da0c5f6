//! What RQ can do and this release cannot: refused, never passed over.

use super::Folder;
use crate::harness::{World, matches};

#[test]
fn a_strategy_that_nobody_knows_ends_as_in_rq() {
    let exit = Folder::new().run(&["worker", "-ds", "best"]);

    let told = "ERROR: Dequeue Strategy can only be one of `default`, `random` or `round_robin`.\n";
    assert_eq!((exit.code(), exit.stderr.as_str()), (1, told));
}

#[test]
fn rqs_own_classes_may_be_named() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");

    world.work(&["-w", "rq.Worker", "-j", "rq.job.Job", "--queue-class", "rq.Queue", "-ds", "default"]);

    assert_eq!(world.view(&job)["result"], 1);
    world.finish();
}

#[test]
fn a_sentry_address_is_taken_and_told_to_have_no_effect_yet() {
    let world = World::new();

    let exit = world.work(&[
        "--sentry-dsn",
        "https://0123456789abcdef@sentry.example/1",
        "--sentry-ca-certs",
        "ca.pem",
        "--sentry-debug",
    ]);

    for told in
        ["sentry.dsn from option --sentry-dsn", "sentry.ca_certs from option", "sentry.debug from option"]
    {
        let told = format!("{told}*has no effect: this release does not report to Sentry yet");
        assert!(exit.stdout.lines().any(|line| matches(line, &told)), "{}\n{}", exit.stdout, exit.stderr);
    }
    world.finish();
}

//! What RQ can do and this release cannot: refused, never passed over.

use super::Folder;
use crate::harness::World;

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

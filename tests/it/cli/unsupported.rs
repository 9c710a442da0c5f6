//! What RQ can do and this release cannot: refused, never passed over.

use super::Folder;
use super::folder::assert_refused;
use crate::harness::World;

#[test]
fn a_command_of_rq_that_is_not_supported_yet_points_to_pythons() {
    let folder = Folder::new();
    for command in ["info", "enqueue", "empty", "requeue", "suspend", "resume"] {
        let told = format!("rq {command} is not supported yet");

        let exit = folder.run(&[command, "--some", "thing"]);

        assert_refused(&exit, 2, &[&told, &format!("python -m rq.cli {command}")]);
    }
}

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

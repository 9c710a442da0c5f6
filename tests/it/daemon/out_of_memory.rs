//! A death for want of memory is told as that, and no other death is.

use super::control_group::Group;
use crate::harness::{Lack, World, skipped};

#[test]
fn only_a_horse_that_the_kernel_killed_for_want_of_memory_is_told_so() {
    let world = World::new();
    let name = format!("rqd-test-{}", std::process::id());
    let Some(group) = Group::of_memory(&name, "209715200") else {
        return skipped(&Lack::OfMachine("no control group with a limit of memory can be made".to_owned()));
    };
    let hungry = world.enqueue("'jobs.exits.by_hunger'");
    // Its horse is made before the one above is killed.
    let killed = world.enqueue("'jobs.exits.by_signal', 'SIGKILL'");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1", "--burst"]);

    let exit = world.start(group.enter(&command)).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let text = |job: &str| world.view(job)["exc_info"].as_str().unwrap().to_owned();
    assert!(text(&hungry).contains("out of memory: the kernel killed it"), "{}", text(&hungry));
    assert!(text(&killed).contains("SIGKILL"), "{}", text(&killed));
    assert!(!text(&killed).contains("out of memory"), "{}", text(&killed));
    world.finish();
}

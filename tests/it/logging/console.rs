//! The console as an appender, and that the end of a process is told whole.

use super::work;
use crate::harness::World;

#[test]
fn one_stream_takes_all_in_the_order_in_which_it_was_told() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain'");

    let exit = work(
        &world,
        "[logging.appender.c]\nkind = 'console'\nstream = 'stderr'\nline = '%(levelname)s %(message)s'\n",
    );

    assert_eq!(exit.stdout, "");
    let at = |text: &str| exit.stderr.find(text).unwrap_or_else(|| panic!("{text} in {}", exit.stderr));
    assert!(at("INFO Worker w1: default: jobs.raising.plain()") < at("ERROR Worker w1: job"));
    assert!(at("ValueError: it broke") < at("INFO Worker w1: done, quitting"));
    world.finish();
}

#[test]
fn what_was_logged_stands_before_the_reason_of_a_failure() {
    let world = World::new();
    std::fs::write(world.path("rq.toml"), "[redis]\nurl = 'unix:///nobody/here'\nstart_timeout = '1s'\n")
        .unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "rq.toml", "--name", "w1"]);

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 69);
    let error = exit.stderr.find("error: redis did not answer").unwrap_or_else(|| panic!("{}", exit.stderr));
    assert!(exit.stderr[..error].lines().count() > 0, "{}", exit.stderr);
    world.finish();
}

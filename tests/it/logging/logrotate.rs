//! The real logrotate, in the two ways in which people use it.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;

use super::tools::program;
use super::{config, read};
use crate::harness::{SOON, World, wait_until};

/// Runs logrotate with these directives for `a.log`.
#[track_caller]
fn rotate(world: &World, mut logrotate: Command, directives: &str) {
    let file = world.path("logrotate.conf");
    fs::write(&file, format!("{} {{\n{directives}\n}}\n", world.path("a.log").display())).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let output = logrotate.args(["--force", "--state"]).arg(world.path("state")).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn sigusr1_makes_the_file_of_a_cron_scheduler_anew() {
    let world = World::new();
    let table = "[cron.often]\nfunction = 'jobs.returns.nothing'\ninterval = '1s'\n";
    let mut command = world.command(env!("CARGO_BIN_EXE_rq").as_ref());
    command.arg("cron").arg("-c").arg(config(&world, &format!("{APPENDER}level = 'debug'\n{table}")));
    let mut cron = world.start(command);
    let is_there = || fs::read_to_string(world.path("a.log")).is_ok_and(|text| !text.is_empty());
    wait_until(SOON, "the first lines", is_there);

    fs::rename(world.path("a.log"), world.path("moved.log")).unwrap();
    cron.signal(Signal::SIGUSR1);

    wait_until(SOON, "lines in a new file", || {
        fs::read_to_string(world.path("a.log")).is_ok_and(|text| !text.is_empty())
    });
    assert_eq!(cron.stop().code(), 0);
    world.finish();
}

const APPENDER: &str = "[logging.appender.f]\nkind = 'file'\npath = 'a.log'\n";

#[test]
fn a_file_that_was_moved_is_made_anew_for_the_next_line() {
    let Some(logrotate) = program("logrotate") else { return };
    let world = World::new();
    let mut command = world.worker_command();
    command.arg("-c").arg(config(&world, APPENDER)).args(["--name", "w1"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);
    wait_until(SOON, "the first lines", || read(world.path("a.log")).contains("Listening"));

    rotate(&world, logrotate, "rotate 3\nnocreate\nsu root root");
    world.enqueue("'jobs.returns.nothing'");
    wait_until(SOON, "a new file", || {
        fs::read_to_string(world.path("a.log")).is_ok_and(|text| text.contains("Job OK"))
    });

    world.stop(&mut worker);
    let (old, new) = (read(world.path("a.log.1")), read(world.path("a.log")));
    assert!(old.contains("Listening") && !old.contains("Job OK"), "{old}");
    assert!(new.contains("Job OK") && new.contains("unsubscribing") && !new.contains("Listening"), "{new}");
    world.finish();
}

#[test]
fn sigusr1_makes_the_file_anew_at_once() {
    let Some(logrotate) = program("logrotate") else { return };
    let world = World::new();
    let mut command = world.worker_command();
    command.arg("-c").arg(config(&world, APPENDER)).args(["--name", "w1", "--pid", "pid"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);
    wait_until(SOON, "the first lines", || read(world.path("a.log")).contains("Listening"));
    let descriptors = format!("/proc/{}/fd", worker.pid());
    let is_open = |name: &str| {
        let open =
            fs::read_dir(&descriptors).unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        open.into_iter().any(|path| path == world.path(name))
    };
    assert!(is_open("a.log"));

    let kill =
        format!("rotate 3\ncreate 0640\nsu root root\npostrotate\nkill -USR1 {}\nendscript", worker.pid());
    rotate(&world, logrotate, &kill);
    wait_until(SOON, "the old file to be let go", || !is_open("a.log.1"));
    world.enqueue("'jobs.returns.nothing'");
    wait_until(SOON, "lines in the new file", || read(world.path("a.log")).contains("Job OK"));
    worker.signal(Signal::SIGUSR1);

    world.stop(&mut worker);
    world.finish();
}

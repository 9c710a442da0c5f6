//! What a person at a terminal sees: colours, Ctrl-C, and messages that cannot steer the screen.

use std::{fs::File, process::Stdio, sync::Arc};

use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    pty::{OpenptyResult, openpty},
};

use super::Folder;
use crate::harness::{SOON, Terminal, World, leading, wait_until};

/// A worker named `w1` in a terminal.
fn worker(world: &World, variables: &[(&str, &str)]) -> Terminal {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).envs(variables.iter().copied());
    Terminal::run(&command)
}

const CTRL_C: &[u8] = b"\x03";

#[test]
fn on_a_terminal_queues_and_jobs_are_coloured() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let mut terminal = worker(&world, &[]);

    terminal.wait_for("*** Listening on \x1b[32mdefault\x1b[39;49;00m...");
    terminal.wait_for(&format!("\x1b[34mjobs.returns.value(1)\x1b[39;49;00m ({job})"));

    terminal.press(CTRL_C);
    assert_eq!(terminal.wait_exit(), Some(0));
    world.finish();
}

#[test]
fn no_color_is_heeded() {
    let world = World::new();
    let mut terminal = worker(&world, &[("NO_COLOR", "1")]);

    terminal.wait_for("*** Listening on default...");
    terminal.press(CTRL_C);
    terminal.wait_exit();

    assert!(!terminal.screen().contains('\x1b'), "{}", terminal.screen());
    let folder = Folder::new();
    for (value, coloured) in [("1", false), ("", true)] {
        let mut command = folder.rq(&["config", "check", "-u", "http://h"]);
        command.env("NO_COLOR", value);
        let mut terminal = Terminal::run(&command);
        terminal.wait_for("error:");
        assert_eq!(terminal.wait_exit(), Some(78));
        assert_eq!(terminal.screen().contains("\x1b[1;31merror:"), coloured, "{}", terminal.screen());
    }
    world.finish();
}

#[test]
fn ctrl_c_ends_an_idle_worker_at_once() {
    let world = World::new();
    let mut terminal = worker(&world, &[]);
    terminal.wait_for("*** Listening on");

    terminal.press(CTRL_C);

    assert_eq!(terminal.wait_exit(), Some(0));
    terminal.wait_for("warm shut down requested");
    assert!(world.redis.set(&world.key("workers")).is_empty());
    world.finish();
}

#[test]
fn ctrl_c_lets_the_job_in_hand_finish() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut terminal = worker(&world, &[]);
    gate.wait_for_arrival();

    terminal.press(CTRL_C);
    terminal.wait_for("warm shut down requested");
    gate.open();

    assert_eq!(terminal.wait_exit(), Some(0));
    assert_eq!(world.view(&job)["status"], "finished", "the key must not reach the job");
    world.finish();
}

#[test]
fn a_second_ctrl_c_kills_the_job() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut terminal = worker(&world, &[]);
    gate.wait_for_arrival();
    terminal.press(CTRL_C);
    terminal.wait_for("warm shut down requested");
    let asked = std::time::Instant::now();
    // RQ: what comes within a second counts as one.
    wait_until(SOON, "a second key to count", || asked.elapsed().as_millis() > 1100);

    terminal.press(CTRL_C);

    assert_eq!(terminal.wait_exit(), Some(0));
    terminal.wait_for("cold shut down");
    assert_eq!(world.view(&job)["status"], "failed");
    world.finish();
}

#[test]
fn a_terminal_that_closes_ends_the_worker_warmly() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]);
    let mut command = leading(&command);
    let OpenptyResult { master, slave } = openpty(None, None).unwrap();
    // The worker would keep its own terminal open.
    fcntl(&master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
    let log = File::create(world.path("log")).unwrap();
    command.stdin(Stdio::from(slave)).stdout(log.try_clone().unwrap()).stderr(log);
    let child = command.spawn().unwrap();
    drop(command);
    let mut terminal = Terminal { child, keyboard: File::open("/dev/null").unwrap(), screen: Arc::default() };
    gate.wait_for_arrival();

    drop(master);
    let log = || std::fs::read_to_string(world.path("log")).unwrap();
    wait_until(SOON, "the worker to hear of it", || log().contains("warm shut down requested"));
    gate.open();

    assert_eq!(terminal.wait_exit(), Some(0), "{}", log());
    assert_eq!(world.view(&job)["status"], "finished", "the job must not hear of it");
    world.finish();
}

#[test]
fn an_odd_name_cannot_steer_the_terminal() {
    let folder = Folder::with(&[("rq.toml", "\"QUE\\u001b[2JUE\" = 1\n")]);
    let mut terminal = Terminal::run(&folder.rq(&["config", "check", "-c", "rq.toml"]));

    terminal.wait_for("error:");

    assert_eq!(terminal.wait_exit(), Some(78));
    assert!(!terminal.screen().contains("\x1b[2J"), "{:?}", terminal.screen());
}

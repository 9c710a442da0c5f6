//! The application's code: a new generation of it, beside the old one until its last job is over.

use std::path::Path;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::reload_load::Load;
use super::reload_stage::{Stage, run, save, settings};
use crate::harness::{SOON, Venv, Version, World, process_exists, skipped, wait_until};

/// A daemon that has preloaded the module `app`, whose function gives this answer.
fn stage(more: &str, answer: u32) -> Stage {
    let world = World::new();
    save(&world.path("rq.toml"), &settings(&world, &format!("horse.preload = [\"app\"]\n{more}")));
    save(&world.path("app.py"), &app(answer));
    let command = run(&world, &["-c", "rq.toml"]);
    Stage::of(world, command)
}

/// Answers of other lengths make files of other sizes: Python takes a file of the same second and size for the same.
fn app(answer: u32) -> String {
    format!(
        "from jobs import waits\n\n\ndef answer():\n    return {answer}\n\n\ndef late(gate):\n    return waits.at(gate, {answer})\n"
    )
}

#[track_caller]
fn assert_answers(stage: &Stage, answer: u32) {
    assert_eq!(stage.job("'app.answer'")["result"], answer);
}

/// The process of the fork server that was started last.
#[track_caller]
fn fork_server(stage: &mut Stage) -> Pid {
    let line = stage.told("Fork server started with PID ");
    let number = line.split("with PID ").nth(1).unwrap().split(':').next().unwrap();
    Pid::from_raw(number.parse().unwrap())
}

#[test]
fn new_code_is_loaded_when_it_is_asked_for() {
    let mut stage = stage("", 1);
    assert_answers(&stage, 1);
    save(&stage.world.path("app.py"), &app(22));
    assert_answers(&stage, 1);

    stage.daemon.signal(Signal::SIGUSR2);
    stage.told("Configuration reloaded (SIGUSR2), the application was loaded anew");
    assert_answers(&stage, 22);

    save(&stage.world.path("app.py"), &app(333));
    let exit = stage.rq(&["reload", "--code"]);
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("the configuration is applied"), "{}", exit.stdout);
    stage.told("Configuration reloaded (rq reload), the application was loaded anew");
    assert_answers(&stage, 333);
    stage.finish();
}

#[test]
fn a_signal_for_new_code_during_the_start_is_not_forgotten() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let slow = format!("from jobs import waits\nwaits.at({})\n", gate.literal());
    save(&world.path("rq.toml"), &settings(&world, "horse.preload = [\"app\", \"slow\"]\n"));
    save(&world.path("app.py"), &app(1));
    save(&world.path("slow.py"), &slow);
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::unready(world, command);
    gate.wait_for_arrival();

    save(&stage.world.path("app.py"), &app(22));
    save(&stage.world.path("slow.py"), "");
    stage.daemon.signal(Signal::SIGUSR2);
    gate.open();

    stage.told("Configuration reloaded (SIGUSR2), the application was loaded anew");
    assert_answers(&stage, 22);
    stage.finish();
}

#[test]
fn new_code_is_loaded_by_itself_where_that_is_wanted() {
    let mut stage = stage("reload.code = true\n", 1);
    assert_answers(&stage, 1);

    save(&stage.world.path("app.py"), &app(22));

    stage.told("Configuration reloaded (a file changed), the application was loaded anew");
    assert_answers(&stage, 22);
    save(&stage.world.path("app.py"), &app(333));
    stage.told("Configuration reloaded (a file changed), the application was loaded anew");
    assert_answers(&stage, 333);
    stage.finish();
}

#[test]
fn code_that_cannot_be_imported_leaves_the_old_one_at_work() {
    let mut stage = stage("reload.code = true\n", 1);

    save(&stage.world.path("app.py"), "raise RuntimeError('broken')\n");
    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    assert!(line.contains("cannot preload the module app") && line.contains("broken"), "{line}");
    assert_answers(&stage, 1);
    stage.daemon.signal(Signal::SIGUSR2);
    stage.told("Configuration refused (SIGUSR2), everything stays as it was: ");
    assert_answers(&stage, 1);

    save(&stage.world.path("app.py"), &app(4444));
    stage.told("Configuration reloaded (a file changed), the application was loaded anew");
    assert_answers(&stage, 4444);
    stage.finish();
}

#[test]
fn the_old_code_goes_when_its_last_job_is_over() {
    let mut stage = stage("worker.count = 2\n", 1);
    let old = {
        let line = stage.daemon.stdout.wait_for_line("Fork server started with PID ", SOON);
        Pid::from_raw(line.split("with PID ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap())
    };
    let mut gate = stage.world.gate("gate");
    let held = stage.world.enqueue(&format!("'app.late', {}", gate.literal()));
    gate.wait_for_arrival();
    stage.told("Fork server started with PID ");

    save(&stage.world.path("app.py"), &app(22));
    stage.daemon.signal(Signal::SIGUSR2);
    let new = fork_server(&mut stage);
    stage.told("Configuration reloaded (SIGUSR2), the application was loaded anew");
    assert_answers(&stage, 22);
    assert!(process_exists(old));
    gate.open();

    stage.world.wait_for_status(&held, "finished");
    assert_eq!(stage.world.view(&held)["result"], 1);
    wait_until(SOON, "the old fork server to end", || !process_exists(old));
    assert!(process_exists(new));
    stage.finish();
}

#[test]
fn a_refused_reload_leaves_no_process_behind() {
    let mut stage = stage("", 1);
    save(&stage.world.path("broken.py"), "raise RuntimeError('broken')\n");

    stage.put("horse.preload = [\"app\", \"broken\"]\n");
    stage.told("Configuration refused (a file changed), everything stays as it was: ");

    let children =
        || std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", stage.daemon.pid())).unwrap();
    // The fork server, and nobody else; its horses are its own.
    wait_until(SOON, "the tried one to end", || children().split_whitespace().count() == 1);
    assert_answers(&stage, 1);
    stage.finish();
}

#[test]
fn the_interpreter_changes_with_the_next_job() {
    let other = match Venv::with_rq(Version::V2_12_0) {
        Ok(venv) => venv.python(),
        Err(lack) => return skipped(&lack),
    };
    let world = World::new();
    let with = |python: &Path| format!("reload.watch = false\nhorse.python = {python:?}\n");
    let first = world.venv.python();
    save(&world.path("rq.toml"), &settings(&world, &with(&first)));
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["run", "-c", "rq.toml"]);
    let mut stage = Stage::of(world, command);

    for python in [&first, &other, &first] {
        stage.apply(&with(python));

        let prefix = python.parent().unwrap().parent().unwrap().to_str().unwrap();
        let places = stage.job("'site.getsitepackages'")["result"].to_string();
        assert!(places.contains(prefix), "{places} is not of {prefix}");
    }

    stage.finish();
}

#[test]
fn code_is_renewed_under_load() {
    let mut stage = stage("worker.count = 2\n", 1);
    let load = Load::begin(&stage.world, &["default"]);

    for _ in 0..4 {
        stage.daemon.signal(Signal::SIGUSR2);
        stage.told("Configuration reloaded (SIGUSR2), the application was loaded anew");
        load.goes_on();
    }

    load.end(&stage.world);
    stage.finish();
}

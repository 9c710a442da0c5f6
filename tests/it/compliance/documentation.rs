//! What each page of RQ's documentation shows, as a script of our own in `tests/docs_examples`, run as a user would.

use std::{fs, path::Path, process::Command};

use crate::harness::{SOON, Subject, Worker, World, wait_until};

/// Puts the examples where the worker runs.
fn world() -> World {
    let world = World::new();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/docs_examples")).unwrap() {
        let file = entry.unwrap();
        fs::copy(file.path(), world.path(file.file_name().to_str().unwrap())).unwrap();
    }
    world
}

/// Runs the script of a page to its end.
#[track_caller]
fn run(world: &World, page: &str) {
    let mut script: Command = world.command(&world.venv.python());
    script.arg(format!("{page}.py")).arg(world.redis.url()).env("EXAMPLES_REDIS_URL", world.redis.url());
    let exit = world.start(script).wait_exit();
    assert_eq!(exit.code(), 0, "{page}:\n{}{}", exit.stdout, exit.stderr);
}

/// Runs the script of a page with one worker of all queues, and these further arguments.
#[track_caller]
fn run_with_worker(page: &str, arguments: &[&str]) {
    let world = world();
    let all = [&["--name", "examples"], arguments, &["high", "default", "low"]].concat();
    let mut worker = world.idle_worker(&all);

    run(&world, page);

    world.stop(&mut worker);
    world.finish();
}

#[test]
fn the_page_on_jobs() {
    run_with_worker("jobs", &[]);
}

#[test]
fn the_page_on_exceptions() {
    let handlers = ["tasks.note_exception", "tasks.end_of_chain", "tasks.beyond_the_end"];
    let options: Vec<&str> = handlers.iter().flat_map(|name| ["--exception-handler", name]).collect();
    run_with_worker("exceptions", &[&["--with-scheduler"], options.as_slice()].concat());
}

#[test]
fn the_page_on_results() {
    run_with_worker("results", &[]);
}

#[test]
fn the_page_on_scheduling() {
    run_with_worker("scheduling", &["--with-scheduler"]);
}

/// `rq cron` of whoever is under test, with the examples' configuration.
fn cron(world: &World) -> Worker {
    let ours = Path::new(env!("CARGO_BIN_EXE_rq")).to_path_buf();
    let program = if world.subject == Subject::Ours { ours } else { world.venv.program("rq") };
    let mut command = world.command(&program);
    command.args(["cron", "-c", "settings", "cron_config"]);
    if world.subject == Subject::Ours {
        command.arg("--python").arg(world.venv.python());
    }
    world.start(command)
}

#[test]
fn the_page_on_cron() {
    let world = world();
    let mut worker = world.idle_worker(&["--name", "examples", "default", "low"]);
    let mut cron = cron(&world);

    run(&world, "cron");

    // RQ's scheduler loses a signal that comes while it talks to Redis.
    wait_until(SOON, "the scheduler's end", || {
        if cron.is_running() {
            cron.signal(nix::sys::signal::Signal::SIGTERM);
        }
        !cron.is_running()
    });
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn the_page_on_monitoring() {
    let world = world();
    let mut one = world.idle_worker(&["--name", "one", "high", "default"]);
    let mut two = world.idle_worker(&["--name", "two", "low"]);

    run(&world, "monitoring");

    world.stop(&mut one);
    world.stop(&mut two);
    world.finish();
}

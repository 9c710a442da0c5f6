//! Where log lines go: each appender against a real receiver, and what becomes of lines when that fails.

mod console;
mod files;
mod jobs;
mod journal;
mod logrotate;
mod losses;
mod pages;
mod reload;
mod secrets;
mod syslog;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Exit, World};

/// A configuration in TOML for this test's Redis, with these tables; returns its path.
fn config(world: &World, tables: &str) -> PathBuf {
    let path = world.path("rq.toml");
    fs::write(&path, format!("[redis]\nurl = {:?}\n{tables}", world.redis.url())).unwrap();
    path
}

/// Runs a worker `w1` with this configuration until all is done.
#[track_caller]
fn work(world: &World, tables: &str) -> Exit {
    let path = config(world, tables);
    let mut command = world.worker_command();
    command.arg("-c").arg(&path).args(["--burst", "--name", "w1"]);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

/// The text of a file.
#[track_caller]
fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

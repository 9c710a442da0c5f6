//! A daemon as the first process of a container: what counts of one here is that it has numbers of processes of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::processes::children;
use crate::harness::{Lack, SOON, Worker, World, skipped, wait_for};

/// A container, which is told and ended by its first process.
pub(super) struct Container {
    /// Whoever started it, which ends when it has ended.
    pub(super) outside: Worker,
    pub(super) main: Pid,
}

/// What makes a container of a command; counts the test as skipped where that is not permitted.
pub(super) fn runtime() -> Option<Vec<&'static str>> {
    let mut words = vec!["unshare", "--pid", "--fork", "--mount-proc"];
    if !geteuid().is_root() {
        words.extend(["--user", "--map-root-user"]);
    }
    let tried = Command::new(words[0]).args(&words[1..]).arg("true").stderr(Stdio::null()).status();
    if tried.is_ok_and(|status| status.success()) {
        return Some(words);
    }
    skipped(&Lack::OfMachine("no process namespace can be made by `unshare --pid`".to_owned()));
    None
}

impl Container {
    /// Runs a command in a container of its own.
    #[track_caller]
    pub(super) fn start(world: &World, runtime: &[&str], inside: &Command) -> Self {
        let mut command = world.command(Path::new(runtime[0]));
        command.args(&runtime[1..]).arg(inside.get_program()).args(inside.get_args());
        command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let outside = world.start(command);
        let main = wait_for(SOON, "the container", || children(outside.pid()).first().copied());
        Self { outside, main }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(self.main, signal).unwrap();
    }

    /// The number outside of a process that has this one inside.
    #[track_caller]
    pub(super) fn outer(&self, inner: Pid) -> Pid {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = namespace(&self.main.to_string()).expect("the container runs");
        let is_it = |pid: &str| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let numbers = status.lines().find(|line| line.starts_with("NSpid:")).unwrap_or_default();
            numbers.split_whitespace().last() == Some(&inner.to_string())
                && namespace(pid) == Some(own.clone())
        };
        let mut all =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let found = all.find(|pid| is_it(pid)).unwrap_or_else(|| panic!("no process {inner} is inside"));
        Pid::from_raw(found.parse().unwrap())
    }
}

//! Control groups of the kernel, for tests of what a machine may refuse.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::Pid;

/// A control group of the test's own, below the one that it runs in.
pub(super) struct Group(PathBuf);

impl Group {
    /// One with a limit of memory in bytes; nothing where the test may not make one.
    pub(super) fn of_memory(name: &str, limit: &str) -> Option<Self> {
        Self::new(name, "memory", ("memory.max", "memory.limit_in_bytes"), limit)
    }

    /// One with a limit of processes.
    pub(super) fn of_processes(name: &str, limit: &str) -> Option<Self> {
        Self::new(name, "pids", ("pids.max", "pids.max"), limit)
    }

    /// The files are those of the second version of control groups and of the first.
    fn new(name: &str, controller: &str, files: (&'static str, &'static str), limit: &str) -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let root = Path::new("/sys/fs/cgroup");
        let place = |line: &str| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, group) = rest.split_once(":/")?;
            match controllers {
                "" => Some((root.join(group).join(name), files.0)),
                first if first == controller => Some((root.join(controller).join(group).join(name), files.1)),
                _ => None,
            }
        };
        groups.lines().filter_map(place).find_map(|(folder, file)| {
            fs::create_dir(&folder).ok()?;
            let group = Self(folder);
            let limited = group.0.join(file).exists() && fs::write(group.0.join(file), limit).is_ok();
            limited.then_some(group)
        })
    }

    /// Takes a process in.
    pub(super) fn take_in(&self, pid: Pid) {
        fs::write(self.0.join("cgroup.procs"), pid.to_string()).unwrap();
    }

    /// Lets as many processes be as there may.
    pub(super) fn allow_processes(&self) {
        fs::write(self.0.join("pids.max"), "max").unwrap();
    }

    /// The same command, inside of the group.
    pub(super) fn enter(&self, command: &Command) -> Command {
        let mut inside = Command::new("sh");
        inside.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(self.0.join("cgroup.procs"));
        inside.arg(command.get_program()).args(command.get_args());
        inside.env_clear();
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

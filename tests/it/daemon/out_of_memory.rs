//! A death for want of memory is told as that, and no other death is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Lack, World, skipped};

/// A control group of the test's own, below the one that it runs in, with a limit of memory.
struct Group(PathBuf);

impl Group {
    /// Nothing where the test may not make one.
    fn new(name: &str, limit: &str) -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let place = |line: &str| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, group) = rest.split_once(":/")?;
            match controllers {
                "" => Some((Path::new("/sys/fs/cgroup").join(group).join(name), "memory.max")),
                "memory" => {
                    let folder = Path::new("/sys/fs/cgroup/memory").join(group).join(name);
                    Some((folder, "memory.limit_in_bytes"))
                }
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

    /// The same command, inside of the group.
    fn enter(&self, command: &Command) -> Command {
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

#[test]
fn only_a_horse_that_the_kernel_killed_for_want_of_memory_is_told_so() {
    let world = World::new();
    let name = format!("rqd-test-{}", std::process::id());
    let Some(group) = Group::new(&name, "209715200") else {
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

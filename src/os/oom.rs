//! Whether the kernel killed for want of memory, and how much there is.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// More than the kernel has to tell.
const LONGEST: usize = 32 << 10;

/// How often the kernel had killed for want of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OomKills {
    /// In this process's control group.
    group: Option<u64>,
    /// On this machine, whoever it was.
    machine: Option<u64>,
}

/// Where memory ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starved {
    /// In the control group, whose count rose.
    Group,
    /// On the machine; there is no count of the control group that would tell more.
    Machine,
}

impl OomKills {
    /// The counts of now; unknown where the kernel does not tell them. That of the machine is only looked for where there is none
    /// of the group: it costs as much as all else that is done for a job.
    pub(crate) fn now() -> Self {
        static GROUP: OnceLock<Option<File>> = OnceLock::new();
        static MACHINE: OnceLock<Option<File>> = OnceLock::new();
        let group = GROUP.get_or_init(|| File::open(groups()?.events).ok()).as_ref().and_then(read_count);
        let machine =
            || MACHINE.get_or_init(|| File::open("/proc/vmstat").ok()).as_ref().and_then(read_count);
        Self { group, machine: if group.is_none() { machine() } else { None } }
    }

    /// Whether there were more since an earlier count. A doubt is a no: another process of the machine counts only where no
    /// control group tells whose it was.
    pub(crate) fn rose_since(self, earlier: Self) -> Option<Starved> {
        match ((earlier.group, self.group), (earlier.machine, self.machine)) {
            ((Some(earlier), Some(now)), _) => (now > earlier).then_some(Starved::Group),
            ((None, None), (Some(earlier), Some(now))) => (now > earlier).then_some(Starved::Machine),
            _ => None,
        }
    }
}

/// The smallest limit of the control groups that this process is in, in bytes, as far as they can be seen.
pub(crate) fn group_memory_limit() -> Option<u64> {
    let groups = groups()?;
    let folders = groups.folder.ancestors().take_while(|folder| folder.starts_with(&groups.root));
    let limits = folders.filter_map(|folder| {
        let text = fs::read_to_string(folder.join(groups.limit)).ok()?;
        text.trim().parse().ok()
    });
    // Version 1 says so when there is none.
    limits.min().filter(|limit: &u64| *limit < 1 << 60)
}

/// All memory of the machine, in bytes.
pub(crate) fn machine_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?;
    kib.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Where the kernel tells of this process's control group.
struct Groups {
    root: PathBuf,
    folder: PathBuf,
    events: PathBuf,
    limit: &'static str,
}

/// Control groups of version 1 have a line for the memory controller; version 2 has one line for all.
fn groups() -> Option<Groups> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let place = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, group) = rest.split_once(":/")?;
        let (root, events, limit) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.events", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.oom_control", "memory.limit_in_bytes"),
            _ => return None,
        };
        let (root, folder) = (PathBuf::from(root), Path::new(root).join(group));
        Some(Groups { root, events: folder.join(events), folder, limit })
    };
    groups.lines().filter_map(place).find(|groups| groups.events.exists())
}

/// The count in a file that stays open.
fn read_count(file: &File) -> Option<u64> {
    let mut text = vec![0; LONGEST];
    let mut length = 0;
    // The kernel gives a page at a time.
    while let read @ 1.. = file.read_at(&mut text[length..], length as u64).ok()? {
        length += read;
    }
    count(&String::from_utf8_lossy(&text[..length]))
}

fn count(events: &str) -> Option<u64> {
    events.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_the_kernels_own_form() {
        assert_eq!(count("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), Some(2));
        assert_eq!(count("low 0\n"), None);
    }

    #[test]
    fn only_a_known_rise_counts() {
        let kills = |group, machine| OomKills { group, machine };
        let table = [
            (kills(Some(1), Some(1)), kills(Some(2), Some(2)), Some(Starved::Group)),
            (kills(Some(2), Some(1)), kills(Some(2), Some(2)), None),
            (kills(None, Some(1)), kills(None, Some(2)), Some(Starved::Machine)),
            (kills(None, Some(1)), kills(None, Some(1)), None),
            (kills(None, Some(1)), kills(Some(2), Some(2)), None),
            (kills(None, None), kills(None, Some(2)), None),
        ];

        for (earlier, now, starved) in table {
            assert_eq!(now.rose_since(earlier), starved, "{earlier:?} {now:?}");
        }
    }

    #[test]
    fn the_machine_has_memory() {
        assert!(machine_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}

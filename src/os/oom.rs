//! Whether the kernel killed for want of memory.

use std::fs;
use std::path::{Path, PathBuf};

/// How often the kernel had killed for want of memory, in this process's control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OomKills(Option<u64>);

impl OomKills {
    /// The count of now; unknown where there is no control group with a memory controller.
    pub(crate) fn now() -> Self {
        Self(events_file().and_then(|path| fs::read_to_string(path).ok()).and_then(|text| count(&text)))
    }

    /// Whether there were more since an earlier count. A doubt is a no.
    pub(crate) fn rose_since(self, earlier: Self) -> bool {
        matches!((earlier.0, self.0), (Some(earlier), Some(now)) if now > earlier)
    }
}

/// Control groups of version 1 have a line for the memory controller; version 2 has one line for all.
fn events_file() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let place = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, group) = rest.split_once(":/")?;
        match controllers {
            "" => Some(Path::new("/sys/fs/cgroup").join(group).join("memory.events")),
            "memory" => Some(Path::new("/sys/fs/cgroup/memory").join(group).join("memory.oom_control")),
            _ => None,
        }
    };
    groups.lines().filter_map(place).find(|file| file.exists())
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
        let table = [(Some(1), Some(2), true), (Some(2), Some(2), false), (None, Some(2), false)];

        for (earlier, now, rose) in table {
            assert_eq!(OomKills(now).rose_since(OomKills(earlier)), rose);
        }
    }
}

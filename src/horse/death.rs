//! Why a horse died, beyond its wait status.

use super::bounds::Bounds;
use crate::job::{Memory, Why};
use crate::os::{self, OomKills, Starved};

/// The number of SIGKILL, which is what the kernel kills with for want of memory.
const KILL: i32 = 9;

/// The number of SIGXCPU, which is what the kernel sends at the limit of CPU time.
const SPENT: i32 = 24;

/// What the kernel's counters and the horse's limits tell of a death with this wait status; `earlier` is from before the job.
pub(super) fn why(status: i32, earlier: OomKills, bounds: &Bounds) -> Option<Why> {
    match status & 0x7f {
        KILL => OomKills::now().rose_since(earlier).map(|starved| {
            Why::OutOfMemory(Memory {
                is_of_group: starved == Starved::Group,
                group_limit: os::group_memory_limit(),
                machine: os::machine_memory(),
                horse_limit: bounds.memory_limit(),
            })
        }),
        SPENT => Some(Why::CpuLimit(bounds.cpu_time())),
        _ => None,
    }
}

/// What the interpreter wrote of its crash, without our own frames, which stand below those of the job.
pub(super) fn fault(dump: &str) -> String {
    let ours = |line: &&str| {
        ["  File \"<rqd>/", "  File \"/proc/self/fd/"].iter().any(|start| line.starts_with(start))
    };
    dump.trim().lines().filter(|line| !ours(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_told_without_our_own_frames() {
        let dump = "Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n  File \"/a.py\", line 1 in f\n  \
                    File \"<rqd>/job.py\", line 9 in called\n  File \"/proc/self/fd/3\", line 1 in <module>\n\nExtension modules: x\n";

        let told = "Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n  File \"/a.py\", line 1 in f\n\n\
                    Extension modules: x";
        assert_eq!(fault(dump), told);
    }
}

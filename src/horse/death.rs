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

//! What this machine lets a process have.

use std::fs;

use nix::sys::resource::{Resource, getrlimit};

/// The limits that matter to many work horses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MachineLimits {
    /// How many files may be open: the limit in force, and how far it may be raised.
    pub(crate) descriptors: Option<(u64, u64)>,
    /// Whether the kernel promises no more memory than there is.
    pub(crate) strict_memory: bool,
}

impl MachineLimits {
    /// Those of this process and machine, as far as they can be read.
    pub(crate) fn read() -> Self {
        let overcommit = fs::read_to_string("/proc/sys/vm/overcommit_memory");
        Self {
            descriptors: getrlimit(Resource::RLIMIT_NOFILE).ok(),
            strict_memory: overcommit.is_ok_and(|text| text.trim() == "2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_for_open_files_is_read() {
        let (soft, hard) = MachineLimits::read().descriptors.unwrap();

        assert!(0 < soft && soft <= hard);
    }
}

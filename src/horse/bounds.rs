//! What the application does around its jobs, what it may use, and where and as whom it runs, as the fork server is told (`docs/protocol.md`).

use std::path::PathBuf;

use serde::Serialize;

use crate::config::{Additions, Horse as Section};

/// Dotted names of what the application does around its jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Hooks {
    pub(crate) setup: Option<String>,
    pub(crate) before_job: Option<String>,
    pub(crate) after_job: Option<String>,
}

/// The limits of each horse.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Bounds {
    /// Bytes.
    memory_limit: Option<u64>,
    /// Seconds.
    cpu_time: Option<u64>,
    max_open_files: Option<u64>,
    max_processes: Option<u64>,
    nice: Option<i64>,
    /// Bytes after a job.
    max_memory: Option<u64>,
    /// Seconds.
    max_age: Option<f64>,
}

impl Bounds {
    pub(crate) fn of(section: &Section) -> Self {
        Self {
            memory_limit: section.memory_limit,
            // The kernel counts whole seconds.
            cpu_time: section.cpu_time.map(|time| time.as_secs() + u64::from(time.subsec_nanos() > 0)),
            max_open_files: section.max_open_files,
            max_processes: section.max_processes,
            nice: section.nice,
            max_memory: section.max_memory,
            max_age: section.max_age.map(|age| age.as_secs_f64()),
        }
    }

    /// Bytes.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// Seconds.
    pub(super) fn cpu_time(&self) -> Option<u64> {
        self.cpu_time
    }
}

/// Where and as whom the application runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Ground {
    working_directory: Option<PathBuf>,
    environment: Additions,
    /// Octal digits.
    umask: Option<String>,
    user: Option<String>,
    group: Option<String>,
}

impl Ground {
    pub(crate) fn of(section: &Section) -> Self {
        Self {
            working_directory: section.working_directory.clone(),
            environment: section.environment.clone(),
            umask: section.umask.clone(),
            user: section.user.clone(),
            group: section.group.clone(),
        }
    }
}

//! What is seen of a job that runs.

use serde::{Deserialize, Serialize};

use crate::horse::ThreadStack;

/// A job that runs, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobStack {
    pub(crate) worker: String,
    pub(crate) queue: String,
    pub(crate) job: String,
    pub(crate) execution: String,
    /// The dotted name of its function, once that is known.
    #[serde(default)]
    pub(crate) function: Option<String>,
    /// What the horse is about: `preparing`, `function`, `success callback`, … or `ending`.
    pub(crate) phase: String,
    /// Seconds since the job was claimed.
    pub(crate) elapsed: f64,
    /// Seconds of the limit that holds now, and how many are left of it; nothing where there is none.
    #[serde(default)]
    pub(crate) limit: Option<f64>,
    #[serde(default)]
    pub(crate) left: Option<f64>,
    pub(crate) process: ProcessStatus,
    /// Each thread with its stack, the main thread first.
    #[serde(default)]
    pub(crate) threads: Vec<ThreadStack>,
    /// What is missing, and why.
    #[serde(default)]
    pub(crate) note: Option<String>,
}

/// What the kernel tells of the horse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessStatus {
    pub(crate) pid: u32,
    /// `running`, `sleeping`, `waiting for a device`, `stopped`, or the kernel's letter.
    pub(crate) state: String,
    /// The function of the kernel that the main thread waits in, where the kernel tells it.
    #[serde(default)]
    pub(crate) waits_in: Option<String>,
    /// Bytes.
    pub(crate) resident: u64,
    /// Seconds of the process's life.
    pub(crate) cpu: f64,
    pub(crate) threads: u64,
}

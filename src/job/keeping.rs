//! How long failures are kept, where jobs do not say it and at most.

use serde::Serialize;

/// The worker's word, in RQ's numbers: seconds, 0 for not at all, -1 for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct FailureTtl {
    /// For jobs that do not say it. RQ: a year, and their results for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<i64>,
    /// The longest for any job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) most: Option<i64>,
}

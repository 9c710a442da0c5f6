//! Whose worker is under test, and the claims that deliberately differ between the two.

use std::env;

/// Whose worker a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The binary that this package builds.
    Ours,
    /// Python RQ's worker, out of the same environment as the client.
    Theirs,
}

impl Subject {
    /// What `RQ_UNDER_TEST` asks for; ours when it is unset.
    pub(crate) fn from_environment() -> Self {
        match env::var("RQ_UNDER_TEST").as_deref() {
            Ok("theirs") => Self::Theirs,
            Ok("ours") | Err(_) => Self::Ours,
            Ok(other) => panic!("RQ_UNDER_TEST must be ours or theirs, not {other:?}"),
        }
    }

    /// True for our binary where it deliberately differs from RQ. `reason` is the entry's name in `docs/compatibility.md`.
    pub(crate) fn differs(self, reason: &str) -> bool {
        assert!(!reason.is_empty(), "a difference needs a reason");
        self == Self::Ours
    }
}

//! Why an execution ended badly: in one word for programs, and in sentences for people.
//!
//! All sentences are in this folder, as pure functions; what RQ says by itself is kept in front of them.

mod deaths;
mod gone;
mod raised;
mod signals;

pub(crate) use deaths::{Memory, Why, stopped};
pub(crate) use gone::{Gone, Shown};
pub(crate) use raised::{Clue, Missing, Payload, Tried, known_of};

/// Why an execution did not end well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Cause {
    /// The function raised an exception.
    #[default]
    Raised,
    /// It ran for longer than it may.
    TimeLimit,
    /// A user stopped it.
    Stopped,
    /// A signal ended its process, that somebody sent.
    Killed,
    /// There was no memory left for it.
    OutOfMemory,
    /// It used more CPU time than it may.
    CpuLimit,
    /// Its code ended its process.
    Exited,
    /// Its code broke its process: a segmentation fault and the like.
    Crashed,
    /// Its function could not be found or imported.
    ImportFailed,
    /// What it is to do could not be read.
    Undecodable,
    /// It ended, and Redis refused what came of it.
    Unwritten,
    /// Its worker vanished without a trace.
    Abandoned,
    /// The daemon that ran it died on a machine that goes on.
    DaemonGone,
    /// The machine that ran it is gone, or cannot be reached, or was started anew.
    HostGone,
    /// A stop of its worker cut it off.
    Interrupted,
}

impl Cause {
    /// The word for programs, which does not change from release to release.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::TimeLimit => "time_limit",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
            Self::OutOfMemory => "out_of_memory",
            Self::CpuLimit => "cpu_limit",
            Self::Exited => "exited",
            Self::Crashed => "crashed",
            Self::ImportFailed => "import_failed",
            Self::Undecodable => "undecodable",
            Self::Unwritten => "unwritten",
            Self::Abandoned => "abandoned",
            Self::DaemonGone => "daemon_gone",
            Self::HostGone => "host_gone",
            Self::Interrupted => "interrupted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_in_the_documentation() {
        let page = include_str!("../../../docs/causes.md");
        let causes = [
            Cause::Raised,
            Cause::TimeLimit,
            Cause::Stopped,
            Cause::Killed,
            Cause::OutOfMemory,
            Cause::CpuLimit,
            Cause::Exited,
            Cause::Crashed,
            Cause::ImportFailed,
            Cause::Undecodable,
            Cause::Unwritten,
            Cause::Abandoned,
            Cause::DaemonGone,
            Cause::HostGone,
            Cause::Interrupted,
        ];

        for cause in causes {
            assert!(page.contains(&format!("\n| `{}` | ", cause.slug())), "{cause:?}");
        }
        assert_eq!(page.matches("\n| `").count(), causes.len() + 1);
    }
}

//! When a change of a setting takes effect, once the configuration is loaded anew while the daemon runs.

/// What a new value of a setting has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReloadClass {
    /// Nothing: jobs that run now included.
    Immediate,
    /// The next time that a worker asks for a job, or is idle.
    NextFetch,
    /// The next job: one that runs keeps what it started with.
    NextJob,
    /// A fork server that has loaded the application anew.
    NewApplication,
    /// A connection to Redis that has proved itself; work in hand is settled on the old one.
    NewConnection,
    /// Another start of the daemon.
    Restart,
}

impl ReloadClass {
    /// All of them, from the quickest on.
    pub(crate) const ALL: [Self; 6] = [
        Self::Immediate,
        Self::NextFetch,
        Self::NextJob,
        Self::NewApplication,
        Self::NewConnection,
        Self::Restart,
    ];

    /// Its short name, for tables and programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Immediate => "L0",
            Self::NextFetch => "L1",
            Self::NextJob => "L2",
            Self::NewApplication => "L3",
            Self::NewConnection => "L4",
            Self::Restart => "L5",
        }
    }

    /// When a change takes effect, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Immediate => "at once",
            Self::NextFetch => "before the next job is taken",
            Self::NextJob => "with the next job",
            Self::NewApplication => "when the application is loaded anew",
            Self::NewConnection => "with a new connection to Redis",
            Self::Restart => "with the next start of the daemon",
        }
    }
}

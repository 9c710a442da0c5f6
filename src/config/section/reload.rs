//! `[reload]`: how the configuration is read again while the daemon runs.

use std::time::Duration;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// How the configuration is read again while the daemon runs: when one of its files changes, at SIGHUP, and by
    /// `rq reload`. What cannot be used is refused as a whole, and the daemon goes on as it was.
    Reload as "reload" {
        /// Whether a change of a file is enough.
        watch: bool = Key::new(Kind::Boolean).default("true"), Immediate;
        /// How often files are looked at where the system does not tell of changes, as on NFS.
        poll: Duration = Key::span(100).default("\"30s\""), Immediate;
        /// Whether the application is loaded anew when one of the project's own modules changes that it has imported; for
        /// development.
        code: bool = Key::new(Kind::Boolean).default("false"), Immediate;
        /// How long a reload is put off after a file changed, by chance between nothing and this, so that many daemons that read
        /// the same files do not load their applications anew in the same second.
        jitter: Duration = Key::span(0).default("\"0s\""), Immediate;
        /// For how long after a reload its jobs are looked at: when five have ended and each of them failed, the configuration of
        /// before comes back, and files are not heeded until somebody asks for a reload. Not at all when unset. Until then the old
        /// application stays in memory. Another Redis is not taken back; jobs that RQ's own code settles are not counted.
        canary: Option<Duration> = Key::span(1_000).example("\"30s\""), Immediate;
        /// Whether a reload is refused as a whole when it changes a setting that needs a restart.
        strict: bool = Key::new(Kind::Boolean).default("false"), Immediate;
    }
}

//! `[maintenance]`: how a daemon cleans up behind others.

use std::time::Duration;

use super::{Key, section};

section! {
    /// How a daemon cleans up behind others.
    Maintenance as "maintenance" {
        /// How long a daemon may be silent before the others take its jobs on. It gives a sign of life five times
        /// as often. After an outage of Redis nobody's jobs are taken on until as long has passed.
        liveness: Duration = Key::span(1_000).default("\"15s\"");
    }
}

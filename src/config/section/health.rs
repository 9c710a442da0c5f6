//! `[health]`: what tells whether the daemon is well.

use std::path::PathBuf;
use std::time::Duration;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// Whether the daemon is well, for those who watch over it.
    Health as "health" {
        /// How long the event loop may take to answer before the daemon counts as hung.
        max_lag: Duration = Key::span(100).default("\"10s\""), Immediate;
        /// File that the event loop writes as a sign of life, for `rq healthcheck --file`. It is removed when the daemon ends.
        heartbeat_file: Option<PathBuf> = Key::new(Kind::Path).example("\"/run/rq/heartbeat\""), Immediate;
        /// How often it is written.
        heartbeat_interval: Duration = Key::span(100).default("\"5s\""), Immediate;
    }
}

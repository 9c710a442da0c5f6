//! `[metrics]`: numbers for those who do not ask for pages.

use std::path::PathBuf;
use std::time::Duration;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// Metrics as a file. Those who ask for pages find the same under `/metrics` ([http]).
    Metrics as "metrics" {
        /// File for the textfile collector of the `node_exporter`, one for each daemon; its name ends in `.prom`. It is removed
        /// when the daemon ends.
        file: Option<PathBuf> = Key::new(Kind::Path).example("\"/var/lib/prometheus/node-exporter/rqd.prom\""), Immediate;
        /// How often the file is written.
        interval: Duration = Key::span(1_000).default("\"15s\""), Immediate;
    }
}

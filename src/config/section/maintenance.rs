//! `[maintenance]`: how a daemon cleans up behind others.

use std::time::Duration;

use serde::Deserialize;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// How a daemon cleans up behind others.
    Maintenance as "maintenance" {
        /// How long a daemon may be silent before the others take its jobs on. It gives a sign of life five times
        /// as often. After an outage of Redis nobody's jobs are taken on until as long has passed.
        liveness: Duration = Key::span(1_000).default("\"15s\""), Immediate;
        /// What becomes of a job whose id a worker took from its queue, and died before it claimed it: `put_back` puts it
        /// back at the head of its queue, as it had not begun; `as_rq` fails it a minute after it was first seen, unless it
        /// has retries left. Nobody can tell whether that worker was Python's or ours.
        stranded: OnStranded = Key::new(Kind::Choice(ON_STRANDED)).default("\"put_back\""), Immediate;
    }
}

/// What becomes of ids between queue and registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnStranded {
    PutBack,
    AsRq,
}

const ON_STRANDED: &[(&str, &str)] = &[("put_back", "put_back"), ("as_rq", "as_rq")];

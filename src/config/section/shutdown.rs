//! `[shutdown]`: how a daemon ends.

use std::time::Duration;

use super::{Key, section};

section! {
    /// How a daemon ends.
    Shutdown as "shutdown" {
        /// How long a warm shutdown waits for the job in hand. When that is over, the job is killed and put back at
        /// the head of its queue. For ever when unset, as RQ does.
        deadline: Option<Duration> = Key::span(0).example("\"25s\""), Immediate;
    }
}

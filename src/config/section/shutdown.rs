//! `[shutdown]`: how a daemon ends.

use std::time::Duration;

use super::{Key, section};

section! {
    /// How a daemon ends.
    Shutdown as "shutdown" {
        /// How long a warm shutdown waits for the job in hand. When that is over, its processes get SIGTERM, after
        /// `horse.stop_grace` SIGKILL, and it is put back at the head of its queue unless it succeeded meanwhile. For ever when
        /// unset, as RQ does.
        deadline: Option<Duration> = Key::span(0).example("\"25s\""), Immediate;
    }
}

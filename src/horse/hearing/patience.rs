//! How long what a job says waits for the log.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::telemetry;

/// How long a log is waited for that does not keep up.
const LIMIT: Duration = Duration::from_secs(1);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(5);

/// Lets a job wait for a log that is slow, so that its many lines cost nobody else's, and for none that is stuck.
#[derive(Debug, Default)]
pub(super) struct Patience {
    since: Option<Instant>,
}

impl Patience {
    /// Waits while the log is behind. One that was waited for in vain is not waited for again until it has caught up.
    pub(super) async fn wait(&mut self) {
        self.wait_while(telemetry::is_behind).await;
    }

    async fn wait_while(&mut self, is_behind: impl Fn() -> bool) {
        while is_behind() {
            if self.since.get_or_insert_with(Instant::now).elapsed() >= LIMIT {
                return;
            }
            sleep(STEP).await;
        }
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often a log that is behind for so many looks was looked at.
    fn looks(patience: &mut Patience, behind: u32) -> u32 {
        let looks = Cell::new(0);
        let is_behind = || {
            looks.set(looks.get() + 1);
            looks.get() <= behind
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(patience.wait_while(is_behind));
        looks.get()
    }

    #[test]
    fn a_slow_log_is_waited_for_until_it_has_caught_up() {
        let mut patience = Patience::default();

        assert_eq!([looks(&mut patience, 0), looks(&mut patience, 3), looks(&mut patience, 3)], [1, 4, 4]);
    }

    #[test]
    fn a_stuck_log_is_waited_for_once() {
        let mut patience = Patience::default();
        looks(&mut patience, u32::MAX);

        assert_eq!(looks(&mut patience, u32::MAX), 1, "in vain once");
        assert_eq!([looks(&mut patience, 0), looks(&mut patience, 3)], [1, 4], "it has caught up");
    }
}

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
        while telemetry::is_behind() {
            if self.since.get_or_insert_with(Instant::now).elapsed() >= LIMIT {
                return;
            }
            sleep(STEP).await;
        }
        self.since = None;
    }
}

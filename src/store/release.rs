//! Releasing: the dependents of jobs that have too many of them for one step.

use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use super::{Store, StoreError, scripts};
use crate::job::Timestamp;

/// How long whoever releases may be silent before another goes on.
const SILENCE: Duration = Duration::from_secs(2);
/// After how many steps the server is left to others for a moment; between two steps, whoever waits has one command done.
const STRETCH: u64 = 4;
const REST: Duration = Duration::from_millis(1);
/// The pause after a lost answer.
const AGAIN: Duration = Duration::from_millis(100);
/// How often in a row an answer may be lost. A step that is asked for again is the next one.
const LOST_ANSWERS: u32 = 5;

impl Store {
    /// Goes on until all are released, or another one is found to be at it.
    pub(crate) async fn release_dependents(&self) -> Result<(), StoreError> {
        let caller = Uuid::new_v4().simple().to_string();
        let (mut steps, mut lost) = (0, 0);
        loop {
            match self.release(&caller).await {
                Ok(true) => (steps, lost) = (steps + 1, 0),
                Ok(false) => return Ok(()),
                Err(error) if error.is_away() && lost < LOST_ANSWERS => {
                    lost += 1;
                    sleep(AGAIN).await;
                }
                Err(error) => return Err(error),
            }
            if steps % STRETCH == 0 {
                sleep(REST).await;
            }
        }
    }

    /// One step; whether there is more to do.
    async fn release(&self, caller: &str) -> Result<bool, StoreError> {
        let keys = [self.keys.releasing(), self.keys.deciding(), self.keys.releaser()];
        let silence = SILENCE.as_millis().to_string();
        let args = self.args([&Timestamp::now().iso(), caller, &silence]);
        let reply = self.call(&scripts::RELEASE, &keys, &args).await?;
        Ok(reply.status() == "more")
    }
}

//! Answers to commands that ask for one: a list that whoever asked waits on.

use super::{Store, StoreError};

/// How long an answer waits for whoever asked, in seconds.
const KEPT: u32 = 60;

impl Store {
    /// Answers a command.
    pub(crate) async fn answer(&self, id: &str, text: &str) -> Result<(), StoreError> {
        let key = self.keys.answer(id);
        let mut push = redis::cmd("RPUSH");
        push.arg(&key).arg(text);
        self.client.run(&push).await?;
        let mut expire = redis::cmd("EXPIRE");
        expire.arg(&key).arg(KEPT);
        self.client.run(&expire).await.map(drop)
    }
}

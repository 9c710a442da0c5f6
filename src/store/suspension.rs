//! Suspending every worker of a Redis.

use super::{Store, StoreError};

impl Store {
    /// Lets no worker take a job, for so many seconds or until [`Store::resume`]. RQ: its own two commands leave a moment in
    /// which the suspension has no end.
    pub(crate) async fn suspend(&self, seconds: Option<u64>) -> Result<(), StoreError> {
        let mut command = redis::cmd("SET");
        command.arg(self.keys.suspended()).arg(1);
        if let Some(seconds) = seconds {
            command.arg("EX").arg(seconds);
        }
        self.client.run(&command).await.map(drop)
    }

    /// Ends a suspension.
    pub(crate) async fn resume(&self) -> Result<(), StoreError> {
        let mut command = redis::cmd("DEL");
        command.arg(self.keys.suspended());
        self.client.run(&command).await.map(drop)
    }
}

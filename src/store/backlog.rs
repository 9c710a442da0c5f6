//! How much waits.

use std::time::Duration;

use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

impl Store {
    /// How many jobs wait in queues, and for how long the first of any of them has.
    pub(crate) async fn backlog(&self, queues: &[QueueName]) -> Result<(u64, Duration), StoreError> {
        let keys: Vec<String> = queues.iter().map(|queue| self.keys.queue(queue)).collect();
        let mut reply = self.call(&scripts::BACKLOG, &keys, &self.args([])).await?;
        if reply.status() != "backlog" {
            return Err(self.malformed("backlog"));
        }
        let waiting = reply.integer().and_then(|waiting| u64::try_from(waiting).ok()).unwrap_or(0);
        let oldest = reply.texts().iter().filter_map(|text| Timestamp::parse(text)).min();
        let now = Timestamp::now();
        // Clocks differ: one that is behind makes jobs young.
        Ok((waiting, oldest.map(|oldest| now.since(oldest)).unwrap_or_default()))
    }
}

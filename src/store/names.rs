//! Names of what there is, as many as are useful to somebody who types one.

use super::story::Answers;
use super::{Standing, Store, StoreError};
use crate::job::QueueName;

/// How many queues are looked at.
const QUEUES: usize = 100;

impl Store {
    /// Names of queues that there are or were, so many at most.
    pub(crate) async fn some_queues(&self, most: usize) -> Result<Vec<String>, StoreError> {
        let mut command = redis::cmd("SRANDMEMBER");
        command.arg(self.keys.queues()).arg(most);
        let keys: Vec<Vec<u8>> = redis::from_redis_value(self.client.run(&command).await?)
            .map_err(|_| self.malformed("the set of queues"))?;
        let before = format!("{}:queue:", self.keys.prefix());
        let name = |key: Vec<u8>| Some(String::from_utf8(key).ok()?.strip_prefix(&before)?.to_owned());
        Ok(keys.into_iter().filter_map(name).collect())
    }

    /// Ids of the newest jobs that stand so in some of these queues; about so many at most, in one round trip.
    pub(crate) async fn newest(
        &self,
        queues: &[QueueName],
        standings: &[Standing],
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let shelves = self.shelves(&queues[..queues.len().min(QUEUES)], standings).await?;
        if shelves.is_empty() {
            return Ok(Vec::new());
        }
        let each = (most / shelves.len().max(1)).max(5);
        let mut ask = redis::pipe();
        ask.ignore_errors();
        for shelf in &shelves {
            shelf.ask_newest(&mut ask, each);
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let mut ids: Vec<String> = shelves.iter().flat_map(|shelf| shelf.ids(told.members())).collect();
        ids.truncate(most);
        Ok(ids)
    }
}

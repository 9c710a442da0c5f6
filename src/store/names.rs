//! What there is in Redis, by name.

use super::{Store, StoreError};

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
}

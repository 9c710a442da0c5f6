//! Emptying queues.

use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};
use crate::store::story::Answers;

impl Store {
    /// How many jobs wait in each of these queues.
    pub(crate) async fn lengths(&self, queues: &[QueueName]) -> Result<Vec<u64>, StoreError> {
        let mut ask = redis::pipe();
        ask.ignore_errors();
        for queue in queues {
            ask.cmd("LLEN").arg(self.keys.queue(queue));
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        Ok(queues.iter().map(|_| told.number().unwrap_or_default()).collect())
    }

    /// Deletes so many jobs from the head of a queue; tells how many there were, and how many are left. RQ: its own script
    /// does it all at once, which holds up everybody else where a queue is long.
    pub(crate) async fn empty_some(&self, queue: &QueueName, most: u64) -> Result<(u64, u64), StoreError> {
        let args = self.args([most.to_string().as_str(), &Timestamp::now().iso()]);
        let mut reply = self.call(&scripts::EMPTY, &[self.keys.queue(queue)], &args).await?;
        let mut number = || reply.integer().and_then(|number| u64::try_from(number).ok());
        match (number(), number()) {
            (Some(removed), Some(left)) => Ok((removed, left)),
            _ => Err(self.malformed("emptying")),
        }
    }
}

//! The same done to many jobs: each in one step of its own, many of them on their way at a time.

use tokio::task::JoinSet;

use super::{Rearranged, Store, StoreError, scripts};
use crate::job::Timestamp;

/// How many are on their way at a time.
const AT_ONCE: usize = 100;

/// What is done to jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Failed ones go back to their queues.
    Requeue,
    Cancel,
    Delete,
}

impl Store {
    /// Does it to each of these jobs; `done` hears how many more are done. What became of each is told in their order.
    pub(crate) async fn rearrange(
        &self,
        jobs: &[String],
        deed: Deed,
        mut done: impl FnMut(u64),
    ) -> Result<Vec<Rearranged>, StoreError> {
        let mut told = Vec::with_capacity(jobs.len());
        for some in jobs.chunks(AT_ONCE) {
            let mut doing = JoinSet::new();
            for (at, job) in some.iter().cloned().enumerate() {
                let store = self.clone();
                doing.spawn(async move { (at, store.rearrange_one(&job, deed).await) });
            }
            let mut ended = doing.join_all().await;
            ended.sort_by_key(|(at, _)| *at);
            for (_, one) in ended {
                told.push(one?);
            }
            done(some.len() as u64);
        }
        Ok(told)
    }

    async fn rearrange_one(&self, job: &str, deed: Deed) -> Result<Rearranged, StoreError> {
        let word = match deed {
            Deed::Requeue => return self.requeue(job).await,
            Deed::Cancel => "cancel",
            Deed::Delete => "delete",
        };
        let args = self.args([job, &Timestamp::now().iso(), word]);
        let mut reply = self.call(&scripts::WITHDRAW, &[self.keys.job(job)], &args).await?;
        match reply.status() {
            "withdrawn" => Ok(Rearranged::Done),
            "gone" => Ok(Rearranged::Gone),
            "elsewhere" => Ok(Rearranged::Elsewhere(reply.text().unwrap_or_default())),
            _ => Err(self.malformed("withdrawing")),
        }
    }
}

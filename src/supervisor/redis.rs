//! Reaching Redis at the start.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::SupervisorError;
use crate::event::Event;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;
use crate::worker::WorkError;

/// The largest result that a server takes: one that is written in base64 is a third longer. `most` is what is asked for.
pub(super) async fn largest_result(store: &Store, most: u64) -> Option<u64> {
    // A server that does not tell has Redis' own limit, which the configuration keeps to.
    let largest = store.client().largest_value().await.ok()??;
    let fitting = largest / 4 * 3;
    if fitting < most {
        let warning = format!(
            "horse.max_result_size of {most} bytes is more than Redis takes, as its proto-max-bulk-len is {largest}: \
             results may have {fitting} bytes"
        );
        emit(Event::ConfigurationDoubted { warning });
    }
    Some(fitting)
}

/// How the start deals with a Redis that is away.
pub(super) struct Patience<'a> {
    /// In whose name it is told.
    pub(super) worker: &'a str,
    /// How long to try; a burst does not.
    pub(super) limit: Duration,
}

impl Patience<'_> {
    /// Waits until Redis answers whether RQ is suspended.
    pub(super) async fn reach(&self, store: &Store) -> Result<bool, SupervisorError> {
        self.insist(async || Ok(store.is_suspended().await?)).await
    }

    /// Does what may be done more than once. Its time counts from the first attempt that found nobody; what Redis answers
    /// with an error is final at once.
    pub(super) async fn insist<T>(
        &self,
        mut act: impl AsyncFnMut() -> Result<T, WorkError>,
    ) -> Result<T, SupervisorError> {
        let mut backoff = Backoff::new();
        let mut lost = None;
        loop {
            let began = Instant::now();
            let error = match act().await {
                Ok(done) => return Ok(done),
                Err(WorkError::Store(error @ StoreError::Away { .. })) => error,
                Err(error) => return Err(error.into()),
            };
            let left = self.limit.saturating_sub(lost.get_or_insert(began).elapsed());
            if left.is_zero() {
                return Err(SupervisorError::Unreachable(self.limit, error));
            }
            let retry_in = backoff.next().min(left);
            emit(Event::RedisLost { worker: self.worker.to_owned(), error: error.to_string(), retry_in });
            sleep(retry_in).await;
        }
    }
}

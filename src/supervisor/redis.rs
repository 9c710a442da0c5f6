//! Reaching Redis at the start.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::SupervisorError;
use crate::event::Event;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;

/// Waits until Redis answers, up to a limit; what it answers with an error is final at once.
pub(super) async fn reach(store: &Store, worker: &str, limit: Duration) -> Result<bool, SupervisorError> {
    let began = Instant::now();
    let mut backoff = Backoff::new();
    loop {
        let error = match store.is_suspended().await {
            Ok(suspended) => return Ok(suspended),
            Err(error @ StoreError::Away { .. }) => error,
            Err(error) => return Err(crate::worker::WorkError::Store(error).into()),
        };
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(SupervisorError::Unreachable(limit, error));
        }
        let retry_in = backoff.next().min(left);
        emit(Event::RedisLost { worker: worker.to_owned(), error: error.to_string(), retry_in });
        sleep(retry_in).await;
    }
}

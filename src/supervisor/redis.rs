//! Reaching Redis at the start.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::SupervisorError;
use crate::event::Event;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;

/// Takes no result that this server would refuse: one that is written in base64 is a third longer.
pub(super) async fn fit_results(store: &Store, most: &mut u64) {
    // A server that does not tell has Redis' own limit, which the configuration keeps to.
    let Ok(Some(largest)) = store.client().largest_value().await else { return };
    let fitting = largest / 4 * 3;
    if fitting < *most {
        let warning = format!(
            "horse.max_result_size of {most} bytes is more than Redis takes, as its proto-max-bulk-len is {largest}: \
             results may have {fitting} bytes"
        );
        emit(Event::ConfigurationDoubted { warning });
        *most = fitting;
    }
}

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

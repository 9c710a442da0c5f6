//! Redis may go away: nothing is lost, and the worker tries until it is back.

use tokio::time::{Instant, sleep};

use super::{Stop, Worker};
use crate::event::Event;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;

/// How far a stop must go to end the tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Nothing is in hand: any stop.
    Idle,
    /// An outcome is in hand: only a cold stop.
    Busy,
}

/// How often something that the server refuses, and does not just fail to hear, is tried again.
const REFUSALS: u32 = 5;

impl Worker {
    /// Does something in Redis that may be sent twice. Nothing comes back when a stop ended the tries.
    pub(super) async fn persist<T>(
        &mut self,
        patience: Patience,
        act: impl AsyncFn(&Store) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut backoff = Backoff::new();
        let mut away_since = None;
        let mut refusals = 0;
        loop {
            let error = match act(&self.store).await {
                Ok(done) => {
                    if let Some(since) = away_since {
                        let away = Instant::now() - since;
                        emit(Event::RedisReturned { worker: self.name(), away });
                    }
                    return Ok(Some(done));
                }
                Err(error) => error,
            };
            if !error.is_away() && !is_full(&error) {
                refusals += 1;
                if refusals > REFUSALS {
                    return Err(error);
                }
            }
            away_since.get_or_insert_with(Instant::now);
            let retry_in = backoff.next();
            emit(Event::RedisLost { worker: self.name(), error: error.to_string(), retry_in });
            tokio::select! {
                () = sleep(retry_in) => {}
                () = self.stopped(patience) => return Ok(None),
            }
        }
    }

    /// Waits until a stop goes far enough.
    pub(super) async fn stopped(&self, patience: Patience) {
        let mut stop = self.stop.clone();
        let enough = |stop: &Stop| match stop {
            Stop::No => false,
            Stop::Warm(_) => patience == Patience::Idle,
            Stop::Cold => true,
        };
        if stop.wait_for(enough).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A server whose memory or disk is full refuses to write until somebody, or time, makes room: what is in hand must wait for it.
fn is_full(error: &StoreError) -> bool {
    matches!(error.code(), Some("OOM" | "MISCONF"))
}

//! Redis may go away: nothing is lost, and the worker tries until it is back.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Stop, Worker};
use crate::event::Event;
use crate::store::{Backoff, Store, StoreError};
use crate::telemetry::emit;

/// What ends the tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Nothing is in hand: any stop.
    Idle,
    /// An outcome is in hand: only a cold stop.
    Busy,
    /// The worker leaves: a cold stop, or [`FAREWELL`].
    Leaving,
}

/// How often something that the server refuses, and does not just fail to hear, is tried again.
const REFUSALS: u32 = 5;
/// How long an answer is waited for that a stop has made pointless.
const LAST_ANSWER: Duration = Duration::from_secs(5);
/// How long a worker that leaves tries to say so. What it cannot give back is found by the next look of another daemon.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

impl Worker {
    /// Does something in Redis that may be sent twice. Nothing comes back when the tries were ended.
    pub(super) async fn persist<T>(
        &self,
        patience: Patience,
        act: impl AsyncFn(&Store) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut backoff = Backoff::new();
        let mut away_since = None;
        let mut refusals = 0;
        let mut over = pin!(self.time_is_up(patience));
        loop {
            let done = tokio::select! {
                done = act(&self.store) => done,
                () = &mut over => return Ok(None),
            };
            let error = match done {
                Ok(done) => {
                    if let Some(since) = away_since {
                        let away = Instant::now() - since;
                        emit(Event::RedisReturned { worker: self.name(), away });
                    }
                    return Ok(Some(done));
                }
                Err(error) => error,
            };
            if error.is_too_long() {
                return Err(error);
            }
            if !error.is_away() && !needs_an_operator(&error) {
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
                () = &mut over => return Ok(None),
            }
        }
    }

    /// When not even an answer is waited for any more.
    async fn time_is_up(&self, patience: Patience) {
        match patience {
            Patience::Idle | Patience::Busy => {
                self.stopped(patience).await;
                sleep(LAST_ANSWER).await;
            }
            Patience::Leaving => sleep(FAREWELL).await,
        }
    }

    /// Waits until a stop goes far enough.
    pub(super) async fn stopped(&self, patience: Patience) {
        let mut stop = self.stop.clone();
        let enough = |stop: &Stop| match stop {
            Stop::No => false,
            Stop::Retire | Stop::Warm(_) => patience == Patience::Idle,
            Stop::Cold => true,
        };
        if stop.wait_for(enough).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether somebody, or time, must make room, or mend a password or a right: what is in hand waits for it.
fn needs_an_operator(error: &StoreError) -> bool {
    matches!(error.code(), Some("OOM" | "MISCONF" | "NOAUTH" | "WRONGPASS" | "NOPERM"))
}

//! What goes on between the daemon and Redis, for whoever counts it. Nobody does unless somebody wants metrics.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::RedisError;

use super::error::StoreError;

/// Something that happened on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// A connection is there.
    Connected,
    /// The server answered, well or not, after so long. Waits for jobs are not among these.
    Answered(Duration),
    /// Something went wrong, in one word.
    Failed(&'static str),
}

/// Who hears of it.
type Ear = Arc<dyn Fn(Traffic) + Send + Sync>;

static EAR: RwLock<Option<Ear>> = RwLock::new(None);

/// Tells somebody of all traffic from now on, or nobody.
pub(crate) fn tap(ear: Option<Ear>) {
    *EAR.write().unwrap_or_else(PoisonError::into_inner) = ear;
}

/// Tells of something, if anybody listens.
pub(super) fn tell(traffic: Traffic) {
    if let Some(ear) = &*EAR.read().unwrap_or_else(PoisonError::into_inner) {
        ear(traffic);
    }
}

/// Tells of an error, and hands it on.
pub(super) fn told(error: StoreError) -> StoreError {
    // A script that the server does not know is loaded: nothing went wrong.
    if error.code() != Some("NOSCRIPT") {
        tell(Traffic::Failed(word(&error)));
    }
    error
}

fn word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Away { .. } => "away",
        StoreError::Refused { .. } => "refused",
        StoreError::Insecure { .. } => "insecure",
        StoreError::Malformed { .. } => "malformed",
        StoreError::Address(_) => "address",
    }
}

/// A question that is under way.
pub(super) struct Timed(Instant);

impl Timed {
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Tells how long the answer took, when there is one.
    pub(super) fn answered<T>(&self, answer: &Result<T, RedisError>) {
        if answer.as_ref().err().is_none_or(|error| !error.is_io_error()) {
            tell(Traffic::Answered(self.0.elapsed()));
        }
    }
}

//! What must hold over all keys after every test, whoever's worker ran.
//!
//! The check knows what Python RQ itself leaves behind; each such exception is named where it is made. What only one test
//! leaves, that test says with [`Leaves`].

mod executions;
mod jobs;
mod keys;
mod snapshot;
#[cfg(test)]
mod tests;
mod workers;

use self::snapshot::Snapshot;
pub(crate) use self::snapshot::{is_timestamp, text};
use super::redis_server::Redis;

/// What a single test knows to be left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// A job that is not to be looked at: a poisoned hash, or one that RQ leaves in no or several places.
    Job(&'static str),
    /// RQ: an id whose job is gone stays in the intermediate list until maintenance comes by.
    GoneIds,
    /// Executions of a killed worker: their leases run out by themselves.
    Executions,
    /// A worker that died without saying so.
    DeadWorker(&'static str),
}

/// One line for everything that does not hold.
pub(crate) fn broken(redis: &Redis, prefix: &str, left: &[Leaves]) -> Vec<String> {
    let snapshot = Snapshot::take(redis, prefix);
    let mut broken = Vec::new();
    keys::check(&snapshot, left, &mut broken);
    jobs::check(&snapshot, left, &mut broken);
    executions::check(&snapshot, left, &mut broken);
    workers::check(&snapshot, left, &mut broken);
    broken
}

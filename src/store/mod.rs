//! Redis: the only place that names a key.

mod address;
mod backlog;
mod backoff;
mod bulk;
mod card;
mod census;
mod chores;
mod client;
mod closing;
mod commands;
mod cron;
mod dedicated;
mod dequeue;
mod dial;
mod emptying;
mod enqueueing;
mod error;
mod inventory;
mod job_hash;
mod keys;
mod keywords;
mod leftovers;
mod link;
mod listing;
mod liveness;
mod names;
mod outbox;
mod outcome;
mod overview;
mod rearranging;
mod recovery;
mod registration;
mod release;
mod reply;
mod rights;
mod scheduling;
mod scripts;
mod sentinel;
mod server;
mod story;
mod stranded;
mod subscription;
mod suspension;
mod tap;
mod tls;
mod url;
mod walk;

pub(crate) use address::{Address, AddressError, Options, Sentinel};
pub(crate) use backoff::Backoff;
pub(crate) use bulk::{Addressed, Withdrawal};
pub(crate) use card::Card;
pub(crate) use census::{Census, STATUSES};
pub(crate) use chores::Members;
pub(crate) use client::Client;
use client::Script;
pub(crate) use commands::Kind;
pub(crate) use cron::{CronEnqueued, CronRun, Known};
pub(crate) use dedicated::Dedicated;
pub(crate) use dequeue::{ClaimRequest, Claimed, Surfaced};
pub(crate) use error::{StoreError, TlsObstacle};
pub(crate) use inventory::{CountedQueue, CountedWorker, Inventory};
pub(crate) use keys::Keys;
#[cfg(test)]
pub(crate) use leftovers::{Dangling, LostJob};
pub(crate) use leftovers::{Deferred, Leftovers, Lost, QueueLeft, WorkerLeft};
pub(crate) use listing::{Functions, Listed, Standing};
pub(crate) use liveness::{Life, OtherDaemon, QueueWatched, Watched};
pub(crate) use outbox::Note;
pub(crate) use outcome::{Settled, failure_text};
#[cfg(test)]
pub(crate) use overview::FailedJob;
pub(crate) use overview::{
    JobCard, Overview, PAGE as FAILED_PAGE, QueueCard, RunningJob, Wanted, WorkerSeen,
};
pub(crate) use rearranging::Rearranged;
pub(crate) use recovery::{Found, Plan, Proof, Recovered};
pub(crate) use registration::{Beaten, GRACE, InHand, Registered, Registration};
#[cfg(test)]
pub(crate) use rights::NEEDED;
pub(crate) use rights::{Missed, Right, Rights};
pub(crate) use scheduling::{Lock, Scheduled, SchedulerEntry};
pub(crate) use server::{Server, ServerKind, Skew};
#[cfg(test)]
pub(crate) use story::Place;
pub(crate) use story::{Entry, Execution, Relative, Story, WorkerCard, inflated};
pub(crate) use stranded::Stranded;
pub(crate) use subscription::Subscription;
pub(crate) use tap::{Traffic, tap};

use crate::job::Timestamp;
use reply::Reply;
use serde_json::{Value, json};

use crate::job::FailureTtl;

/// What a daemon does in Redis: one method for each transition.
#[derive(Clone)]
pub(crate) struct Store {
    client: Client,
    keys: Keys,
    failures: FailureTtl,
}

impl Store {
    pub(crate) fn new(client: Client, keys: Keys) -> Self {
        Self { client, keys, failures: FailureTtl::default() }
    }

    /// The same, with another word than RQ's on how long failures are kept.
    pub(crate) fn keeping(self, failures: FailureTtl) -> Self {
        Self { failures, ..self }
    }

    /// Whether failures are kept as long by the other.
    pub(crate) fn keeps_as(&self, other: &Self) -> bool {
        self.failures == other.failures
    }

    /// A plan for a script that may write a failure, which must know how long it is kept.
    fn with_failures(&self, mut plan: Value) -> Value {
        plan["failures"] = json!(self.failures);
        plan
    }

    /// The connection, for what is not a transition: waiting, listening to commands.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The server's clock.
    pub(crate) async fn clock(&self) -> Result<Timestamp, StoreError> {
        let answer = self.client.run(&redis::cmd("TIME")).await?;
        let time: Option<(i64, i64)> = redis::from_redis_value(answer).ok();
        time.and_then(|(seconds, micros)| {
            Timestamp::from_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?)
        })
        .ok_or_else(|| self.malformed("TIME"))
    }

    /// A script's arguments, the prefix first.
    fn args<const N: usize>(&self, rest: [&str; N]) -> Vec<Vec<u8>> {
        std::iter::once(self.keys.prefix()).chain(rest).map(|text| text.as_bytes().to_vec()).collect()
    }

    async fn call(&self, script: &Script, keys: &[String], args: &[Vec<u8>]) -> Result<Reply, StoreError> {
        let answer = self.client.script(script, keys, args).await?;
        Reply::read(answer).ok_or_else(|| self.malformed("a script"))
    }

    fn malformed(&self, what: &str) -> StoreError {
        StoreError::unexpected(&self.client.address().to_string(), format!("{what} gave something unknown"))
    }
}

#[cfg(test)]
mod tests {
    pub(crate) mod certificates;
    pub(crate) mod server;
}

//! Signs of life: which daemons there are, and what those that are gone left behind.

use std::time::Duration;

use redis::Value;

use super::card::Card;
use super::recovery::Execution;
use super::{Store, StoreError, scripts};
use crate::job::{DaemonId, QueueName, Timestamp, WorkerName};

/// A daemon's sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) daemon: DaemonId,
    /// How long one sign lasts.
    pub(crate) lasts: Duration,
}

/// Another daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherDaemon {
    pub(crate) daemon: DaemonId,
    pub(crate) card: Card,
    /// Its last sign of life still lasts.
    pub(crate) is_alive: bool,
}

/// What stands around in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueWatched {
    pub(crate) queue: QueueName,
    /// Leases that have ended.
    pub(crate) ended: i64,
    /// Ids between the queue and its started registry; the oldest, when there are many.
    pub(crate) intermediate: Vec<Vec<u8>>,
}

/// What one look found.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// The other daemons; none while another one looks after them.
    pub(crate) daemons: Vec<OtherDaemon>,
    /// Records of dependents that are not all released.
    pub(crate) releasing: i64,
    /// Executions whose webhooks are noted.
    pub(crate) webhooks: i64,
    pub(crate) queues: Vec<QueueWatched>,
}

impl Store {
    /// Renews our sign of life and looks around. `turn` is how long the other daemons leave the looking to us;
    /// with none at all we look though another does.
    pub(crate) async fn watch(
        &self,
        life: &Life,
        card: &Card,
        turn: Duration,
        queues: &[QueueName],
    ) -> Result<Watched, StoreError> {
        let card = serde_json::to_string(card).expect("texts are always JSON");
        let keys = [self.keys.alive(&life.daemon), self.keys.daemons(), self.keys.watcher()];
        let (lasts, turn) = (life.lasts.as_millis().to_string(), turn.as_millis().to_string());
        let mut args = self.args([life.daemon.as_str(), &card, &lasts, &turn]);
        args.extend(queues.iter().map(|queue| queue.as_str().into()));
        let mut reply = self.call(&scripts::WATCH, &keys, &args).await?;
        let mut read = || {
            let mut watched = Watched::default();
            for _ in 0..reply.integer()? {
                let daemon = DaemonId::new(reply.text()?);
                let card = serde_json::from_str(&reply.text()?).unwrap_or_default();
                watched.daemons.push(OtherDaemon { daemon, card, is_alive: reply.integer()? == 1 });
            }
            (watched.releasing, watched.webhooks) = (reply.integer()?, reply.integer()?);
            for queue in queues {
                let (ended, count) = (reply.integer()?, reply.integer()?);
                let intermediate = (0..count).map(|_| reply.bytes()).collect::<Option<Vec<_>>>()?;
                watched.queues.push(QueueWatched { queue: queue.clone(), ended, intermediate });
            }
            Some(watched)
        };
        read().ok_or_else(|| self.malformed("watch"))
    }

    /// The executions that may be a daemon's: those of its workers, or of whoever has their names now.
    pub(crate) async fn executions_of(&self, other: &OtherDaemon) -> Result<Vec<Execution>, StoreError> {
        let sets = other.card.workers.iter().map(|worker| WorkerName::new(worker.as_str()));
        let sets = sets.map(|worker| self.keys.worker_executions(&worker));
        let mut found = Vec::new();
        for set in sets.chain([self.keys.left(&other.daemon)]) {
            let mut command = redis::cmd("SMEMBERS");
            command.arg(set);
            let Value::Array(members) = self.client.run(&command).await? else { continue };
            found.extend(members.into_iter().filter_map(|member| match member {
                Value::BulkString(member) => Some(Execution::of_member(&member)),
                _ => None,
            }));
        }
        Ok(found)
    }

    /// Takes a daemon that is gone out of the registers.
    pub(crate) async fn bury(&self, other: &OtherDaemon, is_proven: bool) -> Result<(), StoreError> {
        let keys = [self.keys.daemons(), self.keys.alive(&other.daemon), self.keys.workers()];
        if is_proven {
            // Its sign may still last, but nobody renews it.
            let mut command = redis::cmd("DEL");
            command.arg(self.keys.alive(&other.daemon));
            self.client.run(&command).await?;
        }
        let mut args = self.args([other.daemon.as_str(), &Timestamp::now().iso(), ""]);
        args.extend(other.card.workers.iter().map(|worker| worker.as_bytes().to_vec()));
        self.call(&scripts::BURY, &keys, &args).await.map(drop)
    }

    /// Says farewell: this daemon has nothing in hand any more.
    pub(crate) async fn farewell(&self, life: &Life) -> Result<(), StoreError> {
        let keys = [self.keys.daemons(), self.keys.alive(&life.daemon), self.keys.workers()];
        let args = self.args([life.daemon.as_str(), &Timestamp::now().iso(), "farewell"]);
        self.call(&scripts::BURY, &keys, &args).await.map(drop)
    }
}

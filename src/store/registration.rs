//! Workers as the rest of the world sees them.

use std::time::Duration;

use super::{Store, StoreError, scripts};
use crate::job::{Claim, DaemonId, QueueName, Timestamp, WorkerName, float};

/// How long a worker's hash outlives its last heartbeat.
pub(crate) const GRACE: Duration = Duration::from_secs(60);

/// Everything that others read of a worker.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) name: WorkerName,
    /// In the order of their priority.
    pub(crate) queues: Vec<QueueName>,
    pub(crate) birth: Timestamp,
    pub(crate) pid: u32,
    pub(crate) hostname: String,
    /// Our end of the connection, or `unknown`.
    pub(crate) ip_address: String,
    /// `sys.version` of the horses.
    pub(crate) python_version: String,
    /// The daemon that the worker belongs to.
    pub(crate) daemon: DaemonId,
    /// Who holds the name: proof for whoever wants to take it over.
    pub(crate) identity: String,
    /// How long the hash lives without a heartbeat, before the grace.
    pub(crate) ttl: Duration,
}

/// Whether a worker stands in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Registered {
    Yes,
    /// Somebody else holds the name; their identity, when they are one of us.
    Taken {
        holder: String,
    },
}

/// What a heartbeat found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beaten {
    Alive {
        suspended: bool,
        /// Whether the execution that was named is still ours.
        held: bool,
    },
    /// The worker's key is gone; nothing was renewed.
    Unregistered,
}

/// A job in hand, for a heartbeat.
pub(crate) struct InHand<'a> {
    pub(crate) claim: &'a Claim,
    pub(crate) worked: Duration,
}

impl Store {
    /// Enters a worker, or enters it anew. `dead` is the identity of a holder that is known to be gone.
    pub(crate) async fn register(
        &self,
        worker: &Registration,
        state: &str,
        dead: &str,
    ) -> Result<Registered, StoreError> {
        let now = Timestamp::now().iso();
        let queues: Vec<&str> = worker.queues.iter().map(QueueName::as_str).collect();
        let args = self.args([
            worker.identity.as_str(),
            dead,
            &(worker.ttl + GRACE).as_secs().to_string(),
            "birth",
            &worker.birth.iso(),
            "last_heartbeat",
            &now,
            "queues",
            &queues.join(","),
            "pid",
            &worker.pid.to_string(),
            "hostname",
            &worker.hostname,
            "ip_address",
            &worker.ip_address,
            // The level that we are compatible with: readers compare it with their own.
            "version",
            crate::RQ_VERSION,
            "rqd_version",
            env!("CARGO_PKG_VERSION"),
            "rqd_daemon",
            worker.daemon.as_str(),
            "python_version",
            &worker.python_version,
            "state",
            state,
        ]);
        let mut reply = self.call(&scripts::REGISTER, &self.registration_keys(worker), &args).await?;
        match reply.status() {
            "registered" => Ok(Registered::Yes),
            "taken" => Ok(Registered::Taken { holder: reply.text().unwrap_or_default() }),
            _ => Err(self.malformed("register")),
        }
    }

    /// Changes what others read of a worker that stands in Redis; `left` are queues that it serves no more.
    pub(crate) async fn change_registration(
        &self,
        worker: &Registration,
        left: &[QueueName],
    ) -> Result<(), StoreError> {
        let queues: Vec<&str> = worker.queues.iter().map(QueueName::as_str).collect();
        let args = self.args([
            worker.identity.as_str(),
            &left.len().to_string(),
            &(worker.ttl + GRACE).as_secs().to_string(),
            "queues",
            &queues.join(","),
            "python_version",
            &worker.python_version,
        ]);
        let mut keys = vec![self.keys.worker(&worker.name)];
        keys.extend(left.iter().chain(&worker.queues).map(|queue| self.keys.workers_of(queue)));
        self.call(&scripts::CHANGE, &keys, &args).await?;
        Ok(())
    }

    /// Ends a worker's registration.
    pub(crate) async fn unregister(&self, worker: &Registration) -> Result<(), StoreError> {
        let args = self.args([worker.identity.as_str(), &Timestamp::now().iso()]);
        self.call(&scripts::UNREGISTER, &self.registration_keys(worker), &args).await?;
        Ok(())
    }

    /// Renews a worker's life sign, and the lease of what it has in hand.
    pub(crate) async fn beat(
        &self,
        worker: &Registration,
        state: &str,
        lifetime: Duration,
        in_hand: Option<&InHand<'_>>,
    ) -> Result<Beaten, StoreError> {
        let now = Timestamp::now();
        let lifetime = lifetime.as_secs().to_string();
        let mut args =
            self.args([&now.iso(), &now.float(), &lifetime, &lifetime, state, worker.name.as_str()]);
        if let Some(InHand { claim, worked }) = in_hand {
            let parts = [claim.id.as_str(), claim.execution.as_str(), claim.origin.as_str()];
            args.extend(parts.map(|part| part.as_bytes().to_vec()));
            args.push(float(worked.as_secs_f64()).into_bytes());
        }
        let mut reply = self.call(&scripts::BEAT, &self.registration_keys(worker), &args).await?;
        match reply.status() {
            "beaten" => {
                let suspended = reply.integer() == Some(1);
                Ok(Beaten::Alive { suspended, held: reply.texts().is_empty() })
            }
            "unregistered" => Ok(Beaten::Unregistered),
            _ => Err(self.malformed("beat")),
        }
    }

    /// Whether RQ is suspended as a whole.
    pub(crate) async fn is_suspended(&self) -> Result<bool, StoreError> {
        let mut command = redis::cmd("EXISTS");
        command.arg(self.keys.suspended());
        Ok(self.client.run(&command).await? == redis::Value::Int(1))
    }

    /// Notes that a busy worker was asked to stop.
    pub(crate) async fn note_shutdown_request(&self, worker: &WorkerName) -> Result<(), StoreError> {
        let mut command = redis::cmd("HSET");
        command.arg(self.keys.worker(worker)).arg("shutdown_requested_date").arg(Timestamp::now().iso());
        self.client.run(&command).await.map(drop)
    }

    /// The channel on which a worker hears commands.
    pub(crate) fn channel(&self, worker: &WorkerName) -> String {
        self.keys.channel(worker)
    }

    fn registration_keys(&self, worker: &Registration) -> Vec<String> {
        [self.keys.worker(&worker.name), self.keys.workers(), self.keys.worker_executions(&worker.name)]
            .into_iter()
            .chain(worker.queues.iter().map(|queue| self.keys.workers_of(queue)))
            .collect()
    }
}

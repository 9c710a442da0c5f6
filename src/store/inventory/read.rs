//! Counting: the names in one round trip, queues and workers in the next ones, many at a time.

use std::collections::{BTreeMap, BTreeSet};

use redis::Pipeline;

use super::{CountedQueue, CountedWorker, Inventory};
use crate::job::{QueueName, Timestamp, WorkerName};
use crate::store::census::Tally;
use crate::store::story::{Answers, Texts};
use crate::store::{Store, StoreError};

/// How many names one round trip asks for.
const AT_ONCE: usize = 250;

/// What a worker says of itself.
pub(in crate::store) const WORKER: &[&str] = &[
    "state",
    "queues",
    "hostname",
    "ip_address",
    "pid",
    "birth",
    "last_heartbeat",
    "successful_job_count",
    "failed_job_count",
    "total_working_time",
    "version",
    "rqd_version",
    "current_job",
];

/// What there is, by name, in order.
pub(in crate::store) struct Names {
    pub(in crate::store) now: Timestamp,
    pub(in crate::store) is_suspended: bool,
    pub(in crate::store) queues: Vec<String>,
    pub(in crate::store) workers: Vec<String>,
}

impl Store {
    /// Counts these queues and the workers that serve them; all of them when none is named. RQ: where there are queues,
    /// workers that serve none of them are left out of what is asked by queue.
    pub(crate) async fn inventory(&self, queues: &[String]) -> Result<Inventory, StoreError> {
        let Names { now, is_suspended, queues: known, workers: registered } = self.names().await?;
        let asked = if queues.is_empty() { known } else { queues.to_vec() };
        let mut counted = Vec::with_capacity(asked.len());
        for names in asked.chunks(AT_ONCE) {
            counted.extend(self.count_queues(names).await?);
        }
        let serving = counted.iter().flat_map(|queue: &CountedQueue| queue.workers.iter().cloned());
        let wanted: BTreeSet<String> =
            if queues.is_empty() { serving.chain(registered).collect() } else { serving.collect() };
        let workers = self.count_workers(&wanted.into_iter().collect::<Vec<_>>()).await?;
        for queue in &mut counted {
            queue.workers.retain(|name| workers.contains_key(name));
        }
        Ok(Inventory { now, is_suspended, queues: counted, workers })
    }

    /// The names of all queues.
    pub(crate) async fn queue_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.names().await?.queues)
    }

    /// All workers, without a look at the queues.
    pub(crate) async fn workers(&self) -> Result<Inventory, StoreError> {
        let Names { now, is_suspended, workers, .. } = self.names().await?;
        let workers = self.count_workers(&workers).await?;
        Ok(Inventory { now, is_suspended, queues: Vec::new(), workers })
    }

    async fn names(&self) -> Result<Names, StoreError> {
        let mut ask = asking();
        self.ask_names(&mut ask);
        self.read_names(&mut Answers::new(self.client.run_all(&ask).await?))
    }

    /// Asks for what is read by the next one.
    pub(in crate::store) fn ask_names(&self, ask: &mut Pipeline) {
        ask.cmd("TIME");
        ask.cmd("EXISTS").arg(self.keys.suspended());
        ask.cmd("SMEMBERS").arg(self.keys.queues());
        ask.cmd("SMEMBERS").arg(self.keys.workers());
    }

    pub(in crate::store) fn read_names(&self, told: &mut Answers) -> Result<Names, StoreError> {
        Ok(Names {
            now: told.clock().ok_or_else(|| self.malformed("TIME"))?,
            is_suspended: told.number().unwrap_or_default() > 0,
            queues: self.named(&told.members(), "queue"),
            workers: self.named(&told.members(), "worker"),
        })
    }

    /// The names in a set of keys, in order.
    fn named(&self, keys: &[String], kind: &str) -> Vec<String> {
        let before = format!("{}:{kind}:", self.keys.prefix());
        let mut names: Vec<String> =
            keys.iter().filter_map(|key| Some(key.strip_prefix(&before)?.to_owned())).collect();
        names.sort();
        names
    }

    async fn count_queues(&self, names: &[String]) -> Result<Vec<CountedQueue>, StoreError> {
        let queues: Vec<QueueName> = names.iter().map(QueueName::new).collect();
        let tallies = self.tallies(&queues).await?;
        let count = |(name, tally): (&String, Tally)| CountedQueue {
            name: name.clone(),
            waiting: tally.waiting,
            started: tally.started.left(),
            abandoned: tally.started.expired,
            finished: tally.finished.left(),
            failed: tally.failed.left(),
            deferred: tally.deferred,
            scheduled: tally.scheduled,
            canceled: tally.canceled,
            workers: self.named(&tally.workers, "worker"),
            oldest: tally.oldest,
        };
        Ok(names.iter().zip(tallies).map(count).collect())
    }

    /// Those of these workers that are there.
    async fn count_workers(&self, names: &[String]) -> Result<BTreeMap<String, CountedWorker>, StoreError> {
        let mut workers = BTreeMap::new();
        for names in names.chunks(AT_ONCE) {
            let mut ask = asking();
            for name in names {
                let key = self.keys.worker(&WorkerName::new(name));
                ask.cmd("HMGET").arg(&key).arg(WORKER);
                ask.cmd("EXISTS").arg(&key);
            }
            let mut told = Answers::new(self.client.run_all(&ask).await?);
            for name in names {
                let fields = told.named(WORKER);
                if told.number().unwrap_or_default() > 0 {
                    workers.insert(name.clone(), worker(&fields));
                }
            }
        }
        Ok(workers)
    }
}

/// A pipeline in which a key of another type is told as absent.
fn asking() -> Pipeline {
    let mut ask = redis::pipe();
    ask.ignore_errors();
    ask
}

/// A worker by its fields.
pub(in crate::store) fn worker(fields: &Texts) -> CountedWorker {
    let text = |name| {
        let value = fields.get(name).filter(|value| !value.is_empty())?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let number = |name| text(name).and_then(|text: String| text.trim().parse().ok()).unwrap_or(0);
    let time = |name| fields.get(name).and_then(|value| moment(value));
    CountedWorker {
        state: text("state"),
        queues: text("queues").map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        hostname: text("hostname"),
        address: text("ip_address"),
        pid: text("pid"),
        birth: time("birth"),
        last_heartbeat: time("last_heartbeat"),
        successful: number("successful_job_count"),
        failed: number("failed_job_count"),
        working_time: text("total_working_time").and_then(|text| text.parse().ok()).unwrap_or(0.0),
        version: text("version"),
        rqd_version: text("rqd_version"),
        current_job: text("current_job"),
    }
}

fn moment(text: &[u8]) -> Option<Timestamp> {
    Timestamp::parse(std::str::from_utf8(text).ok()?)
}

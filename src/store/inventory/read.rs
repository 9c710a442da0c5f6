//! Counting: the names in one round trip, what is under them in the next ones, many names at a time.

use std::collections::{BTreeMap, BTreeSet};

use redis::Pipeline;

use super::{CountedQueue, CountedWorker, Inventory};
use crate::job::{QueueName, Timestamp, WorkerName};
use crate::store::story::{Answers, Texts};
use crate::store::{Store, StoreError};

/// How many names one round trip asks for.
const AT_ONCE: usize = 500;

/// The registries whose entries expire; the others only grow and shrink.
const EXPIRING: [&str; 3] = ["wip", "finished", "failed"];
const LASTING: [&str; 3] = ["deferred", "scheduled", "canceled"];

const WORKER: &[&str] = &[
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

impl Store {
    /// Counts these queues and the workers that serve them; all of them when none is named. RQ: where there are queues,
    /// workers that serve none of them are left out of what is asked by queue.
    pub(crate) async fn inventory(&self, queues: &[String]) -> Result<Inventory, StoreError> {
        let (now, is_suspended, known, registered) = self.names().await?;
        let asked = if queues.is_empty() { known } else { queues.to_vec() };
        let mut counted = Vec::with_capacity(asked.len());
        for names in asked.chunks(AT_ONCE) {
            counted.extend(self.count_queues(names, now).await?);
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
        Ok(self.names().await?.2)
    }

    /// All workers, without a look at the queues.
    pub(crate) async fn workers(&self) -> Result<Inventory, StoreError> {
        let (now, is_suspended, _, registered) = self.names().await?;
        let workers = self.count_workers(&registered).await?;
        Ok(Inventory { now, is_suspended, queues: Vec::new(), workers })
    }

    async fn names(&self) -> Result<(Timestamp, bool, Vec<String>, Vec<String>), StoreError> {
        let mut ask = asking();
        ask.cmd("TIME");
        ask.cmd("EXISTS").arg(self.keys.suspended());
        ask.cmd("SMEMBERS").arg(self.keys.queues());
        ask.cmd("SMEMBERS").arg(self.keys.workers());
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let now = told.clock().ok_or_else(|| self.malformed("TIME"))?;
        let is_suspended = told.number().unwrap_or_default() > 0;
        let queues = self.named(&told.members(), "queue");
        Ok((now, is_suspended, queues, self.named(&told.members(), "worker")))
    }

    /// The names in a set of keys, in order.
    fn named(&self, keys: &[String], kind: &str) -> Vec<String> {
        let before = format!("{}:{kind}:", self.keys.prefix());
        let mut names: Vec<String> =
            keys.iter().filter_map(|key| Some(key.strip_prefix(&before)?.to_owned())).collect();
        names.sort();
        names
    }

    async fn count_queues(&self, names: &[String], now: Timestamp) -> Result<Vec<CountedQueue>, StoreError> {
        let mut ask = asking();
        for name in names {
            self.ask_queue(&mut ask, &QueueName::new(name), now);
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let (mut counted, mut heads) = (Vec::with_capacity(names.len()), asking());
        for name in names {
            let (queue, head) = self.read_queue(&mut told, name);
            // RQ: an id without a job has no time; its key is asked for all the same, which keeps the answers in order.
            heads.cmd("HGET").arg(self.keys.job(&head.unwrap_or_default())).arg("enqueued_at");
            counted.push(queue);
        }
        if counted.iter().any(|queue| queue.waiting > 0) {
            let mut told = Answers::new(self.client.run_all(&heads).await?);
            for queue in &mut counted {
                queue.oldest = told.bytes().and_then(|text| moment(&text));
            }
        }
        Ok(counted)
    }

    fn ask_queue(&self, ask: &mut Pipeline, queue: &QueueName, now: Timestamp) {
        ask.cmd("LLEN").arg(self.keys.queue(queue));
        for registry in EXPIRING {
            let key = self.keys.registry(registry, queue);
            ask.cmd("ZCARD").arg(&key);
            // RQ: what its cleaners would take out; the score of what is kept for ever is below or infinite.
            ask.cmd("ZCOUNT").arg(&key).arg(0).arg(now.micros() / 1_000_000);
        }
        for registry in LASTING {
            ask.cmd("ZCARD").arg(self.keys.registry(registry, queue));
        }
        ask.cmd("SMEMBERS").arg(self.keys.workers_of(queue));
        ask.cmd("LINDEX").arg(self.keys.queue(queue)).arg(0);
    }

    fn read_queue(&self, told: &mut Answers, name: &str) -> (CountedQueue, Option<String>) {
        let mut number = || told.number().unwrap_or_default();
        let waiting = number();
        let [(started, abandoned), (finished, _), (failed, _)] = EXPIRING.map(|_| {
            let (all, expired) = (number(), number());
            (all.saturating_sub(expired), expired)
        });
        let [deferred, scheduled, canceled] = LASTING.map(|_| number());
        let workers = self.named(&told.members(), "worker");
        let head = told.bytes().map(|id| String::from_utf8_lossy(&id).into_owned());
        let name = name.to_owned();
        let oldest = None;
        let queue = CountedQueue {
            name,
            waiting,
            started,
            abandoned,
            finished,
            failed,
            deferred,
            scheduled,
            canceled,
            workers,
            oldest,
        };
        (queue, head)
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

fn worker(fields: &Texts) -> CountedWorker {
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

//! Reading what stands around: many names at a time, in few round trips.

use std::collections::BTreeSet;

use redis::{Pipeline, Value};

use super::{Dangling, Deferred, Leftovers, QueueLeft, WorkerLeft};
use crate::job::{DaemonId, QueueName, Timestamp, WorkerName};
use crate::store::story::{Answers, dependency_ids, text};
use crate::store::{Card, Inventory, OtherDaemon, Standing, Store, StoreError};

/// How many queues one round trip asks for, and how many of other things.
const QUEUES: usize = 100;
const AT_ONCE: usize = 500;

/// The most ids of all queues together that are looked at, and the least and the most of one place.
const IDS: usize = 40_000;
const LEAST: usize = 10;
const MOST: usize = 500;

/// The most ids of an intermediate list, and the most dependencies of a job.
const INTERMEDIATE: usize = 100;
const DEPENDENCIES: usize = 100;

/// The most leases that are over, of a queue.
const LEASES: usize = 500;

/// How late the scheduler may be, in seconds: it looks every second, Python's every minute.
const LATE: i64 = 120;

/// The most daemons.
const DAEMONS: usize = 1000;

/// The places whose ids are looked up.
const PLACES: [Standing; 4] = [Standing::Queued, Standing::Deferred, Standing::Scheduled, Standing::Failed];

const WORKER: &[&str] = &["rqd_identity", "death", "last_heartbeat"];
const WAITING: &[&str] = &["dependency_ids", "dependency_id", "allow_dependency_failures"];

/// A pipeline in which a key of another type is told as absent.
fn asking() -> Pipeline {
    let mut ask = redis::pipe();
    ask.ignore_errors();
    ask
}

impl Store {
    /// Looks at these queues and at all that is registered; at all queues when none is named.
    pub(crate) async fn leftovers(&self, queues: &[String]) -> Result<Leftovers, StoreError> {
        let inventory = self.inventory(queues).await?;
        let most = (IDS / (inventory.queues.len().max(1) * PLACES.len())).clamp(LEAST, MOST);
        let names: Vec<QueueName> =
            inventory.queues.iter().map(|queue| QueueName::new(queue.name.as_str())).collect();
        let mut left = Vec::with_capacity(names.len());
        for names in names.chunks(QUEUES) {
            left.extend(self.queues_left(names, inventory.now, most).await?);
        }
        Ok(Leftovers {
            queues: left,
            workers: self.workers_left(&inventory).await?,
            daemons: self.daemons().await?,
            is_suspended_for_ever: inventory.is_suspended && self.is_suspended_for_ever().await?,
            inventory,
        })
    }

    async fn is_suspended_for_ever(&self) -> Result<bool, StoreError> {
        let mut ask = asking();
        ask.cmd("TTL").arg(self.keys.suspended());
        Ok(matches!(self.client.run_all(&ask).await?[..], [Value::Int(-1)]))
    }

    async fn queues_left(
        &self,
        names: &[QueueName],
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<QueueLeft>, StoreError> {
        let mut ask = asking();
        for name in names {
            self.ask_queue_left(&mut ask, name, now.micros() / 1_000_000, most);
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let mut left = Vec::with_capacity(names.len());
        for name in names {
            let (mut queue, ended, placed) = read_queue_left(&mut told, name);
            queue.kept = self.kept(&ended).await?;
            for (place, ids) in PLACES.into_iter().zip(placed) {
                let (there, gone) = self.sorted_out(ids).await?;
                if place == Standing::Deferred {
                    queue.deferred = self.deferred(&there).await?;
                }
                if !gone.is_empty() {
                    queue.dangling.push(Dangling { place, looked: there.len() + gone.len(), ids: gone });
                }
            }
            left.push(queue);
        }
        Ok(left)
    }

    fn ask_queue_left(&self, ask: &mut Pipeline, name: &QueueName, now: i64, most: usize) {
        ask.cmd("LRANGE").arg(self.keys.intermediate(name)).arg(0).arg(INTERMEDIATE - 1);
        ask.cmd("ZCOUNT").arg(self.keys.scheduled(name)).arg(0).arg(now - LATE);
        ask.cmd("EXISTS").arg(self.keys.scheduler_lock(name));
        ask.cmd("ZCOUNT").arg(self.keys.failed(name)).arg("+inf").arg("+inf");
        let ended = ask.cmd("ZRANGEBYSCORE").arg(self.keys.started(name)).arg(0).arg(now);
        ended.arg("LIMIT").arg(0).arg(LEASES);
        ask.cmd("LRANGE").arg(self.keys.queue(name)).arg(0).arg(most - 1);
        for registry in ["deferred", "scheduled"] {
            ask.cmd("ZRANGE").arg(self.keys.registry(registry, name)).arg(0).arg(most - 1);
        }
        // What has expired is only not cleaned away yet.
        let failed = ask.cmd("ZRANGEBYSCORE").arg(self.keys.failed(name)).arg(now).arg("+inf");
        failed.arg("LIMIT").arg(0).arg(most);
    }

    /// The jobs of those of these executions that somebody keeps though their leases are over. Daemons of ours renew theirs by
    /// the clock of Redis.
    async fn kept(&self, ended: &[String]) -> Result<Vec<String>, StoreError> {
        let ended: Vec<(&str, &str)> = ended.iter().filter_map(|member| member.split_once(':')).collect();
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = asking();
        for (job, execution) in &ended {
            ask.cmd("TTL").arg(self.keys.execution(job, execution));
            ask.cmd("HGET").arg(self.keys.job(job)).arg("rqd_run");
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let is_kept = |(_, execution): &(&str, &str)| {
            let (lasts, run) = (told.lasts(), told.bytes().unwrap_or_default());
            lasts.is_some() && !run.starts_with(execution.as_bytes())
        };
        Ok(ended.into_iter().filter(is_kept).map(|(job, _)| job.to_owned()).collect())
    }

    /// Which of these ids have a job, and which have none.
    async fn sorted_out(&self, ids: Vec<String>) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for ids in ids.chunks(AT_ONCE) {
            let mut ask = asking();
            for id in ids {
                // RQ: a hash without data counts as no job.
                ask.cmd("HEXISTS").arg(self.keys.job(id)).arg("data");
            }
            let mut told = Answers::new(self.client.run_all(&ask).await?);
            for id in ids {
                // What cannot be read is left alone.
                let is_gone = told.number() == Some(0);
                if is_gone { &mut gone } else { &mut there }.push(id.clone());
            }
        }
        Ok((there, gone))
    }

    /// What deferred jobs wait for.
    async fn deferred(&self, ids: &[String]) -> Result<Vec<Deferred>, StoreError> {
        let mut deferred = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let mut ask = asking();
            for id in ids {
                ask.cmd("HMGET").arg(self.keys.job(id)).arg(WAITING);
                ask.cmd("SRANDMEMBER").arg(self.keys.dependencies(id)).arg(DEPENDENCIES);
            }
            let mut told = Answers::new(self.client.run_all(&ask).await?);
            deferred.extend(ids.iter().map(|id| {
                let fields = told.named(WAITING);
                let all: BTreeSet<String> =
                    dependency_ids(&fields).into_iter().chain(told.members()).collect();
                let flag = text(&fields, "allow_dependency_failures").unwrap_or_default();
                Deferred {
                    id: id.clone(),
                    dependencies: all.into_iter().map(|id| (id, None)).collect(),
                    allows_failures: flag == "1" || flag.eq_ignore_ascii_case("true"),
                }
            }));
        }
        self.read_statuses(&mut deferred).await?;
        Ok(deferred)
    }

    async fn read_statuses(&self, deferred: &mut [Deferred]) -> Result<(), StoreError> {
        for deferred in deferred.chunks_mut(20) {
            let mut ask = asking();
            for (id, _) in deferred.iter().flat_map(|job| &job.dependencies) {
                ask.cmd("HGET").arg(self.keys.job(id)).arg("status");
            }
            if ask.cmd_iter().next().is_none() {
                continue;
            }
            let mut told = Answers::new(self.client.run_all(&ask).await?);
            for (_, status) in deferred.iter_mut().flat_map(|job| &mut job.dependencies) {
                *status = told.bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(())
    }

    async fn workers_left(&self, inventory: &Inventory) -> Result<Vec<WorkerLeft>, StoreError> {
        let registered = match self.worker_names().await {
            Ok(names) => names,
            Err(StoreError::Refused { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        // A queue may list one that the set of all does not.
        let serving = inventory.queues.iter().flat_map(|queue| &queue.workers);
        let names: BTreeSet<String> =
            registered.iter().map(WorkerName::to_string).chain(serving.cloned()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut workers = Vec::with_capacity(names.len());
        for names in names.chunks(AT_ONCE) {
            let mut ask = asking();
            for name in names {
                let name = WorkerName::new(name.as_str());
                ask.cmd("EXISTS").arg(self.keys.worker(&name));
                ask.cmd("HMGET").arg(self.keys.worker(&name)).arg(WORKER);
                ask.cmd("TTL").arg(self.keys.worker(&name));
                ask.cmd("PUBSUB").arg("NUMSUB").arg(self.keys.channel(&name));
            }
            let mut told = Answers::new(self.client.run_all(&ask).await?);
            for name in names {
                let is_there = told.number().is_none_or(|there| there > 0);
                let (fields, lasts) = (told.named(WORKER), told.lasts());
                workers.push(WorkerLeft {
                    name: name.clone(),
                    is_there,
                    has_left: text(&fields, "death").is_some(),
                    identity: text(&fields, "rqd_identity"),
                    listeners: told.listeners(),
                    last_heartbeat: text(&fields, "last_heartbeat"),
                    lasts,
                });
            }
        }
        Ok(workers)
    }

    /// The daemons that said no farewell.
    async fn daemons(&self) -> Result<Vec<OtherDaemon>, StoreError> {
        let mut ask = asking();
        ask.cmd("HGETALL").arg(self.keys.daemons());
        let cards = self.client.run_all(&ask).await?.into_iter().next();
        let cards: Vec<(String, Vec<u8>)> =
            cards.and_then(|cards| redis::from_redis_value(cards).ok()).unwrap_or_default();
        let mut ask = asking();
        for (daemon, _) in cards.iter().take(DAEMONS) {
            ask.cmd("EXISTS").arg(self.keys.alive(&DaemonId::new(daemon.as_str())));
        }
        if cards.is_empty() {
            return Ok(Vec::new());
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let other = |(daemon, card): (String, Vec<u8>)| OtherDaemon {
            daemon: DaemonId::new(daemon),
            card: serde_json::from_slice::<Card>(&card).unwrap_or_default(),
            is_alive: told.number().is_none_or(|there| there > 0),
        };
        Ok(cards.into_iter().take(DAEMONS).map(other).collect())
    }
}

/// A queue, the executions whose leases are over, and the ids of each place.
fn read_queue_left(
    told: &mut Answers,
    name: &QueueName,
) -> (QueueLeft, Vec<String>, [Vec<String>; PLACES.len()]) {
    let queue = QueueLeft {
        name: name.to_string(),
        intermediate: told.raw_members(),
        overdue: told.number().unwrap_or_default(),
        has_scheduler: told.number().is_none_or(|there| there > 0),
        failed_for_ever: told.number().unwrap_or_default(),
        ..QueueLeft::default()
    };
    (queue, told.members(), PLACES.map(|_| told.members()))
}

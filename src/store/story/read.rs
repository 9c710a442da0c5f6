//! Reading a story: what is under the job's own keys, then what these name. Two round trips, and each of bounded size.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::{Pipeline, Value};

use super::{Execution, Place, Relative, Story, Texts, WorkerCard, text};
use crate::job::{QueueName, Timestamp, WorkerName};
use crate::store::{Store, StoreError};

/// The fields of a job that are short in any job that makes sense.
const FIELDS: &[&str] = &[
    "status",
    "origin",
    "description",
    "created_at",
    "enqueued_at",
    "started_at",
    "ended_at",
    "last_heartbeat",
    "timeout",
    "result_ttl",
    "failure_ttl",
    "ttl",
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "success_callback_timeout",
    "failure_callback_timeout",
    "stopped_callback_timeout",
    "retries_left",
    "retry_intervals",
    "number_of_retries",
    "enqueue_at_front_on_retry",
    "repeats_left",
    "repeat_intervals",
    "rate_limit_key",
    "rate_limit_concurrency",
    "dependency_ids",
    "dependency_id",
    "allow_dependency_failures",
    "enqueue_at_front",
    "group_id",
    "worker_name",
    "webhooks",
    "rqd_run",
    "rqd_interruptions",
];

/// The fields that hold what people put into a job: they may be of any length.
const LONG: [&str; 4] = ["data", "meta", "result", "exc_info"];

/// The registries by the words in their keys, and RQ's names of them. `wip` has members of its own form.
const REGISTRIES: [(&str, &str); 6] = [
    ("finished", "finished"),
    ("failed", "failed"),
    ("deferred", "deferred"),
    ("ready", "ready"),
    ("scheduled", "scheduled"),
    ("canceled", "canceled"),
];

/// What is told of a worker.
const WORKER: &[&str] =
    &["state", "hostname", "pid", "last_heartbeat", "death", "version", "rqd_version", "queues"];

/// The most results, relatives and executions that are looked at.
const MOST: usize = 100;

/// The most members of a queue that are looked at for a job.
const DEEP: usize = 1_000_000;

impl Store {
    /// All that is known of a job; nothing when there is none. Values of more than `most` bytes are left out or cut.
    pub(crate) async fn story(&self, id: &str, most: u64) -> Result<Option<Story>, StoreError> {
        let own = self.own_keys(id);
        let jobs = [id];
        let (own, results) = tokio::join!(self.client.run_all(&own), self.newest_results(&jobs, MOST, most));
        let (mut own, results) = (Answers::new(own?), results?);
        let fields = own.named(FIELDS);
        let sizes: BTreeMap<_, u64> = LONG
            .into_iter()
            .filter_map(|name| Some((name, own.number()?)))
            .filter(|(_, size)| *size > 0)
            .collect();
        // RQ: a hash without data counts as no job.
        if !sizes.contains_key("data") {
            return Ok(None);
        }
        let now = own.clock().ok_or_else(|| self.malformed("TIME"))?;
        let expires_in = own.span();
        let dependents_in_all = own.number().unwrap_or_default();
        let dependents = own.members();
        let executions = own.scored();
        let is_suspended = own.number().unwrap_or_default() > 0;
        let (results, results_in_all) = results.into_iter().next().unwrap_or_default();
        let mut story = Story {
            id: id.to_owned(),
            now,
            fields,
            sizes,
            expires_in,
            results,
            results_in_all,
            place: Place { is_suspended, ..Place::default() },
            executions: executions.into_iter().map(|(id, _)| unread(id)).collect(),
            dependencies: Vec::new(),
            dependents: dependents.into_iter().map(stranger).collect(),
            dependents_in_all,
            worker: None,
        };
        story.dependencies = dependency_ids(&story.fields).into_iter().map(stranger).collect();
        self.read_what_it_names(&mut story, most).await?;
        Ok(Some(story))
    }

    fn own_keys(&self, id: &str) -> Pipeline {
        let mut ask = redis::pipe();
        // A key of another type is told as absent.
        ask.ignore_errors();
        let (job, dependents) = (self.keys.job(id), self.keys.dependents(id));
        ask.cmd("HMGET").arg(&job).arg(FIELDS);
        for name in LONG {
            ask.cmd("HSTRLEN").arg(&job).arg(name);
        }
        ask.cmd("TIME");
        ask.cmd("PTTL").arg(&job);
        ask.cmd("SCARD").arg(&dependents);
        // Unlike SMEMBERS, it gives no more than are asked for.
        ask.cmd("SRANDMEMBER").arg(&dependents).arg(MOST);
        ask.cmd("ZREVRANGE").arg(self.keys.executions(id)).arg(0).arg(MOST - 1).arg("WITHSCORES");
        ask.cmd("EXISTS").arg(self.keys.suspended());
        ask
    }

    /// The second round trip.
    async fn read_what_it_names(&self, story: &mut Story, most: u64) -> Result<(), StoreError> {
        let origin = story.text("origin").unwrap_or_default();
        let worker = story.text("worker_name");
        let limit = story.text("rate_limit_key").unwrap_or_default();
        let mut ask = redis::pipe();
        ask.ignore_errors();
        self.ask_place(&mut ask, &story.id, &QueueName::new(origin), &limit);
        for execution in &story.executions {
            ask.cmd("HGETALL").arg(self.keys.execution(&story.id, &execution.id));
            let queue = QueueName::new(story.text("origin").unwrap_or_default());
            ask.cmd("ZSCORE").arg(self.keys.started(&queue)).arg(format!("{}:{}", story.id, execution.id));
        }
        for relative in story.dependencies.iter().chain(&story.dependents) {
            ask.cmd("HMGET").arg(self.keys.job(&relative.id)).arg(&["status", "origin"]);
        }
        let long: Vec<&str> =
            story.sizes.iter().filter(|(_, size)| **size <= most).map(|(name, _)| *name).collect();
        for name in &long {
            ask.cmd("HGET").arg(self.keys.job(&story.id)).arg(name);
        }
        if let Some(worker) = &worker {
            ask.cmd("HMGET").arg(self.keys.worker(&WorkerName::new(worker.clone()))).arg(WORKER);
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        story.place = told.place(story.place.is_suspended);
        for execution in &mut story.executions {
            told.execution(execution);
        }
        for relative in story.dependencies.iter_mut().chain(&mut story.dependents) {
            let fields = told.named(&["status", "origin"]);
            (relative.status, relative.queue) = (text(&fields, "status"), text(&fields, "origin"));
        }
        for name in long {
            let value = told.bytes();
            story.fields.extend(value.map(|value| (name.to_owned(), value)));
        }
        story.worker = worker.map(|name| WorkerCard { name, fields: told.named(WORKER) });
        story.worker = story.worker.take().filter(|worker| !worker.fields.is_empty());
        Ok(())
    }

    fn ask_place(&self, ask: &mut Pipeline, id: &str, queue: &QueueName, limit: &str) {
        let list = self.keys.queue(queue);
        ask.cmd("LPOS").arg(&list).arg(id).arg("MAXLEN").arg(DEEP);
        ask.cmd("LLEN").arg(&list);
        ask.cmd("LPOS").arg(self.keys.intermediate(queue)).arg(id).arg("MAXLEN").arg(DEEP);
        ask.cmd("ZSCORE").arg(self.keys.started(queue)).arg(id);
        for (word, _) in REGISTRIES {
            ask.cmd("ZSCORE").arg(self.keys.registry(word, queue)).arg(id);
        }
        ask.cmd("ZRANK").arg(self.keys.rate_limited(limit)).arg(id);
        ask.cmd("SCARD").arg(self.keys.workers_of(queue));
        ask.cmd("EXISTS").arg(self.keys.scheduler_lock(queue));
    }
}

/// The jobs that a job waits for. RQ: old clients name one alone.
pub(in crate::store) fn dependency_ids(fields: &Texts) -> Vec<String> {
    let listed =
        text(fields, "dependency_ids").and_then(|json| serde_json::from_str::<Vec<String>>(&json).ok());
    let mut ids = listed.unwrap_or_else(|| text(fields, "dependency_id").into_iter().collect());
    ids.truncate(MOST);
    ids
}

fn stranger(id: String) -> Relative {
    Relative { id, status: None, queue: None }
}

fn unread(id: String) -> Execution {
    Execution { id, worker: None, created_at: None, last_heartbeat: None, lease_ends: None }
}

/// Answers in the order of the questions. What is an error, or of another type, is none.
pub(in crate::store) struct Answers(std::vec::IntoIter<Value>);

impl Answers {
    pub(in crate::store) fn new(answers: Vec<Value>) -> Self {
        Self(answers.into_iter())
    }

    fn next<T: redis::FromRedisValue>(&mut self) -> Option<T> {
        redis::from_redis_value(self.0.next()?).ok()
    }

    pub(in crate::store) fn number(&mut self) -> Option<u64> {
        self.next()
    }

    /// What TTL says: nothing of a key that is gone, or that stays for ever.
    pub(in crate::store) fn lasts(&mut self) -> Option<u64> {
        u64::try_from(self.next::<i64>()?).ok()
    }

    pub(in crate::store) fn bytes(&mut self) -> Option<Vec<u8>> {
        self.next::<Option<Vec<u8>>>().flatten()
    }

    /// The fields of an HMGET that are there.
    pub(in crate::store) fn named(&mut self, names: &[&str]) -> Texts {
        let values: Vec<Option<Vec<u8>>> = self.next().unwrap_or_default();
        let pairs = names.iter().zip(values);
        pairs.filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect()
    }

    pub(in crate::store) fn members(&mut self) -> Vec<String> {
        let members: Vec<Vec<u8>> = self.next().unwrap_or_default();
        members.into_iter().map(|member| String::from_utf8_lossy(&member).into_owned()).collect()
    }

    /// The members as they are.
    pub(in crate::store) fn raw_members(&mut self) -> Vec<Vec<u8>> {
        self.next().unwrap_or_default()
    }

    /// Whether there is anything but an error.
    pub(in crate::store) fn is_something(&mut self) -> bool {
        !matches!(self.0.next(), None | Some(Value::Nil | Value::ServerError(_)))
    }

    /// How many listen to the one channel that was asked for.
    pub(in crate::store) fn listeners(&mut self) -> Option<u64> {
        let (_, count): (Vec<u8>, u64) = self.next()?;
        Some(count)
    }

    pub(in crate::store) fn scored(&mut self) -> Vec<(String, f64)> {
        let members: Vec<(Vec<u8>, f64)> = self.next().unwrap_or_default();
        members
            .into_iter()
            .map(|(member, score)| (String::from_utf8_lossy(&member).into_owned(), score))
            .collect()
    }

    pub(in crate::store) fn clock(&mut self) -> Option<Timestamp> {
        let (seconds, micros): (i64, i64) = self.next()?;
        Timestamp::from_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?)
    }

    /// A PTTL; nothing where there is no end.
    fn span(&mut self) -> Option<Duration> {
        let milliseconds: i64 = self.next()?;
        u64::try_from(milliseconds).ok().map(Duration::from_millis)
    }

    fn place(&mut self, is_suspended: bool) -> Place {
        let ahead = self.next::<Option<u64>>().flatten();
        let queue_length = self.next().unwrap_or_default();
        let is_between = self.next::<Option<u64>>().flatten().is_some();
        // RQ: before 2.0 the started registry had job ids alone.
        let started = self.next::<Option<f64>>().flatten();
        let mut registries: Vec<_> = started.map(|score| ("started", score)).into_iter().collect();
        for (_, name) in REGISTRIES {
            registries.extend(self.next::<Option<f64>>().flatten().map(|score| (name, score)));
        }
        let limit_ahead = self.next::<Option<u64>>().flatten();
        let listeners = self.next().unwrap_or_default();
        let has_scheduler = self.next::<u64>().is_some_and(|there| there > 0);
        Place {
            ahead,
            queue_length,
            is_between,
            registries,
            limit_ahead,
            listeners,
            has_scheduler,
            is_suspended,
        }
    }

    fn execution(&mut self, execution: &mut Execution) {
        let fields: BTreeMap<String, Vec<u8>> = self.next().unwrap_or_default();
        let number = |name| text(&fields, name).and_then(|text| text.parse().ok());
        execution.worker = text(&fields, "worker_name");
        (execution.created_at, execution.last_heartbeat) = (number("created_at"), number("last_heartbeat"));
        execution.lease_ends = self.next::<Option<f64>>().flatten();
    }
}

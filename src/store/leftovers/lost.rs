//! Jobs that say they run, stand in no registry, and are in no worker's hand: nobody looks for them.

use redis::Value;

use crate::job::{QueueName, WorkerName};
use crate::store::story::{Answers, text};
use crate::store::{Store, StoreError};

/// How many keys one step of the search asks for, and how many keys it looks at in all.
const STEP: usize = 1000;
const MOST: usize = 200_000;

/// The most lost jobs that are told.
const TOLD: usize = 100;

const FIELDS: &[&str] = &["status", "origin", "worker_name", "started_at"];

/// A job that says it runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LostJob {
    pub(crate) id: String,
    pub(crate) queue: String,
    pub(crate) worker: Option<String>,
    pub(crate) started_at: Option<String>,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lost {
    pub(crate) jobs: Vec<LostJob>,
    /// Whether every key was looked at.
    pub(crate) is_whole: bool,
}

impl Store {
    /// Searches the jobs for those that say they run and stand in no registry.
    pub(crate) async fn lost(&self) -> Result<Lost, StoreError> {
        let mut lost = Lost::default();
        let (mut cursor, mut looked) = (0_u64, 0);
        let before = self.keys.job("");
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}*", escaped(&before))).arg("COUNT").arg(STEP);
            let (next, keys) = match self.client.run(&scan).await {
                Ok(answer) => redis::from_redis_value::<(u64, Vec<Vec<u8>>)>(answer)
                    .map_err(|_| self.malformed("SCAN"))?,
                Err(StoreError::Refused { .. }) => return Ok(lost),
                Err(error) => return Err(error),
            };
            looked += STEP;
            let ids: Vec<String> = keys.iter().filter_map(|key| id_of(key, &before)).collect();
            let started = self.started(&ids).await?;
            lost.jobs.extend(self.nowhere(started).await?);
            cursor = next;
            lost.is_whole = cursor == 0;
            if lost.is_whole || looked >= MOST || lost.jobs.len() >= TOLD {
                return Ok(lost);
            }
        }
    }

    /// Which of the jobs that were lost still are: one that was between two steps of its worker is not.
    pub(crate) async fn still_lost(&self, lost: &[LostJob]) -> Result<Vec<LostJob>, StoreError> {
        let ids: Vec<String> = lost.iter().map(|job| job.id.clone()).collect();
        let started = self.started(&ids).await?;
        self.nowhere(started).await
    }

    /// Those that say they run.
    async fn started(&self, ids: &[String]) -> Result<Vec<LostJob>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = redis::pipe();
        ask.ignore_errors();
        for id in ids {
            ask.cmd("HMGET").arg(self.keys.job(id)).arg(FIELDS);
        }
        let mut told = Answers::new(self.client.run_all(&ask).await?);
        let mut started = Vec::new();
        for id in ids {
            let fields = told.named(FIELDS);
            let (Some("started"), Some(queue)) =
                (text(&fields, "status").as_deref(), text(&fields, "origin"))
            else {
                continue;
            };
            let (worker, started_at) = (text(&fields, "worker_name"), text(&fields, "started_at"));
            started.push(LostJob { id: id.clone(), queue, worker, started_at });
        }
        Ok(started)
    }

    /// Those of them that stand in no started registry and on no way there, and that nobody has in hand.
    async fn nowhere(&self, started: Vec<LostJob>) -> Result<Vec<LostJob>, StoreError> {
        let mut nowhere = Vec::new();
        for job in started {
            let queue = QueueName::new(job.queue.as_str());
            let mut ask = redis::pipe();
            ask.ignore_errors();
            ask.cmd("ZRANGE").arg(self.keys.executions(&job.id)).arg(0).arg(99);
            ask.cmd("LPOS").arg(self.keys.intermediate(&queue)).arg(&job.id);
            ask.cmd("LPOS").arg(self.keys.queue(&queue)).arg(&job.id).arg("MAXLEN").arg(10_000);
            // RQ: before 2.0 the registry had job ids alone.
            ask.cmd("ZSCORE").arg(self.keys.started(&queue)).arg(&job.id);
            let worker = WorkerName::new(job.worker.as_deref().unwrap_or_default());
            ask.cmd("HGET").arg(self.keys.worker(&worker)).arg("current_job");
            let mut told = Answers::new(self.client.run_all(&ask).await?);
            let executions = told.members();
            let placed = [(); 3].map(|()| told.is_something());
            // RQ: before 3.0 a worker has one job, and says which.
            let is_in_hand = told.bytes().is_some_and(|current| current == job.id.as_bytes());
            let is_somewhere = placed.contains(&true) || is_in_hand;
            if !is_somewhere && !self.runs(&job.id, &queue, &executions).await? {
                nowhere.push(job);
            }
        }
        Ok(nowhere)
    }

    async fn runs(&self, job: &str, queue: &QueueName, executions: &[String]) -> Result<bool, StoreError> {
        if executions.is_empty() {
            return Ok(false);
        }
        let mut ask = redis::pipe();
        ask.ignore_errors();
        for execution in executions {
            ask.cmd("ZSCORE").arg(self.keys.started(queue)).arg(format!("{job}:{execution}"));
            // RQ: a cleaner of version 1 strikes out members that it cannot read; the heart of the worker goes on.
            ask.cmd("EXISTS").arg(self.keys.execution(job, execution));
        }
        Ok(self.client.run_all(&ask).await?.iter().any(|told| !matches!(told, Value::Nil | Value::Int(0))))
    }
}

/// The id in the key of a job; other keys of a job have a colon more.
fn id_of(key: &[u8], before: &str) -> Option<String> {
    let id = std::str::from_utf8(key).ok()?.strip_prefix(before)?;
    (!id.is_empty() && !id.contains(':')).then(|| id.to_owned())
}

/// A text that a pattern of Redis takes as it is.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        if "*?[]\\^".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

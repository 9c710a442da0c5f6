//! Lists of jobs, a page at a time, and what is told of each.

use redis::Value;

use super::story::{Answers, Texts, inflated, text};
use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp, call};

/// How much of a payload is read: the function is the first thing in it.
const PAYLOAD: usize = 600;

/// How many bytes of it are unpacked.
const UNPACKED: usize = 4096;

/// The fields that tell what kind of job it is.
const FIELDS: &[&str] = &[
    "status",
    "origin",
    "description",
    "created_at",
    "enqueued_at",
    "started_at",
    "ended_at",
    "worker_name",
];

/// Where jobs stand. Those that were stopped are among the failed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Queued,
    Started,
    Deferred,
    Scheduled,
    Finished,
    Failed,
    Canceled,
}

/// What a list tells of a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) queue: String,
    pub(crate) function: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) enqueued_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) worker: Option<String>,
}

impl Standing {
    pub(crate) const ALL: [Self; 7] = [
        Self::Queued,
        Self::Started,
        Self::Deferred,
        Self::Scheduled,
        Self::Finished,
        Self::Failed,
        Self::Canceled,
    ];

    /// The word in the key of its registry; a queue is none.
    pub(super) fn registry(self) -> Option<&'static str> {
        Some(match self {
            Self::Queued => return None,
            Self::Started => "wip",
            Self::Deferred => "deferred",
            Self::Scheduled => "scheduled",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        })
    }
}

impl Store {
    /// So many ids from an offset on, in the order of the place.
    pub(crate) async fn ids_at(
        &self,
        queue: &QueueName,
        place: Standing,
        offset: usize,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let (command, key) = match place.registry() {
            None => ("LRANGE", self.keys.queue(queue)),
            Some(registry) => ("ZRANGE", self.keys.registry(registry, queue)),
        };
        let mut ask = redis::pipe();
        ask.ignore_errors();
        ask.cmd(command).arg(key).arg(offset).arg(offset + most.max(1) - 1);
        let members = Answers::new(self.client.run_all(&ask).await?).members();
        if place != Standing::Started {
            return Ok(members);
        }
        // RQ: an execution stands there by job and execution; version 1 has the job alone.
        let job = |member: String| member.split_once(':').map(|(job, _)| job.to_owned()).unwrap_or(member);
        Ok(members.into_iter().map(job).collect())
    }

    /// What is told of these jobs; nothing of one that is gone.
    pub(crate) async fn listed(&self, ids: &[String]) -> Result<Vec<Option<Listed>>, StoreError> {
        let jobs: Vec<String> = ids.iter().map(|id| self.keys.job(id)).collect();
        let mut args = self.args([PAYLOAD.to_string().as_str()]);
        args.extend(FIELDS.iter().map(|name| name.as_bytes().to_vec()));
        let answer = self.client.script(&scripts::SKIM, &jobs, &args).await?;
        let Value::Array(told) = answer else { return Err(self.malformed("skim")) };
        if told.len() != ids.len() + 1 {
            return Err(self.malformed("skim"));
        }
        Ok(ids.iter().zip(told.into_iter().skip(1)).map(|(id, told)| listed(id, told)).collect())
    }
}

fn listed(id: &str, told: Value) -> Option<Listed> {
    let values: Vec<Vec<u8>> = redis::from_redis_value(told).ok()?;
    let (data, values) = values.split_first()?;
    let fields: Texts = FIELDS.iter().map(|name| (*name).to_owned()).zip(values.iter().cloned()).collect();
    let moment = |name| text(&fields, name).and_then(|text| Timestamp::parse(&text));
    Some(Listed {
        id: id.to_owned(),
        status: text(&fields, "status").unwrap_or_else(|| "created".to_owned()),
        queue: text(&fields, "origin").unwrap_or_default(),
        function: call::function(&inflated(data, UNPACKED)),
        description: text(&fields, "description"),
        created_at: moment("created_at"),
        enqueued_at: moment("enqueued_at"),
        started_at: moment("started_at"),
        ended_at: moment("ended_at"),
        worker: text(&fields, "worker_name"),
    })
}

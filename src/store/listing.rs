//! Lists of jobs, a page at a time, and what is told of each.

use redis::{Pipeline, Value};

use super::story::{Answers, Texts, inflated, text};
use super::{Keys, Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp, call};

/// How much of a payload is read: the function is the first thing in it.
const PAYLOAD: usize = 600;

/// How long a payload may be for its function to be read, unless it is asked for: Redis copies it as a whole.
const LONG: u64 = 1 << 20;

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
    /// Taken from the queue by a worker that has not begun them.
    Taken,
    Started,
    Deferred,
    /// Nothing holds them back any more, and they are not on the queue yet.
    Ready,
    Scheduled,
    Finished,
    Failed,
    Canceled,
    /// In the waiting room of a limit, which is no queue's.
    RateLimited,
}

/// A key under which ids of jobs stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelf {
    standing: Standing,
    key: String,
    /// Of a sorted set only what lies between these.
    scores: Option<[String; 2]>,
}

/// Of which jobs the function is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Functions {
    Untold,
    /// Of those whose payload is not long.
    OfShort,
    OfAll,
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
    pub(crate) const ALL: [Self; 10] = [
        Self::Queued,
        Self::Taken,
        Self::Started,
        Self::Deferred,
        Self::Ready,
        Self::Scheduled,
        Self::Finished,
        Self::Failed,
        Self::Canceled,
        Self::RateLimited,
    ];

    /// The key of a queue; nothing of a waiting room.
    pub(super) fn key(self, keys: &Keys, queue: &QueueName) -> Option<String> {
        let registry = match self {
            Self::Queued => return Some(keys.queue(queue)),
            Self::Taken => return Some(keys.intermediate(queue)),
            Self::RateLimited => return None,
            Self::Started => "wip",
            Self::Deferred => "deferred",
            Self::Ready => "ready",
            Self::Scheduled => "scheduled",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        };
        Some(keys.registry(registry, queue))
    }
}

impl Shelf {
    fn is_list(&self) -> bool {
        matches!(self.standing, Standing::Queued | Standing::Taken)
    }

    /// Asks for those that came last.
    pub(super) fn ask_newest(&self, ask: &mut Pipeline, most: usize) {
        if self.is_list() {
            ask.cmd("LRANGE").arg(&self.key).arg(format!("-{most}")).arg(-1);
        } else {
            ask.cmd("ZREVRANGE").arg(&self.key).arg(0).arg(most.max(1) - 1);
        }
    }

    /// The jobs of what stands there.
    pub(super) fn ids(&self, members: Vec<String>) -> Vec<String> {
        if self.standing != Standing::Started {
            return members;
        }
        // RQ: an execution stands there by job and execution; version 1 has the job alone.
        let job = |member: String| member.split_once(':').map(|(job, _)| job.to_owned()).unwrap_or(member);
        members.into_iter().map(job).collect()
    }
}

impl Store {
    /// Where such jobs of these queues stand, queue by queue; the waiting rooms of limits at last, with jobs of any queue.
    pub(crate) async fn shelves(
        &self,
        queues: &[QueueName],
        standings: &[Standing],
    ) -> Result<Vec<Shelf>, StoreError> {
        let of_queue = |queue| {
            let keys = standings.iter().map(move |standing| (*standing, standing.key(&self.keys, queue)));
            keys.filter_map(|(standing, key)| Some(Shelf { standing, key: key?, scores: None }))
        };
        let mut shelves: Vec<Shelf> = queues.iter().flat_map(of_queue).collect();
        if standings.contains(&Standing::RateLimited) {
            let mut ask = redis::pipe();
            ask.ignore_errors();
            ask.cmd("SMEMBERS").arg(self.keys.limits());
            let mut limits = Answers::new(self.client.run_all(&ask).await?).members();
            limits.sort();
            let room = |limit: &String| Shelf {
                standing: Standing::RateLimited,
                key: self.keys.rate_limited(limit),
                scores: None,
            };
            shelves.extend(limits.iter().map(room));
        }
        Ok(shelves)
    }

    /// Where the failed jobs of a queue stand, without those whose time is over. RQ: the score of what is kept for ever is -1.
    pub(crate) async fn failures(&self, queue: &QueueName) -> Result<[Shelf; 2], StoreError> {
        let now = self.clock().await?.micros() / 1_000_000;
        let between = |from: &str, to: &str| Shelf {
            standing: Standing::Failed,
            key: self.keys.registry("failed", queue),
            scores: Some([from.to_owned(), to.to_owned()]),
        };
        Ok([between("-inf", "(0"), between(&format!("({now}"), "+inf")])
    }

    /// So many ids from an offset on, in the order of the place.
    pub(crate) async fn ids_at(
        &self,
        place: &Shelf,
        offset: usize,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut ask = redis::pipe();
        ask.ignore_errors();
        if let Some(scores) = &place.scores {
            ask.cmd("ZRANGEBYSCORE").arg(&place.key).arg(scores).arg("LIMIT").arg(offset).arg(most);
        } else {
            ask.cmd(if place.is_list() { "LRANGE" } else { "ZRANGE" });
            ask.arg(&place.key).arg(offset).arg(offset + most.max(1) - 1);
        }
        Ok(place.ids(Answers::new(self.client.run_all(&ask).await?).members()))
    }

    /// What is told of these jobs; nothing of one that is gone.
    pub(crate) async fn listed(&self, ids: &[String]) -> Result<Vec<Option<Listed>>, StoreError> {
        self.skimmed(ids, Functions::OfShort).await
    }

    /// The same, by whether their functions are to be told.
    pub(crate) async fn skimmed(
        &self,
        ids: &[String],
        functions: Functions,
    ) -> Result<Vec<Option<Listed>>, StoreError> {
        let longest = match functions {
            Functions::Untold => 0,
            Functions::OfShort => LONG,
            Functions::OfAll => u64::from(u32::MAX),
        };
        let mut args = self.args([&PAYLOAD.to_string(), &longest.to_string()]);
        args.extend(FIELDS.iter().map(|name| name.as_bytes().to_vec()));
        let mut jobs = Vec::with_capacity(ids.len());
        while jobs.len() < ids.len() {
            let rest = &ids[jobs.len()..];
            let keys: Vec<String> = rest.iter().map(|id| self.keys.job(id)).collect();
            let answer = self.client.script(&scripts::SKIM, &keys, &args).await?;
            let Value::Array(told) = answer else { return Err(self.malformed("skim")) };
            if !(2..=rest.len() + 1).contains(&told.len()) {
                return Err(self.malformed("skim"));
            }
            jobs.extend(rest.iter().zip(told.into_iter().skip(1)).map(|(id, told)| listed(id, told)));
        }
        Ok(jobs)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::server::{Server, run};
    use crate::store::{Address, Client};

    #[test]
    fn long_payloads_are_read_a_few_at_a_time_and_only_where_their_functions_count() {
        let server = Server::start(&[]);
        run(async {
            let store =
                Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"));
            let long = format!("[\"app.long\", null, [\"{}\"], {{}}]", "x".repeat(2 << 20));
            let mut fill = redis::pipe();
            for number in 0..9 {
                let data = if number == 4 { "[\"app.short\", null, [], {}]" } else { long.as_str() };
                fill.cmd("HSET")
                    .arg(format!("rq:job:{number}"))
                    .arg(&["data", data, "status", "queued", "origin", "q"])
                    .arg(&["description", data]);
            }
            store.client().run_all(&fill).await.unwrap();
            let ids: Vec<String> = (0..10).map(|number| number.to_string()).collect();

            for (functions, of_long, of_short) in [
                (Functions::Untold, None, None),
                (Functions::OfShort, None, Some("app.short")),
                (Functions::OfAll, Some("app.long"), Some("app.short")),
            ] {
                let listed = store.skimmed(&ids, functions).await.unwrap();

                assert_eq!(listed.len(), 10);
                for (at, job) in listed[..9].iter().enumerate() {
                    let job = job.as_ref().unwrap();
                    let expected = if at == 4 { of_short } else { of_long };
                    assert_eq!((job.queue.as_str(), job.function.as_deref()), ("q", expected), "{at}");
                    assert_eq!(job.description.is_some(), at == 4, "{:?}", job.id);
                }
                assert!(listed[9].is_none());
            }
            let answer = store.client().run(redis::cmd("INFO").arg("commandstats")).await.unwrap();
            let Value::BulkString(stats) = answer else { panic!("a text") };
            let stats = String::from_utf8(stats).unwrap();
            let scripts = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
            // Once each for the first two, and eight of 2 MiB two at a time; the server asked for the script once.
            assert!(scripts.starts_with("8,"), "{scripts}");
        });
    }
}

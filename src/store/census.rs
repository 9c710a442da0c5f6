//! How many jobs there are, for those who watch.

use std::time::Duration;

use super::reply::Reply;
use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

/// The statuses of jobs, in the order in which they are counted.
pub(crate) const STATUSES: [&str; 7] =
    ["queued", "started", "finished", "failed", "deferred", "scheduled", "canceled"];

/// What Redis holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) suspended: bool,
    pub(crate) queues: Vec<Counted>,
}

/// What is known of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) queue: QueueName,
    /// Jobs by status.
    pub(crate) jobs: [u64; STATUSES.len()],
    /// For how long the first job has waited; nothing when none waits, or none says since when.
    pub(crate) oldest: Option<Duration>,
}

/// What stands under the keys of a queue. What has expired and was not cleaned away is among it.
pub(super) struct Tally {
    pub(super) waiting: u64,
    pub(super) started: Expiring,
    pub(super) finished: Expiring,
    pub(super) failed: Expiring,
    pub(super) deferred: u64,
    pub(super) scheduled: u64,
    pub(super) canceled: u64,
    /// When its first job was enqueued, if it says so.
    pub(super) oldest: Option<Timestamp>,
    /// The keys of those who serve it.
    pub(super) workers: Vec<String>,
}

/// The jobs of a registry whose entries expire.
#[derive(Clone, Copy)]
pub(super) struct Expiring {
    pub(super) all: u64,
    pub(super) expired: u64,
}

impl Expiring {
    /// Those that have not expired.
    pub(super) fn left(self) -> u64 {
        self.all.saturating_sub(self.expired)
    }
}

impl Store {
    /// Counts the jobs of queues, in one round trip that changes nothing.
    pub(crate) async fn census(&self, queues: &[QueueName]) -> Result<Census, StoreError> {
        let (suspended, tallies) = self.tally(queues, "numbers").await?;
        let now = Timestamp::now();
        let counted = queues.iter().zip(tallies).map(|(queue, tally)| Counted::of(queue, &tally, now));
        Ok(Census { suspended, queues: counted.collect() })
    }

    /// What stands under the keys of each of these queues, with what has expired, and the workers.
    pub(super) async fn tallies(&self, queues: &[QueueName]) -> Result<Vec<Tally>, StoreError> {
        Ok(self.tally(queues, "whole").await?.1)
    }

    /// Whether RQ is suspended, and what stands under the keys of each of these queues.
    async fn tally(&self, queues: &[QueueName], how: &str) -> Result<(bool, Vec<Tally>), StoreError> {
        let mut args = self.args([how]);
        args.extend(queues.iter().map(|queue| queue.as_str().as_bytes().to_vec()));
        let mut reply = self.call(&scripts::CENSUS, &[self.keys.suspended()], &args).await?;
        let suspended = reply.integer().map(|mark| mark != 0);
        let tallies = queues.iter().map(|_| Tally::read(&mut reply)).collect::<Option<_>>();
        suspended.zip(tallies).ok_or_else(|| self.malformed("census"))
    }
}

impl Counted {
    fn of(queue: &QueueName, tally: &Tally, now: Timestamp) -> Self {
        Self {
            queue: queue.clone(),
            jobs: [
                tally.waiting,
                tally.started.all,
                tally.finished.all,
                tally.failed.all,
                tally.deferred,
                tally.scheduled,
                tally.canceled,
            ],
            // Clocks differ: one that is behind makes jobs young.
            oldest: tally.oldest.map(|since| now.since(since)),
        }
    }
}

impl Tally {
    fn read(reply: &mut Reply) -> Option<Self> {
        let mut numbers = [0; 10];
        for number in &mut numbers {
            *number = u64::try_from(reply.integer()?).ok()?;
        }
        let [waiting, wip, finished, failed, late, old, forgiven, deferred, scheduled, canceled] = numbers;
        Some(Self {
            waiting,
            started: Expiring { all: wip, expired: late },
            finished: Expiring { all: finished, expired: old },
            failed: Expiring { all: failed, expired: forgiven },
            deferred,
            scheduled,
            canceled,
            oldest: Timestamp::parse(&reply.text()?),
            workers: reply.list()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::super::tests::server::Server;
    use super::super::{Address, Client, Keys};
    use super::*;

    #[tokio::test]
    async fn queues_are_counted_and_what_is_of_another_type_is_left_alone() {
        let server = Server::start(&[]);
        let client = Client::new(Address::from_url(&server.url()).unwrap(), None);
        let store = Store::new(client, Keys::new("rq"));
        let since = Timestamp::from_micros(Timestamp::now().micros() - 60_000_000).unwrap();
        for command in [
            vec!["RPUSH", "rq:queue:a", "j1", "j2"],
            vec!["HSET", "rq:job:j1", "enqueued_at", &since.iso()],
            vec!["ZADD", "rq:failed:a", "1", "j3"],
            vec!["SET", "rq:queue:b", "no list"],
            vec!["SET", "rq:suspended", "1"],
        ] {
            let mut packed = redis::cmd(command[0]);
            store.client().run(packed.arg(&command[1..])).await.unwrap();
        }

        let census = store.census(&["a", "b"].map(QueueName::new)).await.unwrap();

        assert!(census.suspended);
        let [a, b] = &census.queues[..] else { panic!("two queues") };
        assert_eq!(a.jobs, [2, 0, 0, 1, 0, 0, 0]);
        assert!(a.oldest.is_some_and(|oldest| oldest >= Duration::from_secs(60)), "{a:?}");
        assert_eq!((b.jobs, b.oldest), ([0; 7], None));
        let Value::BulkString(stats) =
            store.client().run(redis::cmd("INFO").arg("commandstats")).await.unwrap()
        else {
            panic!("a text")
        };
        let stats = String::from_utf8(stats).unwrap();
        assert!(!stats.contains("zcount") && !stats.contains("smembers"), "nobody is told: {stats}");
        assert_eq!(store.client().run(redis::cmd("TYPE").arg("rq:queue:b")).await.unwrap(), {
            Value::SimpleString("string".to_owned())
        });
    }
}

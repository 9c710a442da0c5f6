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

impl Store {
    /// Counts the jobs of queues, in one round trip that changes nothing.
    pub(crate) async fn census(&self, queues: &[QueueName]) -> Result<Census, StoreError> {
        let mut args = self.args([]);
        args.extend(queues.iter().map(|queue| queue.as_str().as_bytes().to_vec()));
        let mut reply = self.call(&scripts::CENSUS, &[self.keys.suspended()], &args).await?;
        let now = Timestamp::now();
        let suspended = reply.integer().map(|mark| mark != 0);
        let counted = queues.iter().map(|queue| count(&mut reply, queue, now)).collect::<Option<_>>();
        match (suspended, counted) {
            (Some(suspended), Some(queues)) => Ok(Census { suspended, queues }),
            _ => Err(self.malformed("census")),
        }
    }
}

fn count(reply: &mut Reply, queue: &QueueName, now: Timestamp) -> Option<Counted> {
    let mut jobs = [0; STATUSES.len()];
    for number in &mut jobs {
        *number = u64::try_from(reply.integer()?).ok()?;
    }
    // Clocks differ: one that is behind makes jobs young.
    let oldest = Timestamp::parse(&reply.text()?).map(|since| now.since(since));
    Some(Counted { queue: queue.clone(), jobs, oldest })
}

#[cfg(test)]
mod tests {
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
        assert_eq!(store.client().run(redis::cmd("TYPE").arg("rq:queue:b")).await.unwrap(), {
            redis::Value::SimpleString("string".to_owned())
        });
    }
}

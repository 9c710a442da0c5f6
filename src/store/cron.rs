//! Cron schedulers: their entries for RQ's monitors, and the runs, each enqueued once whoever is first.

use std::time::Duration;

use redis::Value;

use super::reply::Reply;
use super::{Store, StoreError, scripts};
use crate::job::{JobId, QueueName, Timestamp};

/// RQ: how long a scheduler's hash outlives its last heartbeat.
const TTL: u64 = 120;
/// How long what is known of an entry outlives its last run.
const MEMORY: u64 = 63_072_000;

/// What is known of an entry from earlier, or from other daemons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// The time of its last run, as its schedule has it.
    pub(crate) last: Option<Timestamp>,
    /// When anybody saw the entry first.
    pub(crate) since: Timestamp,
}

/// One run of an entry.
pub(crate) struct CronRun<'a> {
    /// The entry's name, which its history goes by.
    pub(crate) name: &'a str,
    /// What makes the entry one and the same for all daemons.
    pub(crate) fence: &'a str,
    pub(crate) queue: &'a QueueName,
    /// The time of the run, as the schedule has it.
    pub(crate) at: Timestamp,
    /// The least time after the last run in microseconds; 0 where any will do.
    pub(crate) gap: u64,
    /// How far ahead of Redis' clock a last run is believed, in microseconds.
    pub(crate) lead: u64,
    pub(crate) job: &'a JobId,
    pub(crate) now: Timestamp,
    /// How long the job may wait, in seconds.
    pub(crate) ttl: Option<i64>,
    /// Whether the run is left out while the last one is not over.
    pub(crate) no_overlap: bool,
    pub(crate) fields: Vec<(&'a str, Vec<u8>)>,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CronEnqueued {
    /// It is in its queue.
    Enqueued,
    /// A run of this time or a later one was enqueued before, perhaps by this very call when it was sent first.
    Already { last: Timestamp, by: String },
    /// The last run's job is not over.
    Overlapping(String),
    /// It lies so far ahead of Redis' clock that it was refused.
    Ahead(Duration),
}

impl Store {
    /// Enters a scheduler.
    pub(crate) async fn cron_birth(&self, name: &str, hash: &[(&str, String)]) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        let now = Timestamp::now().float();
        pipeline.atomic().cmd("ZADD").arg(self.keys.cron_schedulers()).arg("NX").arg(now).arg(name);
        self.add_hash(&mut pipeline, name, hash);
        self.client.run_all(&pipeline).await.map(drop)
    }

    /// Writes a scheduler's hash anew.
    pub(crate) async fn cron_save(&self, name: &str, hash: &[(&str, String)]) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        self.add_hash(pipeline.atomic(), name, hash);
        self.client.run_all(&pipeline).await.map(drop)
    }

    /// Renews a scheduler's life sign; tells whether it was still listed, and whether its hash was still there.
    pub(crate) async fn cron_beat(&self, name: &str) -> Result<(bool, bool), StoreError> {
        let mut pipeline = redis::pipe();
        let now = Timestamp::now().float();
        pipeline.atomic().cmd("ZADD").arg(self.keys.cron_schedulers()).arg(now).arg(name);
        pipeline.cmd("EXPIRE").arg(self.keys.cron_scheduler(name)).arg(TTL);
        match self.client.run_all(&pipeline).await?.as_slice() {
            [Value::Int(added), Value::Int(renewed)] => Ok((*added == 0, *renewed == 1)),
            _ => Err(self.malformed("a heartbeat")),
        }
    }

    /// Takes a scheduler out of the list; its hash expires by itself.
    pub(crate) async fn cron_death(&self, name: &str) -> Result<(), StoreError> {
        let mut command = redis::cmd("ZREM");
        command.arg(self.keys.cron_schedulers()).arg(name);
        self.client.run(&command).await.map(drop)
    }

    /// What is known of an entry; from now on somebody has seen it.
    pub(crate) async fn cron_meet(&self, fence: &str, now: Timestamp) -> Result<Known, StoreError> {
        let key = self.keys.cron_fence(fence);
        let mut pipeline = redis::pipe();
        pipeline.atomic().cmd("HSETNX").arg(&key).arg("since").arg(now.micros());
        pipeline.cmd("EXPIRE").arg(&key).arg(MEMORY);
        pipeline.cmd("HMGET").arg(&key).arg("last").arg("since");
        let answers = self.client.run_all(&pipeline).await?;
        let Some(Value::Array(state)) = answers.last() else { return Err(self.malformed("an entry")) };
        let [last, since] = [0, 1].map(|at| state.get(at).and_then(moment));
        Ok(Known { last, since: since.unwrap_or(now) })
    }

    /// Enqueues a run, if nobody has yet. It may be sent again with the same job id.
    pub(crate) async fn cron_enqueue(&self, run: &CronRun<'_>) -> Result<CronEnqueued, StoreError> {
        let keys = [
            self.keys.cron_fence(run.fence),
            self.keys.queues(),
            self.keys.queue(run.queue),
            self.keys.job(run.job.as_str()),
            self.keys.cron_history(run.name),
            self.keys.cron_jobs(),
        ];
        let mut args = self.args([
            run.name,
            &run.at.micros().to_string(),
            &run.gap.to_string(),
            &run.lead.to_string(),
            run.job.as_str(),
            &run.now.float(),
            &run.ttl.map_or_else(String::new, |ttl| ttl.to_string()),
            if run.no_overlap { "skip" } else { "allow" },
        ]);
        args.extend(run.fields.iter().flat_map(|(name, value)| [name.as_bytes().to_vec(), value.clone()]));
        let reply = self.call(&scripts::CRON_ENQUEUE, &keys, &args).await?;
        enqueued(reply, run.at).ok_or_else(|| self.malformed("a cron run"))
    }

    fn add_hash(&self, pipeline: &mut redis::Pipeline, name: &str, hash: &[(&str, String)]) {
        let key = self.keys.cron_scheduler(name);
        pipeline.cmd("HSET").arg(&key).arg(hash);
        pipeline.cmd("EXPIRE").arg(&key).arg(TTL);
    }
}

fn enqueued(mut reply: Reply, at: Timestamp) -> Option<CronEnqueued> {
    Some(match reply.status() {
        "enqueued" => CronEnqueued::Enqueued,
        "already" => {
            let last = Timestamp::from_micros(reply.text()?.parse().ok()?)?;
            CronEnqueued::Already { last, by: reply.text()? }
        }
        "overlapping" => CronEnqueued::Overlapping(reply.text()?),
        "ahead" => CronEnqueued::Ahead(at.since(Timestamp::from_micros(reply.text()?.parse().ok()?)?)),
        _ => return None,
    })
}

fn moment(value: &Value) -> Option<Timestamp> {
    let text: String = redis::from_redis_value_ref(value).ok()?;
    Timestamp::from_micros(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::tests::server::Server;
    use super::super::{Address, Client, Keys};
    use super::*;

    #[tokio::test]
    async fn a_run_in_the_future_is_refused_and_nothing_is_written() {
        let server = Server::start(&[]);
        let client = Client::new(Address::from_url(&server.url()).unwrap(), None);
        let store = Store::new(client, Keys::new("rq"));
        let (queue, job, now) = (QueueName::new("default"), JobId::random(), store.clock().await.unwrap());
        let run = |seconds: u64| CronRun {
            name: "n",
            fence: "n",
            queue: &queue,
            at: now.plus(Duration::from_secs(seconds)),
            gap: 0,
            lead: 0,
            job: &job,
            now,
            ttl: None,
            no_overlap: false,
            fields: vec![("data", Vec::new())],
        };

        let CronEnqueued::Ahead(ahead) = store.cron_enqueue(&run(3_600)).await.unwrap() else {
            panic!("it was not refused")
        };

        assert!((3_590..=3_600).contains(&ahead.as_secs()), "{ahead:?}");
        assert_eq!(store.client().run(&redis::cmd("DBSIZE")).await.unwrap(), Value::Int(0));
        assert_eq!(store.cron_enqueue(&run(50)).await.unwrap(), CronEnqueued::Enqueued);
    }
}

//! Schedulers: who may move the due jobs of a queue, and the moving.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::Value;

use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

/// How much longer than its interval a scheduler's locks live. RQ: a minute.
const GRACE: Duration = Duration::from_secs(60);
/// What is due so soon is looked at closely: our clock may be as wrong.
const SOON: Duration = Duration::from_secs(3600);
/// The most jobs that are moved in one step, so that Redis is held up for a few milliseconds at most.
const DUE_AT_ONCE: &str = "100";

/// Everything that others read of a scheduler.
#[derive(Debug, Clone)]
pub(crate) struct SchedulerEntry {
    /// What its locks hold: 32 hexadecimal digits.
    pub(crate) name: String,
    pub(crate) hostname: String,
    pub(crate) pid: u32,
    pub(crate) queues: Vec<QueueName>,
    pub(crate) created_at: Timestamp,
    /// Who holds the locks: proof for whoever wants to take them over.
    pub(crate) identity: String,
    /// How often it looks for due jobs.
    pub(crate) interval: Duration,
}

/// How it stands with the lock of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lock {
    /// It was free, or its holder was known to be gone: now it is ours.
    Acquired,
    /// It was ours and still is.
    Refreshed,
    /// Somebody else holds it.
    Taken {
        /// The holder's name.
        holder: String,
        /// Whether the holder has a hash.
        known: bool,
        /// The holder's identity, when it is one of us.
        identity: String,
    },
}

/// What was done about one queue's due jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scheduled {
    /// So many jobs are in their queue now.
    Queued { queue: QueueName, jobs: usize },
    /// A job was taken out of the registry but not queued: its status says that it is somewhere else, or canceled.
    Passed { queue: QueueName, job: String },
    /// A queue's lock is not ours any more; nothing was moved of it.
    Lost,
}

/// One step of moving due jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) done: Vec<Scheduled>,
    /// Whether there may be more that is due.
    pub(crate) more: bool,
}

impl Store {
    /// Takes or renews the locks of queues; each comes with the name of a holder that is known to be gone, or nothing.
    pub(crate) async fn hold_schedules(
        &self,
        scheduler: &SchedulerEntry,
        wanted: &[(QueueName, String)],
    ) -> Result<Vec<Lock>, StoreError> {
        let lifetime = (scheduler.interval + GRACE).as_secs().to_string();
        let queues: Vec<&str> = scheduler.queues.iter().map(QueueName::as_str).collect();
        let mut args = self.args([scheduler.name.as_str(), &lifetime]);
        args.extend(wanted.iter().map(|(_, gone)| gone.as_bytes().to_vec()));
        let fields = [
            ("name", scheduler.name.as_str()),
            ("hostname", &scheduler.hostname),
            ("pid", &scheduler.pid.to_string()),
            ("queues", &queues.join(",")),
            ("created_at", &scheduler.created_at.iso()),
            ("last_heartbeat", &Timestamp::now().iso()),
            ("rqd_identity", &scheduler.identity),
        ];
        args.extend(
            fields.iter().flat_map(|(name, value)| [name.as_bytes().to_vec(), value.as_bytes().to_vec()]),
        );
        let keys = self.scheduler_keys(scheduler, wanted.iter().map(|(queue, _)| queue));
        let reply = self.call(&scripts::HOLD, &keys, &args).await?;
        let texts = reply.texts();
        let locks: Option<Vec<Lock>> = texts.chunks(4).map(lock).collect();
        locks.filter(|locks| locks.len() == wanted.len()).ok_or_else(|| self.malformed("hold"))
    }

    /// Gives all locks back and takes the scheduler's hash away.
    pub(crate) async fn let_go_of_schedules(&self, scheduler: &SchedulerEntry) -> Result<(), StoreError> {
        let keys = self.scheduler_keys(scheduler, &scheduler.queues);
        self.call(&scripts::LET_GO, &keys, &self.args([scheduler.name.as_str()])).await.map(drop)
    }

    /// Whether anything of these queues is due, or will be within [`SOON`]: one command for each, where moving takes several.
    pub(crate) async fn has_schedule(&self, queues: &[QueueName]) -> Result<bool, StoreError> {
        let mut first = redis::pipe();
        for queue in queues {
            first.cmd("ZRANGE").arg(self.keys.scheduled(queue)).arg(0).arg(0).arg("WITHSCORES");
        }
        let soon = (SystemTime::now() + SOON).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let answers = match self.client.run_all(&first).await {
            // A key of another type, which moving sees to.
            Err(error) if !error.is_away() => return Ok(true),
            answers => answers?,
        };
        Ok(answers.into_iter().any(|answer| score_of(&answer).is_some_and(|score| score <= soon)))
    }

    /// Moves some of the due jobs of queues whose locks the scheduler holds; the first queue comes first.
    pub(crate) async fn schedule(&self, scheduler: &str, queues: &[QueueName]) -> Result<Pass, StoreError> {
        let keys: Vec<String> = queues
            .iter()
            .flat_map(|queue| [self.keys.scheduler_lock(queue), self.keys.scheduled(queue)])
            .collect();
        let mut args = self.args([scheduler, &Timestamp::now().iso(), DUE_AT_ONCE]);
        args.extend(queues.iter().map(|queue| queue.as_str().as_bytes().to_vec()));
        let mut reply = self.call(&scripts::SCHEDULE, &keys, &args).await?;
        let more = reply.text().as_deref() == Some("more");
        let texts = reply.texts();
        let done: Option<Vec<Scheduled>> = texts.chunks(3).map(scheduled).collect();
        done.map(|done| Pass { done, more }).ok_or_else(|| self.malformed("schedule"))
    }

    fn scheduler_keys<'a>(
        &self,
        scheduler: &SchedulerEntry,
        queues: impl IntoIterator<Item = &'a QueueName>,
    ) -> Vec<String> {
        let locks = queues.into_iter().map(|queue| self.keys.scheduler_lock(queue));
        std::iter::once(self.keys.scheduler(&scheduler.name)).chain(locks).collect()
    }
}

/// The score of the one member in an answer; nothing when there is none.
fn score_of(answer: &Value) -> Option<f64> {
    let (_, score): (Value, f64) = redis::from_redis_value_ref::<Vec<_>>(answer).ok()?.pop()?;
    Some(score)
}

fn lock(told: &[String]) -> Option<Lock> {
    let [what, holder, known, identity] = told else { return None };
    Some(match what.as_str() {
        "acquired" => Lock::Acquired,
        "refreshed" => Lock::Refreshed,
        "taken" => {
            Lock::Taken { holder: holder.clone(), known: known == "known", identity: identity.clone() }
        }
        _ => return None,
    })
}

fn scheduled(told: &[String]) -> Option<Scheduled> {
    let [what, queue, detail] = told else { return None };
    let queue = QueueName::new(queue.as_str());
    Some(match what.as_str() {
        "queued" => Scheduled::Queued { queue, jobs: detail.parse().ok()? },
        "passed" => Scheduled::Passed { queue, job: detail.clone() },
        "lost" => Scheduled::Lost,
        _ => return None,
    })
}

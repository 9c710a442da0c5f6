//! Recovering: executions whose worker is gone, found and ended one by one.

use redis::Value;
use serde_json::json;

use super::outcome::packed;
use super::{Note, Store, StoreError, job_hash, scripts};
use crate::job::{
    Cause, Claim, DaemonId, Fields, Gone, Job, JobId, QueueName, Timestamp, Verdict, WorkerName,
};

/// The most characters of a worker's field that are told.
const MOST_OF_A_FIELD: usize = 200;

/// An execution as a member of a registry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Execution {
    /// The member itself.
    member: Vec<u8>,
    job: String,
    /// RQ: before 2.0 a member was the job's id alone.
    id: Option<String>,
}

/// What stands about an execution in Redis.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    execution: Execution,
    /// The queue whose registries list the job.
    pub(crate) queue: QueueName,
    /// The job's status; nothing when there is no job.
    pub(crate) status: Option<String>,
    /// The job, or why its hash cannot be read.
    pub(crate) job: Result<Job, String>,
    /// The daemon that runs this very execution, when it is one of ours, and whether a horse has got the job.
    pub(crate) run: Option<(DaemonId, bool)>,
    /// The mark on the job, as it is.
    mark: String,
    /// The worker that the job's hash names.
    pub(crate) worker: String,
}

/// What shows that the worker of an execution is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Its lease is over.
    Lease,
    /// Its daemon gave no sign of life for long enough.
    Silence,
    /// Its daemon's process is gone: we share its machine.
    Death,
}

/// What is to become of the job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plan {
    /// It was started: what becomes of it, and why, in words and in one.
    Become(Verdict, String, Cause),
    /// It was not, or is gone: the execution ends, and a job that is nowhere is put back.
    Mend,
}

/// What recovering did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovered {
    Done,
    /// Nothing: something changed meanwhile, or another cleaner was first.
    Taken,
    /// Nothing: its daemon lives, or a worker of Python's keeps its execution.
    Alive,
    /// Only the execution was ended, because another one runs the job.
    Elsewhere,
}

impl Execution {
    pub(crate) fn of_member(member: &[u8]) -> Self {
        let text = String::from_utf8_lossy(member);
        let (job, id) = match text.split_once(':') {
            Some((job, id)) => (job.to_owned(), Some(id.to_owned())),
            None => (text.into_owned(), None),
        };
        Self { member: member.to_vec(), job, id }
    }
}

impl Found {
    /// The execution's id, empty where the version that wrote it had none.
    pub(crate) fn execution(&self) -> &str {
        self.execution.id.as_deref().unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        &self.execution.job
    }
}

impl Store {
    /// Prepares for what is sent without waiting for what was sent before: such notes, which must come before the outcome, and
    /// an outcome, which must come before the next claim.
    pub(crate) async fn prepare_to_run(&self) -> Result<(), StoreError> {
        self.client.load(&scripts::HAND_OVER).await?;
        self.client.load(&scripts::SETTLE).await
    }

    /// Notes that a job goes to a horse. Sent too late, it does nothing.
    pub(crate) async fn hand_over(&self, claim: &Claim, daemon: &DaemonId) -> Result<(), StoreError> {
        let args = self.args([claim.id.as_str(), claim.execution.as_str(), daemon.as_str()]);
        self.call(&scripts::HAND_OVER, &[] as &[String], &args).await.map(drop)
    }

    /// Some executions of a queue whose leases have ended, beginning with the oldest after the first `skip`.
    pub(crate) async fn ended_leases(
        &self,
        queue: &QueueName,
        (skip, most): (usize, usize),
    ) -> Result<Vec<Execution>, StoreError> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        let now = self.clock().await?.micros() / 1_000_000;
        command.arg(self.keys.started(queue)).arg(0).arg(now).arg("LIMIT").arg(skip).arg(most);
        let Value::Array(members) = self.client.run(&command).await? else {
            return Err(self.malformed("the started registry"));
        };
        let execution = |member| match member {
            Value::BulkString(member) => Some(Execution::of_member(&member)),
            _ => None,
        };
        Ok(members.into_iter().filter_map(execution).collect())
    }

    /// What stands about an execution; `queue` is whose registry lists it, else the job's own word counts.
    pub(crate) async fn inspect(
        &self,
        execution: Execution,
        queue: Option<&QueueName>,
    ) -> Result<Found, StoreError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.keys.job(&execution.job));
        let fields: Fields = match self.client.run(&command).await {
            Ok(value) => redis::from_redis_value(value).unwrap_or_default(),
            // No hash is no job.
            Err(StoreError::Refused { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let text = |name: &str| {
            let field = fields.iter().find(|(field, _)| field == name.as_bytes());
            field.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
        };
        let has_data = fields.iter().any(|(name, _)| name == b"data");
        let queue = queue.cloned().unwrap_or_else(|| QueueName::new(text("origin")));
        let (mark, worker) = (if has_data { text("rqd_run") } else { String::new() }, text("worker_name"));
        Ok(Found {
            queue: queue.clone(),
            status: has_data.then(|| text("status")),
            run: run_of(&mark, execution.id.as_deref()),
            job: job_hash::parse(JobId::new(execution.job.as_str()), queue, fields),
            execution,
            mark,
            worker,
        })
    }

    /// Whether a worker of Python's keeps an execution whose lease is over: its clock is behind that of Redis.
    pub(crate) async fn is_kept(&self, found: &Found) -> Result<bool, StoreError> {
        let (Some(id), None) = (&found.execution.id, &found.run) else { return Ok(false) };
        let mut command = redis::cmd("TTL");
        command.arg(self.keys.execution(&found.execution.job, id));
        Ok(matches!(self.client.run(&command).await?, Value::Int(0..)))
    }

    /// What a worker left behind in Redis: its host, its process and its last sign of life.
    pub(crate) async fn left_by(&self, worker: &str) -> Result<Gone, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.keys.worker(&WorkerName::new(worker)));
        command.arg("hostname").arg("pid").arg("last_heartbeat");
        let [host, pid, last_seen]: [Option<Vec<u8>>; 3] = match self.client.run(&command).await {
            Ok(value) => redis::from_redis_value(value).unwrap_or_default(),
            // No hash is no worker.
            Err(StoreError::Refused { .. }) => [None, None, None],
            Err(error) => return Err(error),
        };
        let text = |field: Option<Vec<u8>>| {
            let text = String::from_utf8_lossy(&field?).chars().take(MOST_OF_A_FIELD).collect::<String>();
            Some(text).filter(|text| !text.is_empty())
        };
        let [host, pid, last_seen] = [host, pid, last_seen].map(text);
        let pid = pid.and_then(|pid| pid.parse().ok());
        Ok(Gone { worker: worker.to_owned(), host, pid, last_seen, ..Gone::default() })
    }

    /// Ends an execution whose worker is gone, unless anything about it changed since it was found.
    pub(crate) async fn recover(
        &self,
        found: &Found,
        proof: Proof,
        plan: &Plan,
        webhooks: Option<&Note>,
    ) -> Result<Recovered, StoreError> {
        let now = Timestamp::now().iso();
        let Execution { member, job, id } = &found.execution;
        let mut args = self.args([found.queue.as_str()]);
        args.push(member.clone());
        let proof = match proof {
            Proof::Lease => "lease",
            Proof::Silence => "silence",
            Proof::Death => "death",
        };
        let daemon = found.run.as_ref().map_or("", |(daemon, _)| daemon.as_str());
        let status = found.status.as_deref().unwrap_or_default();
        let execution = id.as_deref().unwrap_or_default();
        let mut plan_json = self.with_failures(plan_of(plan));
        if let Some(note) = webhooks {
            plan_json["webhooks"] = note.value().into();
        }
        let plan_json = plan_json.to_string();
        let rest = [job.as_str(), execution, &now, status, &found.mark, proof, daemon, &plan_json];
        args.extend(rest.map(|text| text.as_bytes().to_vec()));
        if let Plan::Become(Verdict::Fail, why, cause) = plan {
            // RQ: nobody's name, and no execution.
            let entry = ["type", "2", "worker_name", "", "exc_string", &packed(why), "cause", cause.slug()];
            args.extend(entry.map(|text| text.as_bytes().to_vec()));
        }
        let reply = self.call(&scripts::RECOVER, &[self.keys.started(&found.queue)], &args).await?;
        match reply.status() {
            "recovered" => Ok(Recovered::Done),
            "taken" => Ok(Recovered::Taken),
            "alive" => Ok(Recovered::Alive),
            "elsewhere" => Ok(Recovered::Elsewhere),
            _ => Err(self.malformed("recover")),
        }
    }
}

/// Whose this execution is, by the mark on its job.
fn run_of(mark: &str, execution: Option<&str>) -> Option<(DaemonId, bool)> {
    let mut parts = mark.split(' ');
    let (marked, daemon, phase) = (parts.next()?, parts.next()?, parts.next()?);
    (Some(marked) == execution && !daemon.is_empty()).then(|| (DaemonId::new(daemon), phase != "claimed"))
}

fn plan_of(plan: &Plan) -> serde_json::Value {
    match plan {
        Plan::Mend => json!({"become": "mended", "fields": []}),
        Plan::Become(Verdict::PutBack { interruptions }, why, _) => json!({
            "become": "put_back", "at_front": true,
            "fields": ["rqd_interruptions", interruptions.to_string(), "rqd_interrupted", why],
        }),
        Plan::Become(Verdict::Retry(again, left), ..) => json!({
            "become": "retried", "delay": again.delay, "at_front": again.at_front,
            "fields": ["retries_left", left.to_string()],
        }),
        Plan::Become(..) => json!({"become": "failed", "fields": []}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_as_every_version_wrote_them() {
        let bare = Execution::of_member(b"j1");
        assert_eq!((bare.job.as_str(), bare.id.as_deref()), ("j1", None));
        let whole = Execution::of_member(b"j1:e1");
        assert_eq!((whole.job.as_str(), whole.id.as_deref()), ("j1", Some("e1")));
    }

    #[test]
    fn a_mark_counts_for_its_own_execution_only() {
        let daemon = DaemonId::new("d1");

        assert_eq!(run_of("e1 d1 claimed", Some("e1")), Some((daemon.clone(), false)));
        assert_eq!(run_of("e1 d1 handed", Some("e1")), Some((daemon, true)));
        for (mark, execution) in
            [("e2 d1 handed", Some("e1")), ("", Some("e1")), ("e1", Some("e1")), ("e1 d1 x", None)]
        {
            assert_eq!(run_of(mark, execution), None, "{mark}");
        }
    }
}

//! `[worker]`: what a worker listens to, and for how long.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::{Count, Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;

section! {
    /// What a worker listens to, how long it lives and what it keeps.
    Worker as "worker" {
        /// Name of the worker in Redis; a random one when unset. `%h` in it is the host, `%g` the group, `%i` the number of
        /// the worker, `%p` the process; of several workers, those whose names would be the same get `-%i` at the end. The variable `NAME`, which some systems set by
        /// themselves, is only a wish: when another worker has that name, a suffix is added.
        name: Option<String> = Key::new(Kind::Text).rq("NAME").option("--name, -n").example("\"mail-1\"")
            .check(worker_name), NextFetch;
        /// How many workers the daemon runs: a number, or `{ min = 1, max = 8 }` for as many as there is work for.
        count: Count = Key::new(Kind::Count).option("--num-workers").default("1"), NextFetch;
        /// How long workers must have been idle before there is one less, where `count` is a least and a most number.
        shrink_after: Duration = Key::span(1_000).default("\"30s\""), Immediate;
        /// What becomes of a worker that a client shut down by RQ's command: it stays `down`, or another takes its place,
        /// as in RQ's pool: `replace`. A daemon without workers ends.
        on_shutdown: OnShutdown = Key::new(Kind::Choice(ON_SHUTDOWN)).default("\"down\""), Immediate;
        /// The queues to serve, in the order in which they are asked for jobs.
        queues: Vec<String> = Key::new(Kind::List).rq("QUEUES").option("[QUEUES]...").default("[\"default\"]")
            .check(queues), NextFetch;
        /// Which queue is asked first: `default` keeps the order of `queues`, `round_robin` goes on behind the queue
        /// that gave the last job, `random` shuffles after each job, `weighted` draws by `queue_weights`.
        dequeue_strategy: Strategy = Key::new(Kind::Choice(STRATEGIES)).option("--dequeue-strategy, -ds")
            .default("\"default\""), NextFetch;
        /// Chances of queues to be asked first by the `weighted` strategy; a queue that is not named weighs 1.
        queue_weights: Vec<String> = Key::new(Kind::List).default("[]").check(weights), NextFetch;
        /// Whether to quit when all queues are empty.
        burst: bool = Key::new(Kind::Boolean).option("--burst, -b").default("false"), NextFetch;
        /// How long the result of a job is kept when the job does not say it, in seconds; 0 keeps nothing, -1
        /// keeps it for ever.
        results_ttl: i64 = Key::new(Kind::Seconds { least: -1 }).option("--results-ttl").default("500"), NextFetch;
        /// How long a failed job and its results are kept when the job does not say it, in seconds; 0 keeps nothing, -1
        /// keeps them for ever. When unset, RQ's way: the job for a year, its results for ever.
        failure_ttl: Option<i64> = Key::new(Kind::Seconds { least: -1 }).example("2592000"), NextFetch;
        /// How long failed jobs and their results are kept at most, in seconds, whatever the jobs say.
        max_failure_ttl: Option<i64> = Key::new(Kind::Seconds { least: 1 }).example("7776000"), NextFetch;
        /// How long a worker that fell silent is still shown, at least 1s. It reports in well before that.
        ttl: Duration = Key::span(1_000).option("--worker-ttl").default("\"420s\""), Immediate;
        /// What becomes of a job that is cut off in the middle, because its worker, container or host died or was shut
        /// down cold: `as_rq` fails it, unless it has retries left; `requeue` puts it back at the head of its queue;
        /// `fail` fails it in any case. A job that had not begun is always put back. A worker that was asked to stop
        /// and is killed before it has, as at the end of a pod, has its jobs put back under `as_rq`, too. The setting
        /// of the worker that ran the job counts, whoever finds it.
        on_interrupt: OnInterrupt = Key::new(Kind::Choice(POLICIES)).default("\"as_rq\""), NextFetch;
        /// The same for single queues, by their names.
        on_interrupt_queues: QueuePolicies = Key::new(Kind::Table).check(policies).default("{}")
            .example("{\"mail\": \"requeue\"}"), NextFetch;
        /// How often a job is put back because it was cut off. One more time fails it, so that a job that kills its
        /// worker does not do so for ever.
        max_interruptions: u32 = Key::integer(0, 1_000_000).default("3"), NextFetch;
        /// How often registries are cleaned.
        maintenance_interval: Duration = Key::span(1_000).option("--maintenance-interval")
            .default("\"600s\""), Immediate;
        /// How often a running job is looked after and its lease renewed.
        job_monitoring_interval: Duration = Key::span(1_000).option("--job-monitoring-interval")
            .default("\"30s\""), Immediate;
        /// What a worker does that starts while RQ is suspended: `wait` until it is resumed, or `exit` as RQ does (a
        /// burst always exits).
        suspended_at_start: AtSuspension = Key::new(Kind::Choice(AT_SUSPENSION)).default("\"wait\""), Restart;
        /// Quit after so many jobs.
        max_jobs: Option<u64> = Key::integer(1, i64::MAX).option("--max-jobs").example("1000"), NextFetch;
        /// Quit after so long without a job.
        max_idle_time: Option<Duration> = Key::span(0).option("--max-idle-time").example("\"10m\""), NextFetch;
        /// Whether log lines describe jobs by their call, arguments included, or by id only.
        describe_jobs: bool = Key::new(Kind::Boolean).option("--disable-job-desc-logging")
            .default("true"), Immediate;
        /// How jobs are serialized: `pickle`, `json` or the dotted path of a serializer; what the Python clients
        /// use must be the same.
        serializer: Option<String> = Key::new(Kind::Text).option("--serializer, -S").example("\"json\"")
            .check(not_empty), NewApplication;
        /// The class of the worker: one of RQ's own, which say how work horses are made, or the dotted path of one
        /// that is derived from them and performs and settles jobs in its own way.
        class: Option<String> = Key::new(Kind::Text).variable("RQ_WORKER_CLASS").option("--worker-class, -w")
            .example("\"rq.SimpleWorker\"").check(not_empty), NewApplication;
        /// The class of jobs. Jobs of another class than RQ's own are run and settled by RQ's own code.
        job_class: Option<String> = Key::new(Kind::Text).variable("RQ_JOB_CLASS").option("--job-class, -j")
            .example("\"app.rq.Job\"").check(not_empty), NewApplication;
        /// The class of queues. Jobs of queues of another class than RQ's own are settled by RQ's own code.
        queue_class: Option<String> = Key::new(Kind::Text).variable("RQ_QUEUE_CLASS").option("--queue-class")
            .example("\"app.rq.Queue\"").check(not_empty), NewApplication;
        /// The class of the Redis clients that jobs use; the daemon has a client of its own.
        connection_class: Option<String> = Key::new(Kind::Text).variable("RQ_CONNECTION_CLASS")
            .option("--connection-class").example("\"app.rq.Redis\"").check(not_empty), NewApplication;
        /// Functions that are called for every exception of a job, as dotted names, in this order: with the job, the
        /// exception's class, the exception and its traceback. One that returns false ends the row.
        exception_handlers: Vec<String> = Key::new(Kind::List).option("--exception-handler")
            .default("[]"), NewApplication;
        /// Whether a failed job is recorded: with its exception, in the failed registry, for its time to live.
        /// Otherwise nothing but its status tells, and the exception handlers must do the rest.
        record_failures: bool = Key::new(Kind::Boolean).option("--disable-default-exception-handler, -d")
            .default("true"), NextFetch;
        /// File to write the process id to. It is not removed at the end. A leading `~/` is the home.
        pid_file: Option<PathBuf> = Key::new(Kind::Path).option("--pid").example("\"/run/rq/worker.pid\""), Restart;
    }
    with {
        /// Whether the name comes from the bare variable `NAME`, so that a taken one gets a suffix.
        name_from_environment: bool,
    }
}

/// What to do with a job that was cut off in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnInterrupt {
    AsRq,
    Requeue,
    Fail,
}

const POLICIES: &[(&str, &str)] = &[("as_rq", "as_rq"), ("requeue", "requeue"), ("fail", "fail")];

/// Policies by the names of queues.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueuePolicies(pub(crate) HashMap<String, OnInterrupt>);

/// Tables travel through the stack as JSON text, so that layers replace them and do not mix them.
impl<'de> Deserialize<'de> for QueuePolicies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

fn policies(value: &Value) -> Result<(), Mismatch> {
    let Value::Table(serde_json::Value::Object(table)) = value else { return Ok(()) };
    table.values().try_for_each(|policy| Kind::Choice(POLICIES).read(policy).map(drop))
}

/// What becomes of a worker that a client shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnShutdown {
    Down,
    Replace,
}

const ON_SHUTDOWN: &[(&str, &str)] = &[("down", "down"), ("replace", "replace")];

/// How a worker chooses among its queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strategy {
    Default,
    RoundRobin,
    Random,
    Weighted,
}

pub(super) const STRATEGIES: &[(&str, &str)] =
    &[("default", "default"), ("round_robin", "round_robin"), ("random", "random"), ("weighted", "weighted")];

/// What a worker does that starts while RQ is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtSuspension {
    Wait,
    Exit,
}

const AT_SUSPENSION: &[(&str, &str)] = &[("wait", "wait"), ("exit", "exit")];

impl Worker {
    /// The weights of the queues that have one.
    pub(crate) fn weights(&self) -> Vec<(String, u32)> {
        self.queue_weights.iter().filter_map(|text| weight(text)).collect()
    }
}

/// Reads `queue=weight`; the weight is 1 to 1000.
fn weight(text: &str) -> Option<(String, u32)> {
    let (queue, weight) = text.rsplit_once('=')?;
    let weight = weight.trim().parse().ok().filter(|weight| (1..=1000).contains(weight))?;
    Some((queue.trim().to_owned(), weight))
}

pub(super) fn weights(value: &Value) -> Result<(), Mismatch> {
    let Value::List(texts) = value else { return Ok(()) };
    match texts.iter().find(|text| weight(text).is_none()) {
        Some(text) => {
            Err(Mismatch::new("texts such as \"high=5\", with weights from 1 to 1000", format!("{text:?}")))
        }
        None => Ok(()),
    }
}

pub(super) fn not_empty(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if text.trim().is_empty() => Err(Mismatch::new("a name", "an empty text")),
        _ => Ok(()),
    }
}

pub(super) fn worker_name(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if text.chars().any(char::is_control) => {
            Err(Mismatch::new("text without control characters", format!("{text:?}")))
        }
        _ => not_empty(value),
    }
}

pub(super) fn queues(value: &Value) -> Result<(), Mismatch> {
    let Value::List(names) = value else { return Ok(()) };
    if names.is_empty() {
        return Err(Mismatch::new("at least one queue", "an empty list"));
    }
    if names.iter().any(|name| name.trim().is_empty()) {
        return Err(Mismatch::new("names of queues", format!("an empty name in {names:?}")));
    }
    Ok(())
}

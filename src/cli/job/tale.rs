//! The story of a job as data: what `rq job show --json` prints, and what its words are made of.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::outcome::{Ended, Shown, shown};
use super::outlook;
use crate::job::{Timestamp, call};
use crate::store::{Story, WorkerCard, inflated};

/// How much of a payload is looked at for the function's name.
const NAME: usize = 64 << 10;

/// The story of a job. Moments are in RQ's text form, spans in seconds; what is unknown is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct Tale {
    pub(in crate::cli) id: String,
    /// The server's clock when it was read.
    pub(in crate::cli) read_at: String,
    pub(in crate::cli) status: String,
    pub(in crate::cli) queue: Option<String>,
    pub(in crate::cli) function: Option<String>,
    pub(in crate::cli) description: Option<String>,
    #[serde(flatten)]
    pub(in crate::cli) times: BTreeMap<&'static str, Option<String>>,
    /// Seconds; null is the worker's default, -1 no limit.
    pub(in crate::cli) timeout: Option<i64>,
    pub(in crate::cli) result_ttl: Option<i64>,
    pub(in crate::cli) failure_ttl: Option<i64>,
    /// How long it may wait to be begun.
    pub(in crate::cli) ttl: Option<i64>,
    /// After how many seconds Redis deletes it; null is never.
    pub(in crate::cli) expires_in: Option<f64>,
    pub(in crate::cli) retries_left: Option<i64>,
    pub(in crate::cli) retry_intervals: Vec<Value>,
    /// How often its function has returned a Retry.
    pub(in crate::cli) returned_retries: i64,
    pub(in crate::cli) repeats_left: Option<i64>,
    pub(in crate::cli) repeat_intervals: Vec<Value>,
    /// How often it was put back because its worker was gone.
    pub(in crate::cli) interruptions: i64,
    pub(in crate::cli) at_front: bool,
    pub(in crate::cli) place: Place,
    pub(in crate::cli) worker: Option<Worker>,
    pub(in crate::cli) executions: Vec<Running>,
    /// The newest results, the newest first.
    pub(in crate::cli) results: Vec<Ended>,
    pub(in crate::cli) results_in_all: u64,
    pub(in crate::cli) dependencies: Vec<Relative>,
    pub(in crate::cli) allows_dependency_failures: bool,
    pub(in crate::cli) dependents: Vec<Relative>,
    pub(in crate::cli) dependents_in_all: u64,
    pub(in crate::cli) callbacks: BTreeMap<&'static str, Callback>,
    pub(in crate::cli) webhooks: Vec<Webhook>,
    pub(in crate::cli) group: Option<String>,
    pub(in crate::cli) rate_limit: Option<RateLimit>,
    /// The bytes of the call, of meta and of what older releases kept in the hash; meta itself where it is JSON.
    pub(in crate::cli) stored: BTreeMap<&'static str, Shown>,
    /// What will become of it, in words.
    pub(in crate::cli) outlook: Vec<String>,
    /// With --decode: what the project's Python makes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) decoded: Option<Value>,
}

/// Where it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(in crate::cli) struct Place {
    /// How many jobs of its queue come before it; null when it is not in its queue.
    pub(in crate::cli) ahead: Option<u64>,
    pub(in crate::cli) queue_length: u64,
    /// A worker has taken its id, and has not begun it.
    pub(in crate::cli) between: bool,
    /// RQ's registries that have it, with the moments that these note.
    pub(in crate::cli) registries: BTreeMap<&'static str, Option<String>>,
    pub(in crate::cli) workers_listening: u64,
    pub(in crate::cli) has_scheduler: bool,
    pub(in crate::cli) suspended: bool,
}

/// The worker that had it last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct Worker {
    pub(in crate::cli) name: String,
    /// Whether it is registered.
    pub(in crate::cli) known: bool,
    pub(in crate::cli) state: Option<String>,
    pub(in crate::cli) host: Option<String>,
    pub(in crate::cli) pid: Option<String>,
    pub(in crate::cli) last_heartbeat: Option<String>,
    /// `3.0.0`, or ours behind it.
    pub(in crate::cli) version: Option<String>,
}

/// An execution that goes on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct Running {
    pub(in crate::cli) execution: String,
    pub(in crate::cli) worker: Option<String>,
    pub(in crate::cli) started_at: Option<String>,
    pub(in crate::cli) heartbeat_age: Option<f64>,
    /// After so many seconds others take it for abandoned; negative when they may already.
    pub(in crate::cli) lease_left: Option<f64>,
}

/// A job that this one waits for, or that waits for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct Relative {
    pub(in crate::cli) id: String,
    /// Null when there is no such job.
    pub(in crate::cli) status: Option<String>,
    pub(in crate::cli) queue: Option<String>,
}

/// A function that is called at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct Callback {
    pub(in crate::cli) function: String,
    pub(in crate::cli) timeout: Option<i64>,
}

/// Who is told of the end. What may hold a secret, which is headers and the user in a URL, is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct Webhook {
    pub(in crate::cli) url: String,
    pub(in crate::cli) status: Option<String>,
    pub(in crate::cli) method: String,
}

/// A limit on how many jobs run at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct RateLimit {
    pub(in crate::cli) key: String,
    pub(in crate::cli) concurrency: Option<i64>,
    /// How many jobs wait for a slot before it.
    pub(in crate::cli) ahead: Option<u64>,
}

/// The moments of a job, in the order of a life.
pub(super) const TIMES: [&str; 5] = ["created_at", "enqueued_at", "started_at", "last_heartbeat", "ended_at"];

impl Tale {
    /// The story as data.
    pub(in crate::cli) fn of(story: &Story, decoded: Option<Value>) -> Self {
        let payload = story.fields.get("data").map(|data| inflated(data, NAME));
        let times = TIMES.map(|name| (name, story.text(name)));
        let mut tale = Self {
            id: story.id.clone(),
            read_at: story.now.iso(),
            // RQ: a job without one counts as made and no more.
            status: story.text("status").unwrap_or_else(|| "created".to_owned()),
            queue: story.text("origin"),
            function: payload.as_deref().and_then(call::function),
            description: story.text("description"),
            times: times.into_iter().collect(),
            timeout: number(story, "timeout"),
            result_ttl: number(story, "result_ttl"),
            failure_ttl: number(story, "failure_ttl"),
            ttl: number(story, "ttl"),
            expires_in: story.expires_in.map(|span| span.as_secs_f64()),
            retries_left: number(story, "retries_left"),
            retry_intervals: list(story, "retry_intervals"),
            returned_retries: number(story, "number_of_retries").unwrap_or(0),
            repeats_left: number(story, "repeats_left"),
            repeat_intervals: list(story, "repeat_intervals"),
            interruptions: number(story, "rqd_interruptions").unwrap_or(0),
            at_front: story.text("enqueue_at_front").as_deref() == Some("1"),
            place: place(story),
            worker: worker(story),
            executions: story.executions.iter().map(|execution| running(execution, story.now)).collect(),
            results: story.results.iter().map(Ended::of).collect(),
            results_in_all: story.results_in_all,
            dependencies: relatives(&story.dependencies),
            allows_dependency_failures: story.text("allow_dependency_failures").as_deref() == Some("1"),
            dependents: relatives(&story.dependents),
            dependents_in_all: story.dependents_in_all,
            callbacks: callbacks(story),
            webhooks: webhooks(story),
            group: story.text("group_id"),
            rate_limit: rate_limit(story),
            stored: stored(story),
            outlook: Vec::new(),
            decoded,
        };
        tale.outlook = outlook::of(&tale, story);
        tale
    }

    /// One of its moments.
    pub(super) fn moment(&self, name: &str) -> Option<Timestamp> {
        self.times.get(name)?.as_deref().and_then(Timestamp::parse)
    }
}

fn number(story: &Story, field: &str) -> Option<i64> {
    story.text(field)?.trim().parse().ok()
}

fn list(story: &Story, field: &str) -> Vec<Value> {
    story.text(field).and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

/// A moment in Unix seconds in RQ's text form; nothing when it is none, such as infinity.
pub(super) fn iso(seconds: f64) -> Option<String> {
    Timestamp::from_seconds(seconds).map(Timestamp::iso)
}

fn place(story: &Story) -> Place {
    let place = &story.place;
    Place {
        ahead: place.ahead,
        queue_length: place.queue_length,
        between: place.is_between,
        registries: place.registries.iter().map(|(name, score)| (*name, iso(*score))).collect(),
        workers_listening: place.listeners,
        has_scheduler: place.has_scheduler,
        suspended: place.is_suspended,
    }
}

fn worker(story: &Story) -> Option<Worker> {
    let name = story.text("worker_name")?;
    let empty = WorkerCard::default();
    let card = story.worker.as_ref().unwrap_or(&empty);
    let ours = card.text("rqd_version").map(|version| format!(" (rqd {version})")).unwrap_or_default();
    Some(Worker {
        name,
        known: story.worker.is_some() && card.text("death").is_none(),
        state: card.text("state"),
        host: card.text("hostname"),
        pid: card.text("pid"),
        last_heartbeat: card.text("last_heartbeat"),
        version: card.text("version").map(|version| version + &ours),
    })
}

fn running(execution: &crate::store::Execution, now: Timestamp) -> Running {
    Running {
        execution: execution.id.clone(),
        worker: execution.worker.clone(),
        started_at: execution.created_at.and_then(iso),
        heartbeat_age: execution.last_heartbeat.map(|beat| now.seconds() - beat),
        lease_left: execution.lease_ends.map(|end| end - now.seconds()),
    }
}

fn relatives(of: &[crate::store::Relative]) -> Vec<Relative> {
    let told = |relative: &crate::store::Relative| Relative {
        id: relative.id.clone(),
        status: relative.status.clone(),
        queue: relative.queue.clone(),
    };
    of.iter().map(told).collect()
}

fn callbacks(story: &Story) -> BTreeMap<&'static str, Callback> {
    let told = ["success", "failure", "stopped"].into_iter().filter_map(|kind| {
        let function = story.text(&format!("{kind}_callback_name"))?;
        Some((kind, Callback { function, timeout: number(story, &format!("{kind}_callback_timeout")) }))
    });
    told.collect()
}

fn webhooks(story: &Story) -> Vec<Webhook> {
    let text =
        |table: &Map<String, Value>, name: &str| table.get(name).and_then(Value::as_str).map(str::to_owned);
    let told = list(story, "webhooks").into_iter().filter_map(|webhook| {
        let table = webhook.as_object()?.clone();
        Some(Webhook {
            url: without_user(&text(&table, "url")?),
            status: text(&table, "job_status"),
            method: text(&table, "method").unwrap_or_else(|| "GET".to_owned()),
        })
    });
    told.collect()
}

/// A URL without the parts that are often secret.
fn without_user(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return "not a URL".to_owned() };
    let masked = url.set_username("").is_ok() && url.set_password(None).is_ok();
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    if masked || url.username().is_empty() { url.to_string() } else { "a URL with a user".to_owned() }
}

fn rate_limit(story: &Story) -> Option<RateLimit> {
    let key = story.text("rate_limit_key")?;
    Some(RateLimit {
        key,
        concurrency: number(story, "rate_limit_concurrency"),
        ahead: story.place.limit_ahead,
    })
}

fn stored(story: &Story) -> BTreeMap<&'static str, Shown> {
    let told = story.sizes.iter().map(|(name, size)| {
        let mut shown = match story.fields.get(*name) {
            // Arguments are nobody's business here, nor is what is kept packed.
            Some(bytes) if *name == "data" => {
                Shown { kind: None, value: None, ..shown(&inflated(bytes, NAME)) }
            }
            Some(bytes) if *name == "exc_info" => Shown {
                value: Some(String::from_utf8_lossy(&inflated(bytes, NAME)).into_owned())
                    .filter(|it| !it.is_empty()),
                ..Shown::default()
            },
            Some(bytes) => shown(bytes),
            None => Shown::default(),
        };
        shown.bytes = *size;
        (*name, shown)
    });
    told.collect()
}

//! Entries that a configuration names, `[cron.NAME]`: their jobs are made here, without any Python.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value};

use super::entry::{CatchUp, Entry};
use crate::config;
use crate::job::QueueName;
use crate::job::calendar::{CronExpression, Schedule, Zone};
use crate::job::call::{Call, Format};

/// RQ: the limit of a job that names none.
const TIMEOUT: i64 = 180;

/// How jobs are serialized for workers of a serializer; nothing when only Python could do it.
pub(crate) fn format(serializer: Option<&str>) -> Option<Format> {
    match serializer {
        None
        | Some(
            "pickle"
            | "rq.serializers.DefaultSerializer"
            | "rq.serializers.PickleSerializer"
            | "rq.serializers.pickle",
        ) => Some(Format::Pickle),
        Some("json" | "rq.serializers.JSONSerializer") => Some(Format::Json),
        Some(_) => None,
    }
}

/// The entry of a table that was checked.
pub(crate) fn entry(name: &str, table: &config::Cron, format: Format) -> Option<Entry> {
    let call = call(table)?;
    Some(Entry {
        name: name.to_owned(),
        fence: name.to_owned(),
        schedule: schedule(table)?,
        queue: QueueName::new(&table.queue),
        jitter: table.jitter,
        catch_up: match table.catch_up {
            config::CatchUp::Skip => CatchUp::Skip,
            config::CatchUp::Once => CatchUp::Once,
            config::CatchUp::All => CatchUp::All(table.catch_up_limit),
        },
        no_overlap: table.overlap == config::Overlap::Skip,
        ttl: table.ttl,
        fields: fields(table, &call, format),
        shown: shown(name, table, &call),
        function: call.function,
    })
}

fn call(table: &config::Cron) -> Option<Call> {
    let args = match table.args.as_ref().map(|args| &args.0) {
        Some(Value::Array(args)) => args.clone(),
        _ => Vec::new(),
    };
    let kwargs = match table.kwargs.as_ref().map(|kwargs| &kwargs.0) {
        Some(Value::Object(kwargs)) => kwargs.clone(),
        _ => Map::new(),
    };
    Some(Call { function: table.function.clone()?, args, kwargs })
}

fn schedule(table: &config::Cron) -> Option<Schedule> {
    if let Some(interval) = table.interval {
        return Some(Schedule::Interval(interval));
    }
    let expression = CronExpression::parse(table.cron.as_deref()?).ok()?;
    let zone = table.time_zone.as_deref().map_or_else(|| Ok(Zone::local()), Zone::named).ok()?;
    Some(Schedule::Cron(Box::new(expression), zone))
}

/// The fields that RQ's client would write, but for the times.
fn fields(table: &config::Cron, call: &Call, format: Format) -> Vec<(String, Vec<u8>)> {
    let description = table.description.clone().unwrap_or_else(|| call.description());
    let timeout = table.job_timeout.unwrap_or(TIMEOUT).to_string();
    // RQ: these are there from the start, and empty: some readers miss them otherwise.
    let empty = [
        "success_callback_name",
        "failure_callback_name",
        "stopped_callback_name",
        "started_at",
        "ended_at",
        "last_heartbeat",
        "worker_name",
        "group_id",
    ];
    let mut fields: Vec<(String, Vec<u8>)> = empty.map(|name| (name.to_owned(), Vec::new())).to_vec();
    let mut add = |name: &str, value: Vec<u8>| fields.push((name.to_owned(), value));
    add("data", packed(&call.payload(format)));
    add("origin", table.queue.clone().into_bytes());
    add("description", description.into_bytes());
    add("timeout", timeout.into_bytes());
    add("status", b"queued".to_vec());
    let ttls = [("result_ttl", table.result_ttl), ("failure_ttl", table.failure_ttl), ("ttl", table.ttl)];
    for (name, ttl) in ttls {
        if let Some(ttl) = ttl {
            add(name, ttl.to_string().into_bytes());
        }
    }
    fields
}

/// What RQ's own scheduler would tell of the entry.
fn shown(name: &str, table: &config::Cron, call: &Call) -> Map<String, Value> {
    let text = |empty: bool, value: Value| if empty { Value::Null } else { value.to_string().into() };
    let mut shown = Map::new();
    let mut add = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    add("func_name", call.function.clone().into());
    add("name", name.into());
    add("queue_name", table.queue.clone().into());
    add("args", text(call.args.is_empty(), call.args.clone().into()));
    add("kwargs", text(call.kwargs.is_empty(), call.kwargs.clone().into()));
    add("interval", table.interval.map_or(Value::Null, |interval| seconds(interval.as_secs_f64())));
    add("cron", table.cron.clone().into());
    let options = [
        ("job_timeout", table.job_timeout),
        ("result_ttl", table.result_ttl),
        ("ttl", table.ttl),
        ("failure_ttl", table.failure_ttl),
    ];
    for (name, option) in options {
        if let Some(option) = option {
            add(name, option.into());
        }
    }
    shown
}

/// A number of seconds, without a fraction where there is none: RQ knows whole ones only.
fn seconds(seconds: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a span of the configuration is below a hundred years"
    )]
    if seconds.fract() == 0.0 { (seconds as i64).into() } else { seconds.into() }
}

fn packed(payload: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(payload).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

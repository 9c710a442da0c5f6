//! Entries that a configuration names, `[cron.NAME]`: their jobs are made here, without any Python.

use serde_json::{Map, Value};

use super::entry::{CatchUp, Entry};
use crate::config;
use crate::job::calendar::{CronExpression, Schedule, Zone};
use crate::job::call::{Call, Format, Sequence};
use crate::job::{NewJob, QueueName, TIMEOUT};

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
    let args = args(table).iter().map(Into::into).collect();
    let kwargs = kwargs(table).iter().map(|(name, value)| (name.clone(), value.into())).collect();
    Some(Call { function: table.function.clone()?, args, sequence: Sequence::Tuple, kwargs })
}

fn args(table: &config::Cron) -> Vec<Value> {
    match table.args.as_ref().map(|args| &args.0) {
        Some(Value::Array(args)) => args.clone(),
        _ => Vec::new(),
    }
}

fn kwargs(table: &config::Cron) -> Map<String, Value> {
    match table.kwargs.as_ref().map(|kwargs| &kwargs.0) {
        Some(Value::Object(kwargs)) => kwargs.clone(),
        _ => Map::new(),
    }
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
    let job = NewJob {
        // What a configuration holds has a form in JSON.
        payload: call.payload(format).unwrap_or_default(),
        queue: table.queue.clone(),
        description: table.description.clone().unwrap_or_else(|| call.description()),
        timeout: table.job_timeout.unwrap_or(TIMEOUT),
        result_ttl: table.result_ttl,
        failure_ttl: table.failure_ttl,
        ttl: table.ttl,
        retry: None,
        depends_on: Vec::new(),
        at_front: false,
    };
    let mut fields = job.fields();
    fields.push(("status".to_owned(), b"queued".to_vec()));
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
    let (args, kwargs) = (args(table), kwargs(table));
    add("args", text(args.is_empty(), args.into()));
    add("kwargs", text(kwargs.is_empty(), kwargs.into()));
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

//! What is known around a line, as names and values.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::telemetry::line::escaped;
use crate::telemetry::python_text::rfc3339;
use crate::telemetry::{About, Record};

/// Whom and what a line concerns, by name; a control character of a job's gets nowhere.
pub(super) fn context(about: &About) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
    let horse = about.horse.map(|pid| Cow::Owned(pid.to_string()));
    let known = [
        ("job", about.job.as_deref().map(escaped)),
        ("queue", about.queue.as_deref().map(escaped)),
        ("worker", about.worker.as_deref().map(escaped)),
        ("horse", horse),
        ("function", about.function.as_deref().map(escaped)),
        ("execution", about.execution.as_deref().map(escaped)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

/// One object: time, level, logger, message, whom it concerns, traceback.
pub(super) fn json(record: &Record<'_>) -> String {
    let line = record.line;
    let (message, traceback) = line.told_apart();
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("ts", rfc3339(record.created).into());
    put("level", line.level.name().into());
    put("logger", super::logger(line).into());
    put("message", message.into());
    for (name, value) in context(record.about) {
        let number = record.about.horse.filter(|_| name == "horse");
        put(name, number.map_or_else(|| value.into(), Into::into));
    }
    if let Some(traceback) = traceback {
        put("traceback", traceback.into());
    }
    Value::Object(object).to_string()
}

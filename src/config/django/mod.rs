//! A settings module of Django: django-rq's `RQ_QUEUES` says where Redis is, `RQ` which classes work.
//!
//! It counts as what the module itself says, below RQ's own names in the same module. One worker has one connection, so
//! the queues that it serves must share theirs, as django-rq's own command wants it.

mod queue;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value as Raw};

use self::queue::Connection;
use super::connection::{is_part, is_whole, names_one};
use super::kind::Value;
use super::layer::{Entry, Layer, Standing};
use super::problem::{Problem, Problems, nearest};
use super::python::PythonModule;
use super::resolved::Warning;
use super::section;

/// What django-rq reads of a settings module: its queues, by name.
pub(super) const QUEUES: &str = "RQ_QUEUES";
/// The queue of those who name none.
const DEFAULT: &str = "default";
/// Further names that django-rq reads, and our keys for them.
const CLASSES: [(&str, &str); 2] = [("WORKER_CLASS", "worker.class"), ("JOB_CLASS", "worker.job_class")];

/// Adds to the module's layer, which is the one at that place, what it says in django-rq's names.
pub(super) fn complete(module: &PythonModule, layers: &mut [Layer], at: usize, problems: &mut Vec<Problem>) {
    let further = further(module);
    layers[at].entries.extend(
        further
            .into_iter()
            .filter(|entry| !layers[at].entries.contains_key(entry.key.name))
            .map(keyed)
            .collect::<Vec<_>>(),
    );
    if names_one(&layers[at]) || layers[at + 1..].iter().any(is_whole) {
        return;
    }
    match connection(module, &served(layers)) {
        Ok(entries) => layers[at].entries.extend(entries.into_iter().map(keyed)),
        Err(found) => problems.extend(found),
    }
}

/// What to tell when the module has django-rq's queues but names another connection in RQ's words, which then counts.
pub(super) fn passed_over(module: &PythonModule, layers: &[Layer]) -> Option<Warning> {
    let origin = module.origin();
    let mut own = layers.iter().flat_map(|layer| layer.entries.values()).filter(|entry| is_part(entry));
    let counts = own.find(|entry| entry.origin == origin && !entry.spelled.starts_with(QUEUES))?;
    let said = connection(module, &served(layers)).ok()?;
    let agrees = |said: &Entry| {
        layers
            .iter()
            .filter_map(|layer| layer.entries.get(said.key.name))
            .any(|entry| entry.value == said.value)
    };
    let spelled = &counts.spelled;
    (!said.iter().all(agrees)).then(|| {
        Warning(format!(
            "{QUEUES} from {origin} names another Redis, which is not used: {spelled} counts higher"
        ))
    })
}

fn keyed(entry: Entry) -> (&'static str, Entry) {
    (entry.key.name, entry)
}

/// The queues that somebody asked for, by the highest layer that does.
fn served(layers: &[Layer]) -> Vec<String> {
    let asked = layers.iter().rev().filter(|layer| layer.standing != Standing::Default);
    let lists = asked.filter_map(|layer| match &layer.entries.get("worker.queues")?.value {
        Ok(Value::List(names)) if !names.is_empty() => Some(names.clone()),
        _ => None,
    });
    lists.into_iter().next().unwrap_or_default()
}

/// The connection that the queues share, in the words of `[redis]`.
fn connection(module: &PythonModule, served: &[String]) -> Result<Vec<Entry>, Problems> {
    let problem = |name: &str, text: String| Problem::with_key(name, module.origin(), text);
    let queues = match module.values.get(QUEUES) {
        Some(Raw::Object(queues)) if queues.values().any(Raw::is_object) => queues,
        None if module.opaque.contains_key(QUEUES) => {
            let odd = "it holds what is neither text, number, list nor dictionary".to_owned();
            return Err(problem(QUEUES, odd).into());
        }
        // Whatever else somebody calls so.
        _ => return Ok(Vec::new()),
    };
    let mut first: Option<(&str, Connection)> = None;
    for name in wanted(queues, served) {
        let entry = queues.get(name).and_then(Raw::as_object).ok_or_else(|| unknown(module, queues, name))?;
        let place = format!("{QUEUES}[{name:?}]");
        let found = queue::connection(entry, module.values.get("CACHES")).map_err(|unusable| {
            let key = if unusable.name.is_empty() { place } else { format!("{place}[{:?}]", unusable.name) };
            problem(&key, unusable.text)
        })?;
        match &first {
            Some((other, shared)) if !same(shared, &found) => {
                let text =
                    format!("the queues {other} and {name} have different connections, and a worker has one");
                return Err(problem(QUEUES, text).hint("start a worker for each of them").into());
            }
            Some(_) => {}
            None => first = Some((name, found)),
        }
    }
    let (name, found) = first.unwrap_or_default();
    Ok(found
        .into_iter()
        .map(|(key, said, value)| entry(module, key, &format!("{QUEUES}[{name:?}][\"{said}\"]"), &value))
        .collect())
}

/// The queues that decide: those that are served, else the one that django-rq takes, else the first.
fn wanted<'a>(queues: &'a Map<String, Raw>, served: &'a [String]) -> Vec<&'a str> {
    if !served.is_empty() {
        return served.iter().map(String::as_str).collect();
    }
    let default = queues.keys().find(|name| *name == DEFAULT).or_else(|| queues.keys().next());
    default.into_iter().map(String::as_str).collect()
}

fn unknown(module: &PythonModule, queues: &Map<String, Raw>, name: &str) -> Problem {
    let known: Vec<&str> = queues.keys().map(String::as_str).collect();
    let text = format!("it has no queue {name}, only {}", known.join(", "));
    let problem = Problem::with_key(QUEUES, module.origin(), text);
    match nearest(name, known) {
        Some(meant) => problem.hint(format!("did you mean {meant}?")),
        None => problem.hint("add the queue, or give its connection by --url"),
    }
}

/// Whether two entries mean the same Redis, whatever names said so.
fn same(one: &Connection, other: &Connection) -> bool {
    let plain = |connection: &Connection| {
        let mut pairs: Vec<(&str, String)> =
            connection.iter().map(|(key, _, value)| (*key, value.to_string().replace('"', ""))).collect();
        for (key, default) in [("redis.port", "6379"), ("redis.db", "0"), ("redis.ssl", "false")] {
            if pairs.iter().any(|(known, _)| *known == "redis.host")
                && !pairs.iter().any(|(known, _)| *known == key)
            {
                pairs.push((key, default.to_owned()));
            }
        }
        pairs.sort();
        pairs
    };
    plain(one) == plain(other)
}

/// Classes and exception handlers.
fn further(module: &PythonModule) -> Vec<Entry> {
    let own = module.values.get("RQ").and_then(Raw::as_object);
    let classes = CLASSES.into_iter().filter_map(|(name, key)| {
        let value = own?.get(name).filter(|value| value.is_string())?;
        Some(entry(module, key, &format!("RQ[{name:?}]"), value))
    });
    let handlers = module.values.get("RQ_EXCEPTION_HANDLERS").filter(|value| value.is_array());
    let handlers =
        handlers.map(|value| entry(module, "worker.exception_handlers", "RQ_EXCEPTION_HANDLERS", value));
    classes.chain(handlers).collect()
}

fn entry(module: &PythonModule, key: &str, spelled: &str, value: &Raw) -> Entry {
    let key = section::key(key).expect("the keys here are ours");
    Entry::read(key, spelled, module.origin(), value)
}

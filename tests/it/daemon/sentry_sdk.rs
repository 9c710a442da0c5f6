//! Our events beside those of the official SDK with its integration for RQ, in Python's worker, of the same failing jobs: they
//! agree field by field, but for what `docs/sentry.md` tells.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

use crate::harness::{Sink, Venv, World, skipped};

/// The jobs, as `q.enqueue(…)` takes them.
pub(super) const JOBS: [&str; 17] = [
    "'jobs.failing.plain', 1, y='three'",
    "'jobs.failing.nested', 3, description='by another name'",
    "'jobs.failing.during'",
    "'jobs.failing.caused'",
    "'jobs.failing.hidden'",
    "'jobs.failing.group'",
    "'jobs.failing.in_import'",
    "'jobs.failing.in_callback'",
    "'jobs.failing.by_lambda'",
    "'jobs.failing.method'",
    "'jobs.failing.\u{f6}ffne'",
    "'jobs.failing.missing'",
    "'jobs.failing.noted'",
    "'jobs.failing.in_library'",
    "'jobs.failing.too_slow', job_timeout=1",
    "'jobs.failing.leave'",
    "'jobs.nowhere.at_all'",
];

/// The rows of the table of differences: paths of fields, or what stands above them.
fn told() -> BTreeSet<String> {
    let page = include_str!("../../../docs/sentry.md");
    let table =
        page.split("\n## Differences from the official SDK\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(path, _)| path.to_owned()));
    rows.collect()
}

/// Has a worker do the jobs, and gives the events by the ids of the jobs.
fn events(world: &World, sink: &Sink, mut command: Command) -> Vec<Value> {
    for (number, job) in JOBS.iter().enumerate() {
        world.enqueue(&format!("{job}, job_id='j{number}'"));
    }
    let before = sink.events().len();

    command.args(["-c", "settings", "--burst", "--name", "w1"]);
    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let mut events = sink.events().split_off(before);
    events.sort_by_key(|event| {
        let id = event["extra"]["rq-job"]["job_id"].as_str().unwrap_or_default();
        id[1.min(id.len())..].parse::<usize>().unwrap_or(usize::MAX)
    });
    assert_eq!(events.len(), JOBS.len(), "{}", exit.stdout);
    events
}

/// Every field in which two events differ, with `[]` for any place in a list.
fn differences(path: &str, theirs: &Value, ours: &Value, found: &mut BTreeSet<String>) {
    match (theirs, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let get =
                    |table: &serde_json::Map<String, Value>| table.get(name).cloned().unwrap_or(Value::Null);
                differences(&path, &get(one), &get(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let path = format!("{path}[]");
            one.iter().zip(other).for_each(|(one, other)| differences(&path, one, other, found));
        }
        _ if without_places(theirs) == without_places(ours) || (is_moment(theirs) && is_moment(ours)) => {}
        _ if is_number(theirs, ours) => {}
        _ => drop(found.insert(path.to_owned())),
    }
}

/// The value, without the places in memory that Python tells of objects.
fn without_places(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let mut parts = text.split(" at 0x");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    Value::String(rest.fold(first, |told, part| told + part))
}

/// Whether both are numbers of an event, of a trace or of a part of one, which are made at random.
fn is_number(theirs: &Value, ours: &Value) -> bool {
    let (Some(one), Some(other)) = (theirs.as_str(), ours.as_str()) else { return false };
    let is_hex = |text: &str| text.bytes().all(|c| c.is_ascii_hexdigit());
    one.len() == other.len() && [16, 32].contains(&one.len()) && is_hex(one) && is_hex(other)
}

/// A time as Sentry takes it. What differs from run to run is only compared by its form.
fn is_moment(value: &Value) -> bool {
    let pattern = "0000-00-00T00:00:00.000000Z";
    let digits =
        |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    value.as_str().is_some_and(|text| digits(text) == pattern)
}

/// Takes the frames of RQ's own code out of the SDK's event, and gives the path of where they were if there were any.
fn without_rqs_frames(event: &mut Value) -> Option<String> {
    let mut any = None;
    for value in event["exception"]["values"].as_array_mut().unwrap() {
        let Some(frames) = value.pointer_mut("/stacktrace/frames").and_then(Value::as_array_mut) else {
            continue;
        };
        let before = frames.len();
        frames.retain(|frame| !frame["module"].as_str().is_some_and(|module| module.starts_with("rq.")));
        if frames.len() < before {
            any = Some("exception.values[].stacktrace.frames".to_owned());
        }
        if frames.is_empty() {
            value.as_object_mut().unwrap().remove("stacktrace");
        }
    }
    any
}

#[test]
fn events_agree_with_the_official_sdks_but_for_what_is_told() {
    let venv = match Venv::named("sentry-sdk") {
        Ok(venv) => venv,
        Err(missing) => return skipped(&missing),
    };
    let (world, sink) = (World::new(), Sink::open());
    let redis = fs::read_to_string(world.path("settings.py")).unwrap();
    let init = format!(
        "import sentry_sdk\nfrom sentry_sdk.integrations.rq import RqIntegration\n\
         sentry_sdk.init(dsn={:?}, integrations=[RqIntegration()])\n",
        sink.dsn("key")
    );
    fs::write(world.path("settings.py"), redis.clone() + &init).unwrap();
    let mut theirs = world.command(&venv.program("rq"));
    theirs.arg("worker");
    let theirs = events(&world, &sink, theirs);
    let own = format!("SENTRY_DSN = {:?}\nRQ_SENTRY = {{'include_variables': True}}\n", sink.dsn("key"));
    fs::write(world.path("settings.py"), redis + &own).unwrap();
    let mut ours = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    ours.arg("worker").arg("--python").arg(venv.python());
    let ours = events(&world, &sink, ours);

    let mut found = BTreeSet::new();
    for (mut theirs, ours) in theirs.into_iter().zip(ours) {
        found.extend(without_rqs_frames(&mut theirs));
        let mut of_job = BTreeSet::new();
        differences("", &theirs, &ours, &mut of_job);
        println!("{} {of_job:?}", ours["extra"]["rq-job"]["func"]);
        found.append(&mut of_job);
    }

    let told = told();
    let covers = |row: &str, path: &str| {
        path.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let untold: Vec<_> = found.iter().filter(|path| !told.iter().any(|row| covers(row, path))).collect();
    let stale: Vec<_> = told.iter().filter(|row| !found.iter().any(|path| covers(row, path))).collect();
    assert!(
        untold.is_empty() && stale.is_empty(),
        "not told in docs/sentry.md: {untold:#?}\nno difference any more: {stale:#?}"
    );
    world.finish();
}

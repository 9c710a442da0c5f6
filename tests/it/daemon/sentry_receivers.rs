//! Our events before real receivers: what Sentry itself does with an event when it comes in, and Sentry's Spotlight.

use std::{fs, process::Command};

use serde_json::Value;

use super::sentry_sdk::JOBS;
use crate::harness::{SOON, Sink, Venv, World, free_port, npm_program, skipped, wait_for};

/// Runs the text of standard input through the normaliser of Sentry's Relay, an event in each line.
const NORMALISE: &str = "
import json, sys
from sentry_relay.processing import StoreNormalizer
normalizer = StoreNormalizer(project_id=1, client_ip='127.0.0.1', client='rqd', key_id='1')
for line in open(sys.argv[1], encoding='utf-8'):
    print(json.dumps(normalizer.normalize_event(json.loads(line))))
";

/// Has a worker report all jobs that fail, each in its own way, to that address.
fn fail(world: &World, dsn: &str, more: &str) {
    let text = format!(
        "REDIS_URL = {:?}\nSENTRY_DSN = {dsn:?}\nRQ_SENTRY = {{'include_variables': True, 'include_arguments': True, 'traces_sample_rate': 1}}\n{more}",
        world.redis.url()
    );
    fs::write(world.path("settings.py"), text).unwrap();
    let strange = [
        "'jobs.failing.saying', 'x' * 20000",
        "'jobs.failing.saying', 'a\\x00b\\x1b[31m\\ud800'",
        "'jobs.failing.wide'",
        "'jobs.failing.deep'",
        "'jobs.exits.by_segfault'",
        "'jobs.exits.by_signal', 'SIGKILL'",
        "'jobs.exits.by_os_exit', 3",
    ];
    for job in JOBS.iter().chain(&strange) {
        world.enqueue(job);
    }
    world.work(&[]);
}

/// What is not as we sent it, but for what Sentry keeps elsewhere and what it adds.
fn repaired(path: &str, ours: &Value, stored: &Value, found: &mut Vec<String>) {
    match (ours, stored) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one.iter().filter(|(_, value)| !value.is_null()) {
                let kept = other.get(name).unwrap_or(&Value::Null);
                repaired(&format!("{path}.{name}"), value, kept, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                repaired(&format!("{path}[{at}]"), one, other, found);
            }
        }
        // Sentry files the name of the machine as a tag, tags as pairs, and times as numbers.
        _ if [".server_name", ".tags", ".timestamp", ".start_timestamp"].contains(&path) => {}
        // Empty texts and lists are nothing to it.
        (Value::String(text), Value::Null) if text.is_empty() => {}
        (Value::Array(list), Value::Null) if list.is_empty() => {}
        (Value::Object(table), Value::Null) if table.is_empty() => {}
        _ if ours == stored => {}
        _ => found.push(format!("{path}: {ours} became {stored}")),
    }
}

#[test]
fn sentrys_own_normaliser_finds_nothing_to_repair() {
    let venv = match Venv::named("sentry-relay") {
        Ok(venv) => venv,
        Err(missing) => return skipped(&missing),
    };
    let (world, sink) = (World::new(), Sink::open());
    fail(&world, &sink.dsn("key"), "RQ_HORSE = {'preload': ['jobs.returns']}\n");
    let mut events = sink.events();
    assert_eq!(events.len(), JOBS.len() + 7);
    events.extend(sink.items("transaction"));
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    fs::write(world.path("events"), lines.join("\n")).unwrap();

    let done =
        Command::new(venv.python()).args(["-c", NORMALISE]).arg(world.path("events")).output().unwrap();

    let stored = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let stored: Vec<Value> = stored.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut found = Vec::new();
    for (ours, stored) in events.iter().zip(&stored) {
        assert!(
            stored["_meta"].is_null() && stored["errors"].is_null(),
            "{}\n{}",
            stored["_meta"],
            stored["errors"]
        );
        assert_eq!(stored["platform"], "python");
        repaired("", ours, stored, &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(stored.len(), events.len());
    world.finish();
}

#[test]
fn sentrys_spotlight_shows_what_jobs_raise() {
    let program = match npm_program("spotlight") {
        Ok(program) => program,
        Err(missing) => return skipped(&missing),
    };
    let (world, port) = (World::new(), free_port());
    let mut command = world.command(&program);
    command.args(["tail", "errors", "-f", "json", "-p", &port.to_string()]);
    let spotlight = world.start(command);
    spotlight.stderr.wait_for_line("*listening on*", SOON);

    fail(&world, &format!("http://any@127.0.0.1:{port}/0"), "");

    let shown = wait_for(SOON, "all events in Spotlight", || {
        let lines = spotlight.stdout.lines();
        let events: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Some(events).filter(|events| events.len() >= JOBS.len() + 7)
    });
    // It shows the first cause of each.
    let caused = shown.iter().find(|event| event["transaction"] == "jobs.failing.caused").unwrap();
    assert_eq!(caused["exception_type"], "ZeroDivisionError", "{caused}");
    assert_eq!((&caused["filename"], &caused["lineno"]), (&"jobs/failing.py".into(), &22.into()));
    assert_eq!((&caused["environment"], &caused["platform"]), (&"production".into(), &"python".into()));
    world.finish();
}

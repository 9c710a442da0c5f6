//! The journal: its native protocol, read as `systemd-journald` reads it.

use std::collections::BTreeMap;

use super::tools::{all_until, datagrams};
use super::work;
use crate::harness::World;

/// The fields of an entry.
#[track_caller]
fn fields(entry: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = entry;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let line = &rest[..end];
        let (name, value);
        if let Some(equals) = line.iter().position(|byte| *byte == b'=') {
            (name, value) = (&line[..equals], &line[equals + 1..]);
            rest = &rest[end + 1..];
        } else {
            let length = u64::from_le_bytes(rest[end + 1..end + 9].try_into().unwrap());
            let length = usize::try_from(length).unwrap();
            (name, value) = (line, &rest[end + 9..end + 9 + length]);
            assert_eq!(rest[end + 9 + length], b'\n');
            rest = &rest[end + 10 + length..];
        }
        let name = String::from_utf8(name.to_vec()).unwrap();
        assert!(name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !name.starts_with('_'), "{name}");
        fields.insert(name, String::from_utf8(value.to_vec()).unwrap());
    }
    fields
}

#[test]
fn entries_have_the_fields_of_the_job_and_large_ones_come_as_files() {
    let world = World::new();
    let path = world.path("journal");
    let socket = datagrams(&path);
    let job = world.enqueue("'jobs.raising.plain'");
    let large = world.enqueue("'jobs.raising.plain', description='x' * 400000");
    let table =
        format!("[logging.appender.j]\nkind = 'journald'\npath = '{}'\napp_name = 'jobs'\n", path.display());

    let reader = std::thread::spawn(move || all_until(&socket, "unsubscribing"));
    work(&world, &table);

    let entries: Vec<_> = reader.join().unwrap().iter().map(|entry| fields(entry)).collect();
    assert!(entries.iter().all(|entry| entry["SYSLOG_IDENTIFIER"] == "jobs"));
    let failure = entries.iter().find(|entry| entry["PRIORITY"] == "3" && entry["RQ_JOB"] == job).unwrap();
    assert!(
        failure["MESSAGE"].ends_with("ValueError: it broke\n")
            || failure["MESSAGE"].contains("ValueError: it broke")
    );
    for (name, value) in [
        ("RQ_QUEUE", "default"),
        ("RQ_WORKER", "w1"),
        ("RQ_LOGGER", "rq.worker"),
        ("RQ_FUNCTION", "jobs.raising.plain"),
    ] {
        assert_eq!(failure[name], value);
    }
    failure["RQ_HORSE"].parse::<u32>().unwrap();
    assert!(entries.iter().any(|entry| entry["MESSAGE"].len() > 400_000 && entry["RQ_JOB"] == large));
    world.finish();
}

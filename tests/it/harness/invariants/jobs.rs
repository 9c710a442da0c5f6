//! Every job is in exactly one place, the one its status names, and every client can read its hash.

use std::collections::BTreeMap;

use super::{
    Leaves,
    snapshot::{Content, Snapshot, is_timestamp, text},
};
use crate::harness::inspect::Hash;

/// A list or registry that holds a job's id, with the score where it has one.
struct Place {
    name: &'static str,
    score: Option<f64>,
}

const REGISTRIES: [&str; 7] = ["wip", "finished", "failed", "deferred", "ready", "scheduled", "canceled"];

pub(super) fn check(snapshot: &Snapshot, left: &[Leaves], broken: &mut Vec<String>) {
    let mut places = places(snapshot);
    for (id, key) in snapshot.starting("job:") {
        let Content::Hash(hash) = &key.content else { continue };
        let found = places.remove(id).unwrap_or_default();
        if left.iter().any(|leaves| matches!(leaves, Leaves::Job(job) if *job == id)) {
            continue;
        }
        broken.extend(unreadable(hash).map(|why| format!("job {id}: {why}")));
        broken.extend(misplaced(hash, &found).map(|why| format!("job {id}: {why}")));
    }
    for (id, found) in places {
        broken.extend(
            found
                .iter()
                .filter(|place| !may_be_gone(snapshot, place, left))
                .map(|place| format!("job {id}: gone, but still in {}", place.name)),
        );
    }
}

/// Where each id is.
fn places(snapshot: &Snapshot) -> BTreeMap<String, Vec<Place>> {
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for (name, key) in snapshot.starting("queue:") {
        let Content::List(ids) = &key.content else { continue };
        let name = if name.ends_with(":intermediate") { "intermediate" } else { "queue" };
        for id in ids {
            places.entry(id.clone()).or_default().push(Place { name, score: None });
        }
    }
    for registry in REGISTRIES {
        for (_, key) in snapshot.starting(&format!("{registry}:")) {
            let Content::Sorted(members) = &key.content else { continue };
            for (member, score) in members {
                let id = member.split(':').next().unwrap_or_default();
                places.entry(id.to_owned()).or_default().push(Place { name: registry, score: Some(*score) });
            }
        }
    }
    for (_, key) in snapshot.starting("rl:").filter(|(name, _)| name.ends_with(":rate_limited")) {
        let Content::Sorted(members) = &key.content else { continue };
        for (id, score) in members {
            places.entry(id.clone()).or_default().push(Place { name: "rate_limited", score: Some(*score) });
        }
    }
    places
}

/// What no Python client could restore (spec 1.10).
fn unreadable(hash: &Hash) -> Option<String> {
    if !hash.contains_key("data") {
        return Some("no data: clients say that it does not exist".to_owned());
    }
    for field in ["created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat"] {
        let value = text(hash, field);
        if !value.is_empty() && !is_timestamp(&value) {
            return Some(format!("{field} is {value:?}"));
        }
    }
    let numbers =
        ["timeout", "success_callback_timeout", "failure_callback_timeout", "stopped_callback_timeout"];
    for field in numbers.into_iter().chain(["enqueue_at_front"]) {
        if hash.contains_key(field) && text(hash, field).parse::<i64>().is_err() {
            return Some(format!("{field} is {:?}", text(hash, field)));
        }
    }
    (!hash.contains_key("last_heartbeat"))
        .then(|| "last_heartbeat is gone: RQ takes the job for deleted".to_owned())
}

/// How the places differ from what the status says.
fn misplaced(hash: &Hash, found: &[Place]) -> Option<String> {
    let status = text(hash, "status");
    let expected: &[&str] = match status.as_str() {
        "queued" => &["queue", "intermediate"],
        "started" => &["wip"],
        "finished" => &["finished"],
        // RQ: stopped jobs are listed with the failed ones.
        "failed" | "stopped" => &["failed"],
        "deferred" => &["deferred"],
        "ready_to_enqueue" => &["ready"],
        "rate_limited" => &["rate_limited"],
        "scheduled" => &["scheduled"],
        "canceled" => &["canceled"],
        "created" => return (!found.is_empty()).then(|| "created, yet in a list".to_owned()),
        other => return Some(format!("unknown status {other:?}")),
    };
    let mut names: Vec<_> = found.iter().map(|place| place.name).collect();
    // RQ: a job that repeats stays listed as finished while it waits for its next run.
    if hash.contains_key("repeats_left") && names.len() > 1 && status != "finished" {
        names.retain(|name| *name != "finished");
    }
    let right = matches!(names.as_slice(), [only] if expected.contains(only));
    (!right).then(|| format!("{status}, so in {}, but it is in {names:?}", expected[0]))
}

/// Whether an id may stand where its job is no more.
fn may_be_gone(snapshot: &Snapshot, place: &Place, left: &[Leaves]) -> bool {
    // RQ: finished and failed jobs vanish by expiry; their entries wait for the next purge.
    let purge_lag = place.score.is_some_and(|score| score >= 0.0 && score <= snapshot.now);
    purge_lag || (place.name == "intermediate" && left.contains(&Leaves::GoneIds))
}

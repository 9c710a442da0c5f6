//! Workers are listed while they live, and only then.

use super::{
    Leaves,
    snapshot::{Content, Snapshot, is_timestamp, text},
};
use crate::harness::inspect::Hash;

/// RQ: how long the hash of a dead worker stays.
const MOURNING: i64 = 60;

pub(super) fn check(snapshot: &Snapshot, left: &[Leaves], broken: &mut Vec<String>) {
    listed(snapshot, broken);
    for (name, key) in snapshot.starting("worker:") {
        let Content::Hash(hash) = &key.content else { continue };
        if left.iter().any(|leaves| matches!(leaves, Leaves::DeadWorker(worker) if *worker == name)) {
            continue;
        }
        broken.extend(unreadable(hash).map(|why| format!("worker {name}: {why}")));
        let member = format!("{}:worker:{name}", snapshot.prefix);
        let is_listed = snapshot.set("workers").contains(&member);
        let is_dead = hash.contains_key("death");
        if is_dead == is_listed {
            broken.push(format!("worker {name}: dead is {is_dead}, listed is {is_listed}"));
        }
        if is_dead && key.ttl > MOURNING {
            broken.push(format!("worker {name}: dead, but to be kept for {} s", key.ttl));
        }
    }
}

fn listed(snapshot: &Snapshot, broken: &mut Vec<String>) {
    let start = format!("{}:worker:", snapshot.prefix);
    let all = snapshot.set("workers");
    for member in &all {
        match member.strip_prefix(&start) {
            None => broken.push(format!("workers: {member} breaks every client that lists the workers")),
            Some(name) if snapshot.hash(&format!("worker:{name}")).is_none() => {
                broken.push(format!("workers: {name} has no hash"));
            }
            Some(_) => {}
        }
    }
    for (queue, _) in snapshot.starting("workers:") {
        let members = snapshot.set(&format!("workers:{queue}"));
        broken.extend(
            members.difference(&all).map(|member| format!("workers:{queue}: {member} is not in workers")),
        );
    }
    let start = format!("{}:queue:", snapshot.prefix);
    for member in snapshot.set("queues").iter().filter(|member| !member.starts_with(&start)) {
        broken.push(format!("queues: {member} breaks every client that lists the queues"));
    }
}

/// What no Python client could read.
fn unreadable(hash: &Hash) -> Option<String> {
    for field in ["birth", "last_heartbeat", "death", "shutdown_requested_date"] {
        let value = text(hash, field);
        if !value.is_empty() && !is_timestamp(&value) {
            return Some(format!("{field} is {value:?}"));
        }
    }
    text(hash, "pid").parse::<u32>().is_err().then(|| format!("pid is {:?}", text(hash, "pid")))
}

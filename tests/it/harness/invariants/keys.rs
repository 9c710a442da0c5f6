//! Every key is one that RQ knows, of its type, and lives no longer than it should.

use super::{
    Leaves,
    snapshot::{Content, Key, Snapshot, text},
};

/// How long a kind of key may live.
enum Life {
    /// It must have a time to live.
    Bounded,
    /// It may stay for ever: it vanishes when it is empty, or is small and shared.
    Unbounded,
    /// It goes with the job of that id.
    AsJob(String),
}

pub(super) fn check(snapshot: &Snapshot, left: &[Leaves], broken: &mut Vec<String>) {
    broken
        .extend(snapshot.foreign.iter().map(|key| format!("{key}: outside the prefix {}", snapshot.prefix)));
    for (name, key) in &snapshot.keys {
        if left.iter().any(|leaves| matches!(leaves, Leaves::Job(job) if name.contains(job))) {
            continue;
        }
        // Ours: what stood under a key of RQ's and had another type; any, but not for ever.
        if name.starts_with("rqd:aside:") {
            broken.extend((key.ttl < 0).then(|| format!("{name}: has no time to live")));
            continue;
        }
        match known(name) {
            None => broken.push(format!("{name}: not a key of RQ")),
            Some((kind, _)) if kind != key.content.kind() => {
                broken.push(format!("{name}: a {} where RQ has a {kind}", key.content.kind()));
            }
            Some((_, life)) => broken.extend(lives_too_long(snapshot, name, key, &life)),
        }
    }
}

/// The type and life of a key by its name (without the prefix).
fn known(name: &str) -> Option<(&'static str, Life)> {
    let (first, rest) = name.split_once(':').unwrap_or((name, ""));
    let part = |end: &str| rest.ends_with(end);
    Some(match first {
        "job" => job_key(rest),
        "results" => ("stream", Life::AsJob(rest.to_owned())),
        "queues" | "workers" | "groups" | "group" | "rl-keys" => ("set", Life::Unbounded),
        "queue" if rest.contains(":intermediate:first_seen:") => ("string", Life::Bounded),
        "queue" => ("list", Life::Unbounded),
        "wip" | "finished" | "failed" | "deferred" | "ready" | "scheduled" | "canceled" => {
            ("zset", Life::Unbounded)
        }
        "worker" if part(":executions") => ("set", Life::Bounded),
        "worker" | "execution" | "scheduler" => ("hash", Life::Bounded),
        "executions" => ("zset", Life::Bounded),
        "suspended" => ("string", Life::Unbounded),
        "clean_registries" | "clean_groups" | "scheduler-lock" => ("string", Life::Bounded),
        "rl" if part(":allowed") || part(":rate_limited") => ("zset", Life::Unbounded),
        "rl" => ("hash", Life::Unbounded),
        // Ours: the keys that only our daemons read.
        "rqd" => return own_key(rest),
        _ => return None,
    })
}

fn job_key(rest: &str) -> (&'static str, Life) {
    // RQ: the doubled colon of the dependencies' key.
    if let Some(job) = rest.strip_prefix(':').and_then(|rest| rest.strip_suffix(":dependencies")) {
        ("set", Life::AsJob(job.to_owned()))
    } else if let Some(job) = rest.strip_suffix(":dependents") {
        ("set", Life::AsJob(job.to_owned()))
    } else {
        ("hash", Life::AsJob(rest.to_owned()))
    }
}

/// Keys that no other client knows.
fn own_key(rest: &str) -> Option<(&'static str, Life)> {
    Some(match rest {
        // What could not even be failed is put aside for a person to look at.
        "aside" => ("list", Life::Unbounded),
        // The daemons that said no farewell.
        "daemons" => ("hash", Life::Unbounded),
        "watcher" => ("string", Life::Bounded),
        _ if rest.starts_with("left:") => ("set", Life::Bounded),
        _ if rest.starts_with("alive:") => ("string", Life::Bounded),
        _ => return None,
    })
}

fn lives_too_long(snapshot: &Snapshot, name: &str, key: &Key, life: &Life) -> Option<String> {
    if key.ttl >= 0 {
        return None;
    }
    match life {
        Life::Unbounded => None,
        Life::Bounded => Some(format!("{name}: has no time to live")),
        Life::AsJob(job) => {
            let Some(hash) = snapshot.hash(&format!("job:{job}")) else {
                return Some(format!("{name}: outlives its job and never expires"));
            };
            let ended_for = match text(hash, "status").as_str() {
                "finished" => "result_ttl",
                "failed" | "stopped" => "failure_ttl",
                _ => return None,
            };
            // RQ: a failed job without failure_ttl leaves its results for ever (spec 1.8).
            let eternal_results = matches!(key.content, Content::Stream) && ended_for == "failure_ttl";
            let asked = text(hash, ended_for);
            let kept = asked == "-1" || (eternal_results && asked.is_empty());
            (!kept).then(|| format!("{name}: never expires although {ended_for} is {asked:?}"))
        }
    }
}

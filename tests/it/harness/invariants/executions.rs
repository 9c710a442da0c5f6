//! The four records of an execution exist together: hash, job's list, started registry, worker's set.

use super::{
    Leaves,
    snapshot::{Content, Snapshot, text},
};

pub(super) fn check(snapshot: &Snapshot, left: &[Leaves], broken: &mut Vec<String>) {
    if left.contains(&Leaves::Executions) {
        return;
    }
    registered(snapshot, broken);
    hashes(snapshot, broken);
    listed(snapshot, broken);
}

/// Entries of the started registries can be read and have their hash.
fn registered(snapshot: &Snapshot, broken: &mut Vec<String>) {
    for (queue, key) in snapshot.starting("wip:") {
        let Content::Sorted(members) = &key.content else { continue };
        for (member, score) in members {
            match member.matches(':').count() {
                // RQ 1.16 has the bare job id.
                0 => {}
                1 if snapshot.hash(&format!("execution:{member}")).is_some() => {}
                1 => broken.push(format!("wip:{queue}: {member} has no execution hash")),
                _ => broken.push(format!("wip:{queue}: no client can split {member}")),
            }
            if *score < snapshot.now {
                broken.push(format!("wip:{queue}: the lease of {member} has run out"));
            }
        }
    }
}

/// Execution hashes are complete and known to the job and to the worker.
fn hashes(snapshot: &Snapshot, broken: &mut Vec<String>) {
    for (name, key) in snapshot.starting("execution:") {
        let Content::Hash(hash) = &key.content else { continue };
        let (job, id) = name.split_once(':').unwrap_or_default();
        for field in ["created_at", "last_heartbeat"] {
            if text(hash, field).parse::<f64>().is_err() {
                broken.push(format!("execution:{name}: {field} is {:?}", text(hash, field)));
            }
        }
        if !snapshot.sorted(&format!("executions:{job}")).iter().any(|(member, _)| member == id) {
            broken.push(format!("execution:{name}: not listed in executions:{job}"));
        }
        let worker = text(hash, "worker_name");
        let alive =
            snapshot.hash(&format!("worker:{worker}")).is_some_and(|hash| !hash.contains_key("death"));
        // RQ before 3.0 has no such set, and no job_id in the hash.
        let keeps_set = hash.contains_key("job_id");
        if alive && keeps_set && !snapshot.set(&format!("worker:{worker}:executions")).contains(name) {
            broken.push(format!("execution:{name}: worker {worker} does not list it"));
        }
    }
}

/// What jobs and workers list exists.
fn listed(snapshot: &Snapshot, broken: &mut Vec<String>) {
    for (job, key) in snapshot.starting("executions:") {
        let Content::Sorted(members) = &key.content else { continue };
        for (id, _) in members {
            if snapshot.hash(&format!("execution:{job}:{id}")).is_none() {
                broken.push(format!("executions:{job}: {id} has no hash, so the job cannot be deleted"));
            }
        }
    }
    for (name, key) in snapshot.starting("worker:") {
        let Content::Set(members) = &key.content else { continue };
        for member in members {
            if snapshot.hash(&format!("execution:{member}")).is_none() {
                broken.push(format!("worker:{name}: {member} has no hash"));
            }
        }
    }
}

//! Whether Redis may throw jobs away, or is about to refuse new ones.

use super::finding::Finding;
use crate::store::Server;

/// From which share of its limit on memory is scarce, and very scarce.
const SCARCE: f64 = 0.85;
const VERY_SCARCE: f64 = 0.95;

/// What there is to say of memory.
pub(super) fn check(server: &Server) -> Vec<Finding> {
    let most = server.number("maxmemory").or_else(|| server.setting("maxmemory")?.parse().ok());
    let policy = server.setting("maxmemory-policy").or_else(|| server.fact("maxmemory_policy"));
    let Some(policy) = policy else {
        return vec![
            Finding::note("server.eviction", "whether Redis may throw keys away cannot be seen")
                .because("CONFIG GET and INFO are refused, or leave it out")
                .advise("make sure that maxmemory-policy is noeviction"),
        ];
    };
    let mut found = vec![eviction(policy, most.unwrap_or(0))];
    found.extend(evicted(server));
    found.extend(scarce(server, most.unwrap_or(0), policy));
    found
}

fn eviction(policy: &str, most: u64) -> Finding {
    const CHECK: &str = "server.eviction";
    if policy == "noeviction" {
        return Finding::ok(CHECK, "maxmemory-policy is noeviction: Redis throws no job away");
    }
    let advice =
        "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf; give a cache a Redis of its own";
    let found = if most == 0 {
        format!("maxmemory-policy is {policy}, though there is no maxmemory yet")
    } else {
        format!("maxmemory-policy is {policy}")
    };
    Finding::problem(CHECK, found)
        .because("when memory runs out, Redis deletes jobs, queues or registries without a word")
        .advise(advice)
}

fn evicted(server: &Server) -> Option<Finding> {
    let evicted = server.number("evicted_keys").filter(|evicted| *evicted > 0)?;
    Some(
        Finding::warning("server.evicted", format!("Redis has evicted {evicted} keys since it started"))
            .because("there may have been jobs among them")
            .advise("compare what was enqueued with what has run; rq doctor tells ids whose jobs are gone"),
    )
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
fn scarce(server: &Server, most: u64, policy: &str) -> Option<Finding> {
    let used = server.number("used_memory")?;
    let share = used as f64 / most as f64;
    if most == 0 || share < SCARCE {
        return None;
    }
    let found =
        format!("Redis uses {:.0} % of its maxmemory ({} of {})", share * 100.0, size(used), size(most));
    let why = if policy == "noeviction" {
        "at the limit it refuses every write: nothing can be enqueued, taken or settled"
    } else {
        "at the limit it begins to delete keys"
    };
    let advice = "raise maxmemory, shorten result_ttl and failure_ttl, or delete old failures: rq jobs --state failed \
                  --older-than 7d --delete";
    let grade = if share < VERY_SCARCE { Finding::warning } else { Finding::problem };
    Some(grade("server.memory", found).because(why).advise(advice))
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::server;
    use super::*;

    #[test]
    fn any_policy_but_one_loses_jobs() {
        for (policy, severity) in [
            ("noeviction", Severity::Ok),
            ("allkeys-lru", Severity::Problem),
            ("volatile-ttl", Severity::Problem),
        ] {
            let by_config = check(&server(&[], &[("maxmemory-policy", policy)]));
            let by_info = check(&server(&[("maxmemory_policy", policy)], &[]));
            assert_eq!(by_config[0].severity, severity, "{policy}");
            assert_eq!(by_config, by_info);
        }
        assert_eq!(check(&Server::default())[0].severity, Severity::Note);
    }

    #[test]
    fn memory_is_scarce_near_its_limit() {
        for (used, expected) in
            [("50", None), ("85", Some(Severity::Warning)), ("96", Some(Severity::Problem))]
        {
            let facts = [("maxmemory", "100"), ("maxmemory_policy", "noeviction"), ("used_memory", used)];
            let found = check(&server(&facts, &[]));
            assert_eq!(found.get(1).map(|finding| finding.severity), expected, "{used}");
        }
        let unlimited = [("maxmemory", "0"), ("maxmemory_policy", "noeviction"), ("used_memory", "5")];
        assert_eq!(check(&server(&unlimited, &[])).len(), 1);
    }
}

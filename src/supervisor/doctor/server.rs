//! Which server it is, and whether it is one to work with.

use super::finding::Finding;
use crate::store::{Server, ServerKind};

/// Since which version a server can be used at all, and since which one workers can wait instead of asking.
const LEAST: (u32, u32) = (5, 0);
const WAITS: (u32, u32) = (6, 2);

/// What there is to say of the kind of server, its version and its role.
pub(super) fn check(server: &Server, address: &str) -> Vec<Finding> {
    let mut found = vec![version(server, address)];
    found.extend(role(server));
    found.extend(cluster(server));
    found
}

fn version(server: &Server, address: &str) -> Finding {
    const CHECK: &str = "server.version";
    let Some(level) = server.level() else {
        return Finding::note(CHECK, format!("the server at {address} does not tell its version"))
            .because("workers ask it for jobs again and again, as one before 6.2 could not let them wait")
            .advise("grant the command INFO, if it is Redis 6.2 or newer");
    };
    let name = name(server);
    if level < LEAST {
        Finding::problem(CHECK, format!("{name} at {address} is too old"))
            .because("streams, in which the results of jobs are, came with Redis 5.0")
            .advise("use Redis 6.2 or newer, or Valkey")
    } else if level < WAITS {
        Finding::warning(CHECK, format!("{name} at {address} is old"))
            .because(
                "BLMOVE, by which workers wait for jobs, came with 6.2: without it they ask again and again",
            )
            .advise("use Redis 6.2 or newer, or Valkey")
    } else if matches!(server.kind(), ServerKind::KeyDb | ServerKind::Dragonfly) {
        Finding::note(CHECK, format!("{name} at {address}"))
            .because(
                "it is tested with Redis; others that speak as Redis does may differ in what scripts can do",
            )
            .advise("try your jobs with it before you rely on it")
    } else {
        Finding::ok(CHECK, format!("{name} at {address}"))
    }
}

/// What it is called, with its own version.
fn name(server: &Server) -> String {
    let told = |fact: &str| server.fact(fact).unwrap_or("?").to_owned();
    match server.kind() {
        ServerKind::Redis => format!("Redis {}", told("redis_version")),
        ServerKind::Valkey => format!("Valkey {}", told("valkey_version")),
        ServerKind::KeyDb => format!("KeyDB {}", told("redis_version")),
        ServerKind::Dragonfly => {
            format!("Dragonfly {} (as Redis {})", told("dragonfly_version"), told("redis_version"))
        }
    }
}

fn role(server: &Server) -> Option<Finding> {
    const CHECK: &str = "server.role";
    let role = server.fact("role")?;
    if role == "master" {
        return None;
    }
    let master = match (server.fact("master_host"), server.fact("master_port")) {
        (Some(host), Some(port)) => format!(" of {host}:{port}"),
        _ => String::new(),
    };
    Some(
        Finding::problem(CHECK, format!("the server is a replica{master}"))
            .because("it takes no writes: no job can be taken, and no outcome be written")
            .advise(
                "name the master in redis.url, or sentinels in [redis.sentinel], which know who is master",
            ),
    )
}

fn cluster(server: &Server) -> Option<Finding> {
    (server.fact("cluster_enabled") == Some("1")).then(|| {
        Finding::problem("server.cluster", "the server is part of a Redis Cluster")
            .because(
                "a job's keys lie in different slots, and RQ, as rqd, changes several of them in one step",
            )
            .advise("use a single Redis, with Sentinel where it has to survive a loss")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::server;
    use super::*;

    #[test]
    fn a_version_is_judged_by_what_it_lacks() {
        for (version, severity) in [
            ("4.0.14", Severity::Problem),
            ("5.0.7", Severity::Warning),
            ("6.0.16", Severity::Warning),
            ("6.2.0", Severity::Ok),
            ("8.0.0", Severity::Ok),
        ] {
            let found = check(&server(&[("redis_version", version)], &[]), "redis://h");
            assert_eq!(found[0].severity, severity, "{version}");
            assert!(found[0].found.contains(version), "{found:?}");
        }
        assert_eq!(check(&Server::default(), "redis://h")[0].severity, Severity::Note);
    }

    #[test]
    fn others_that_speak_as_redis_does_are_named() {
        let valkey = server(&[("redis_version", "7.2.4"), ("valkey_version", "8.0.1")], &[]);
        assert_eq!(check(&valkey, "h"), [Finding::ok("server.version", "Valkey 8.0.1 at h")]);
        let keydb = server(&[("redis_version", "6.3.4"), ("mvcc_depth", "0")], &[]);
        assert_eq!(check(&keydb, "h")[0].severity, Severity::Note);
    }

    #[test]
    fn replicas_and_clusters_cannot_be_worked_with() {
        let facts = [
            ("redis_version", "7.0.0"),
            ("role", "slave"),
            ("master_host", "m"),
            ("master_port", "6379"),
            ("cluster_enabled", "1"),
        ];

        let found = check(&server(&facts, &[]), "h");

        assert_eq!(found[1].found, "the server is a replica of m:6379");
        assert!(found[1..].iter().all(|finding| finding.severity == Severity::Problem), "{found:?}");
        assert_eq!(found.len(), 3);
    }
}

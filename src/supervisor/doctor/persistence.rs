//! Whether jobs outlive a restart of Redis.

use super::finding::Finding;
use crate::store::Server;

const CHECK: &str = "server.persistence";

/// What there is to say of snapshots and the append-only file.
pub(super) fn check(server: &Server) -> Vec<Finding> {
    let mut found = vec![kept(server)];
    found.extend(snapshot_failed(server));
    found.extend(log_failed(server));
    found
}

fn kept(server: &Server) -> Finding {
    let has_log = match (server.setting("appendonly"), server.fact("aof_enabled")) {
        (Some(setting), _) => Some(setting == "yes"),
        (None, Some(fact)) => Some(fact == "1"),
        (None, None) => None,
    };
    let has_snapshots = server.setting("save").map(|save| !save.trim().is_empty());
    match (has_log, has_snapshots) {
        (Some(true), _) => Finding::ok(CHECK, "Redis writes an append-only file: jobs outlive its restart"),
        (_, Some(true)) => Finding::note(CHECK, "Redis writes snapshots (RDB) and no append-only file")
            .because("when it crashes, what was enqueued since the last snapshot is lost, and jobs that ended since run again")
            .advise("CONFIG SET appendonly yes, and the same in redis.conf, if that matters"),
        (Some(false), Some(false)) => Finding::warning(CHECK, "Redis keeps nothing on disk: neither snapshots nor an append-only file")
            .because("when it restarts, every job is gone, those that wait and those that are scheduled for later, too")
            .advise("CONFIG SET appendonly yes, and the same in redis.conf"),
        (Some(false), None) => Finding::note(CHECK, "Redis writes no append-only file, and whether it writes snapshots cannot be seen")
            .because("CONFIG GET is refused; without either, every job is gone when it restarts")
            .advise("ask whoever runs it, or grant CONFIG GET"),
        (None, _) => Finding::note(CHECK, "whether Redis keeps anything on disk cannot be seen")
            .because("CONFIG GET and INFO are refused, or leave it out")
            .advise("ask whoever runs it, or grant INFO and CONFIG GET"),
    }
}

fn snapshot_failed(server: &Server) -> Option<Finding> {
    if server.fact("rdb_last_bgsave_status") != Some("err") {
        return None;
    }
    let finding = |finding: Finding| {
        finding.advise(
            "look into the log of Redis: the disk is full, the folder is not writable, or a fork fails",
        )
    };
    let stops = server.setting("stop-writes-on-bgsave-error");
    Some(finding(match stops {
        Some("no") => Finding::warning("server.snapshot", "the last snapshot of Redis failed")
            .because("a restart would bring back an older state: jobs would be lost, and others run again"),
        _ => Finding::problem("server.snapshot", "the last snapshot of Redis failed")
            .because("unless stop-writes-on-bgsave-error is no, it refuses every write until one succeeds"),
    }))
}

fn log_failed(server: &Server) -> Option<Finding> {
    (server.fact("aof_last_write_status") == Some("err")).then(|| {
        Finding::problem("server.append_only_file", "the last write to the append-only file of Redis failed")
            .because("it refuses every write until it can write there again")
            .advise("look into the log of Redis: the disk is full, or broken")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::server;
    use super::*;

    #[test]
    fn what_is_kept_on_disk_is_judged() {
        for (settings, facts, severity) in [
            (&[("appendonly", "yes"), ("save", "")][..], &[][..], Severity::Ok),
            (&[("appendonly", "no"), ("save", "3600 1")], &[], Severity::Note),
            (&[("appendonly", "no"), ("save", "")], &[], Severity::Warning),
            (&[], &[("aof_enabled", "1")], Severity::Ok),
            (&[], &[("aof_enabled", "0")], Severity::Note),
            (&[], &[], Severity::Note),
        ] {
            let found = check(&server(facts, settings));
            assert_eq!((found.len(), found[0].severity), (1, severity), "{settings:?} {facts:?}");
        }
    }

    #[test]
    fn writes_that_failed_are_told() {
        let failed = [("rdb_last_bgsave_status", "err"), ("aof_last_write_status", "err")];

        let found = check(&server(&failed, &[]));
        let lenient = check(&server(&failed, &[("stop-writes-on-bgsave-error", "no")]));

        assert_eq!([found[1].severity, found[2].severity], [Severity::Problem; 2]);
        assert_eq!(lenient[1].severity, Severity::Warning);
    }
}

//! Settings of Redis that cut connections.

use super::finding::Finding;
use crate::store::Server;

/// RQ: how long an idle worker may wait in one go.
const LONGEST_WAIT: u64 = 420;

/// From which share of its limit on connections are scarce.
const SCARCE: u64 = 90;

/// What there is to say of connections.
pub(super) fn check(server: &Server) -> Vec<Finding> {
    [timeout(server), buffer(server), clients(server)].into_iter().flatten().collect()
}

fn timeout(server: &Server) -> Option<Finding> {
    let seconds: u64 = server.setting("timeout")?.parse().ok().filter(|seconds| *seconds > 0)?;
    let found = format!("Redis closes connections that are idle for {seconds}s (its setting timeout)");
    let why = "a client that is quiet for so long is cut off, and finds out with its next command; workers come back by themselves";
    let grade = if seconds < LONGEST_WAIT { Finding::warning } else { Finding::note };
    let advice = "CONFIG SET timeout 0: tcp-keepalive finds connections that are dead";
    Some(grade("server.timeout", found).because(why).advise(advice))
}

/// The limit for subscribers: `class hard soft seconds`, of each class.
fn buffer(server: &Server) -> Option<Finding> {
    let limits = server.setting("client-output-buffer-limit")?;
    let words: Vec<&str> = limits.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "pubsub")?;
    let hard: u64 = words.get(at + 1)?.parse().ok()?;
    (1..1_048_576).contains(&hard).then(|| {
        let found = format!(
            "Redis drops a subscriber for which {hard} bytes wait (client-output-buffer-limit pubsub)"
        );
        Finding::warning("server.subscribers", found)
            .because("a worker that is dropped misses the commands that come before it is back")
            .advise(
                "CONFIG SET client-output-buffer-limit \"pubsub 33554432 8388608 60\", which is the default",
            )
    })
}

fn clients(server: &Server) -> Option<Finding> {
    let (connected, most) = (server.number("connected_clients")?, server.number("maxclients")?);
    (most > 0 && connected.saturating_mul(100) >= most.saturating_mul(SCARCE)).then(|| {
        Finding::warning("server.clients", format!("{connected} of {most} connections of Redis are taken"))
            .because("at the limit it turns workers and clients away")
            .advise("raise maxclients, or close what nobody uses (CLIENT LIST); a worker has one for each queue that it waits for, and one for commands")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::server;
    use super::*;

    #[test]
    fn what_cuts_connections_is_told() {
        for (name, value, expected) in [
            ("timeout", "0", None),
            ("timeout", "60", Some(Severity::Warning)),
            ("timeout", "3600", Some(Severity::Note)),
            (
                "client-output-buffer-limit",
                "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
                None,
            ),
            ("client-output-buffer-limit", "normal 0 0 0 pubsub 0 0 0", None),
            ("client-output-buffer-limit", "normal 0 0 0 pubsub 1024 512 1", Some(Severity::Warning)),
            ("client-output-buffer-limit", "nonsense", None),
        ] {
            let found = check(&server(&[], &[(name, value)]));
            assert_eq!(found.first().map(|finding| finding.severity), expected, "{name} {value}");
        }
    }

    #[test]
    fn connections_are_scarce_near_their_limit() {
        let told = |connected| server(&[("connected_clients", connected), ("maxclients", "100")], &[]);

        assert_eq!(check(&told("89")), []);
        assert_eq!(check(&told("90"))[0].check, "server.clients");
    }
}

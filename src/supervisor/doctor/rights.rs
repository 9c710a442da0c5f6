//! What the user of Redis lacks.

use super::finding::{Finding, some};
use crate::store::{Missed, Right, Rights, Server};

/// What there is to say of rights; `prefix` is what our keys begin with.
pub(super) fn check(rights: Option<&Rights>, server: &Server, prefix: &str) -> Vec<Finding> {
    const CHECK: &str = "server.rights";
    let mut found = Vec::new();
    let Some(rights) = rights else { return found };
    if rights.are_whole() {
        found.push(Finding::ok(CHECK, format!("the user {} may do all that is needed", rights.user)));
    } else if server.settings.is_none() || server.info.is_none() {
        let unseen = if server.info.is_none() { "INFO" } else { "CONFIG GET" };
        found.push(
            Finding::note("server.unseen", format!("{unseen} is refused: not all could be looked at"))
                .because("its version, its memory or its settings are unknown"),
        );
    }
    if rights.keys {
        found.push(refused(rights, prefix, &format!("keys {prefix}:*"), "every key of RQ is among them"));
    }
    if rights.channels {
        let why = "commands to workers, such as stopping a job, go through them";
        found.push(refused(rights, prefix, &format!("channels {prefix}:pubsub:*"), why));
    }
    let (needed, spare): (Vec<&Right>, Vec<&Right>) =
        rights.commands.iter().partition(|right| right.missed == Missed::ByWorkers);
    if !needed.is_empty() {
        let names: Vec<_> = needed.iter().map(|right| right.command).collect();
        found.push(refused(rights, prefix, &some(&names), "workers cannot do without"));
    }
    if !spare.is_empty() {
        found.push(spared(rights, &spare));
    }
    found
}

fn refused(rights: &Rights, prefix: &str, what: &str, why: &str) -> Finding {
    Finding::problem("server.rights", format!("the user {} is refused {what}", rights.user))
        .because(why)
        .advise(format!("{}, and ACL SAVE or the same in the configuration of Redis", rights.line(prefix)))
}

fn spared(rights: &Rights, spare: &[&Right]) -> Finding {
    let names: Vec<_> = spare.iter().map(|right| right.command).collect();
    let mut lost: Vec<&str> = spare
        .iter()
        .filter_map(|right| match right.missed {
            Missed::By(lost) => Some(lost),
            Missed::ByWorkers => None,
        })
        .collect();
    lost.dedup();
    let grants: Vec<String> = names.iter().map(|name| format!("+{name}")).collect();
    Finding::note("server.rights", format!("the user {} is refused {}", rights.user, some(&names)))
        .because(format!("workers can do without, but {}", lost.join("; ")))
        .advise(format!("ACL SETUSER {} {}", rights.user, grants.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::server;
    use super::*;
    use crate::store::NEEDED;

    fn lacking(commands: &[&str], keys: bool) -> Rights {
        let commands = NEEDED.iter().filter(|right| commands.contains(&right.command)).copied().collect();
        Rights { user: "app".to_owned(), commands, keys, channels: false }
    }

    fn checked(rights: &Rights) -> Vec<Finding> {
        check(Some(rights), &server(&[("redis_version", "7.0.0")], &[("timeout", "0")]), "rq")
    }

    #[test]
    fn what_workers_cannot_do_without_is_a_problem() {
        let found = checked(&lacking(&["blmove", "client|id"], true));

        assert_eq!(
            found.iter().map(|finding| finding.severity).collect::<Vec<_>>(),
            [Severity::Problem, Severity::Problem, Severity::Note]
        );
        assert_eq!(found[1].found, "the user app is refused blmove");
        assert!(found[1].advice.as_ref().unwrap().starts_with("ACL SETUSER app ~rq:* +client|id +blmove"));
        assert_eq!(found[2].advice.as_deref(), Some("ACL SETUSER app +client|id"));
    }

    #[test]
    fn a_user_who_lacks_nothing_is_fine() {
        assert_eq!(checked(&lacking(&[], false))[0].severity, Severity::Ok);
        assert_eq!(check(None, &Server::default(), "rq"), []);
    }
}

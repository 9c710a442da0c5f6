//! What the user of Redis lacks.

use super::finding::{Finding, some};
use crate::store::{Missed, Right, Rights, Server};

/// The version from which on the server has every command: of an older one its version is told.
const COMPLETE: (u32, u32) = (6, 2);

/// What there is to say of rights; `prefix` is what our keys begin with.
pub(super) fn check(rights: Option<&Rights>, server: &Server, prefix: &str) -> Vec<Finding> {
    const CHECK: &str = "server.rights";
    let mut found = Vec::new();
    let Some(rights) = rights else { return found };
    if rights.are_whole() {
        found.push(Finding::ok(CHECK, format!("the user {} may do all that is needed", rights.user)));
    } else if !rights.absent.is_empty() && server.level().is_none_or(|level| level >= COMPLETE) {
        found.push(absent(&rights.absent));
    }
    if !rights.commands.is_empty() && (server.settings.is_none() || server.info.is_none()) {
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

fn absent(absent: &[Right]) -> Finding {
    let names: Vec<_> = absent.iter().map(|right| right.command).collect();
    let grade = if absent.iter().any(|right| right.missed == Missed::ByWorkers) {
        Finding::warning
    } else {
        Finding::note
    };
    grade("server.commands", format!("the server has no command {}", some(&names)))
        .because("they are renamed or disabled in its configuration, or it is none of Redis's own: what needs them goes without or fails")
        .advise("give them their names back (rename-command in redis.conf); limit users by an ACL instead")
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
        Rights { user: "app".to_owned(), commands, absent: Vec::new(), keys, channels: false }
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
    fn what_the_server_does_not_have_is_no_matter_of_rights() {
        let mut rights = lacking(&["blmove"], false);
        rights.absent = std::mem::take(&mut rights.commands);

        let found = checked(&rights);

        assert_eq!(
            (found[0].check, found[0].severity, found.len()),
            ("server.commands", Severity::Warning, 1)
        );
        assert_eq!(found[0].found, "the server has no command blmove");
        assert!(!found[0].advice.as_ref().unwrap().contains("SETUSER"), "{found:?}");
    }

    #[test]
    fn a_user_who_lacks_nothing_is_fine() {
        assert_eq!(checked(&lacking(&[], false))[0].severity, Severity::Ok);
        assert_eq!(check(None, &Server::default(), "rq"), []);
    }
}

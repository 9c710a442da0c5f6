//! The transitions: one script each, built on a shared prelude and on fragments.

use std::sync::LazyLock;

use super::client::Script;

macro_rules! scripts {
    ($($name:ident = $($part:literal)+;)+) => { $(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            // Each part's name comes first, so that whoever reads the traffic can tell which transition it is.
            Script::new(concat!($("-- ", $part, "\n", include_str!(concat!("scripts/", $part, ".lua")), "\n"),+))
        });
    )+ };
}

scripts! {
    CLAIM = "prelude" "life" "taking" "claim";
    RESTORE = "prelude" "rate_limit" "dependents" "failures" "delete" "outcomes" "taking" "restore";
    BEAT = "prelude" "beat";
    REGISTER = "prelude" "life" "register";
    BACKLOG = "prelude" "backlog";
    CENSUS = "prelude" "census";
    CHANGE = "prelude" "change";
    UNREGISTER = "prelude" "life" "unregister";
    SETTLE = "prelude" "rate_limit" "dependents" "failures" "delete" "outcomes" "settle";
    RELEASE = "prelude" "rate_limit" "dependents" "release";
    CLOSE = "prelude" "close";
    HAND_OVER = "prelude" "hand_over";
    RECOVER = "prelude" "life" "taking" "rate_limit" "dependents" "failures" "delete" "outcomes" "recover";
    WATCH = "prelude" "life" "watch";
    ADOPT = "prelude" "adopt";
    BURY = "prelude" "life" "bury";
    SWEEP = "prelude" "taking" "stranded" "sweep";
    STUCK = "prelude" "taking" "stranded" "rate_limit" "dependents" "failures" "delete" "outcomes" "stuck";
    PURGE = "prelude" "purge";
    READY = "prelude" "rate_limit" "dependents" "ready";
    LIMITS = "prelude" "rate_limit" "limits";
    FORGET = "prelude" "forget";
    UNLOCK = "prelude" "unlock";
    HOLD = "prelude" "hold";
    LET_GO = "prelude" "let_go";
    GLANCE = "prelude" "glance";
    ENQUEUE = "prelude" "enqueue";
    SKIM = "prelude" "skim";
    WITHDRAW = "prelude" "rate_limit" "delete" "withdraw";
    EMPTY = "prelude" "rate_limit" "delete" "empty";
    REQUEUE = "prelude" "rate_limit" "requeue";
    PRUNE = "prelude" "prune";
    DISMISS = "prelude" "dismiss";
    DISCARD = "prelude" "rate_limit" "delete" "discard";
    CRON_ENQUEUE = "prelude" "cron_enqueue";
    SCHEDULE = "prelude" "rate_limit" "schedule";
}

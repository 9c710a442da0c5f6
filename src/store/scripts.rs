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
    CLAIM = "prelude" "taking" "claim";
    RESTORE = "prelude" "rate_limit" "dependents" "outcomes" "taking" "restore";
    BEAT = "prelude" "beat";
    REGISTER = "prelude" "register";
    UNREGISTER = "prelude" "unregister";
    SETTLE = "prelude" "rate_limit" "dependents" "outcomes" "settle";
    RELEASE = "prelude" "rate_limit" "dependents" "release";
    ABANDON = "prelude" "rate_limit" "dependents" "outcomes" "abandon";
    CLOSE = "prelude" "close";
    SWEEP = "prelude" "taking" "sweep";
    TIDY = "prelude" "tidy";
    HOLD = "prelude" "hold";
    LET_GO = "prelude" "let_go";
    SCHEDULE = "prelude" "rate_limit" "schedule";
}

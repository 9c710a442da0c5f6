//! The transitions: one script each, built on a shared prelude.

use std::sync::LazyLock;

use super::client::Script;

macro_rules! script {
    ($($part:literal),*) => {
        // The transition's own name comes first, so that whoever reads the traffic can tell which one it is.
        LazyLock::new(|| Script::new(concat!($("-- ", $part, "\n", include_str!(concat!("scripts/", $part, ".lua")), "\n"),*)))
    };
}

pub(super) static CLAIM: LazyLock<Script> = script!("prelude", "taking", "claim");
pub(super) static RESTORE: LazyLock<Script> =
    script!("prelude", "rate_limit", "dependents", "outcomes", "taking", "restore");
pub(super) static BEAT: LazyLock<Script> = script!("prelude", "beat");
pub(super) static REGISTER: LazyLock<Script> = script!("prelude", "register");
pub(super) static UNREGISTER: LazyLock<Script> = script!("prelude", "unregister");
pub(super) static SETTLE: LazyLock<Script> =
    script!("prelude", "rate_limit", "dependents", "outcomes", "settle");
pub(super) static ABANDON: LazyLock<Script> =
    script!("prelude", "rate_limit", "dependents", "outcomes", "abandon");
pub(super) static CLOSE: LazyLock<Script> = script!("prelude", "close");
pub(super) static SWEEP: LazyLock<Script> = script!("prelude", "taking", "sweep");
pub(super) static TIDY: LazyLock<Script> = script!("prelude", "tidy");
pub(super) static RELEASE: LazyLock<Script> = script!("prelude", "rate_limit", "dependents", "release");

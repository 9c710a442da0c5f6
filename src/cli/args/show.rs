//! The options of `rq config show`.

use std::num::ParseIntError;
use std::str::FromStr;

use clap::Args;

use super::ConfigArgs;

/// The options of `rq config show`.
#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Show what a daemon runs with that is there already, by its process number, instead of what the sources say now.
    ///
    /// The number may be left out where there is only one.
    #[arg(long, value_name = "PID", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) running: Option<Daemon>,
}

/// Which daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Daemon {
    /// The only one.
    Only,
    Pid(u32),
}

impl FromStr for Daemon {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(Self::Only) } else { text.parse().map(Self::Pid) }
    }
}

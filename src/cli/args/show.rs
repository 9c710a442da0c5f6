//! The options of `rq config show`.

use std::num::ParseIntError;
use std::str::FromStr;

use clap::Args;

use super::ConfigArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq config show -c settings        what rq worker -c settings would run with, and where each value comes from
  rq config show --running=4711     what that daemon runs with
  rq config show --json             for programs

Exit codes: 0 told, 1 that daemon was not reached, 2 usage, 78 a mistake in the configuration.";

/// Examples for the end of the help.
pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  rq config explain worker.ttl                what it means, its default and names, its value, and where that is from
  rq config explain redis.url -c rq.toml

Exit codes: 0 told, 2 there is no such setting, 78 a mistake in the configuration.";

/// Examples for the end of the help.
pub(super) const DEFAULT_EXAMPLES: &str = "\
Examples:
  rq config default > rq.toml
  rq worker -c rq.toml

Exit codes: 0 printed, 2 usage.";

/// Examples for the end of the help.
pub(super) const SCHEMA_EXAMPLES: &str = "\
Examples:
  rq config schema > rq.schema.json

Exit codes: 0 printed, 2 usage.";

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

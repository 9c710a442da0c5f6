//! The options of `rq config check`.

use clap::Args;

use super::ConfigArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq config check -c rq.toml            before a deploy or a reload
  rq config check -c settings --connect
      Also reach Redis and Sentry, and load the application, as a start would.

Exit codes: 0 it is good, 2 usage, 69 with --connect: only Redis is away, 78 it is not good, with the reasons.";

/// The options of `rq config check`.
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Also try what a start would do: reach Redis and Sentry, and load the application.
    ///
    /// Nothing is registered and no job is run. Exit 69 tells that only Redis is away.
    #[arg(long)]
    pub(crate) connect: bool,
}

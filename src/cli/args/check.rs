//! The options of `rq config check`.

use clap::Args;

use super::ConfigArgs;

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

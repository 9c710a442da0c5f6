//! The options of `rq config show`.

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
    #[arg(long, value_name = "PID", num_args = 0..=1, require_equals = true)]
    pub(crate) running: Option<Option<u32>>,
}

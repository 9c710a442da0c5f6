//! The options of `rq queues` and `rq workers`.

use clap::Args;

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq queues                every queue by its numbers, and how long its first job has waited
  rq queues mail --json    for programs

Exit codes: 0 told, 1 Redis refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// Examples for the end of the help.
pub(super) const WORKER_EXAMPLES: &str = "\
Examples:
  rq workers               every worker that is registered, whoever started it
  rq workers --queue mail  those that serve a queue
  rq workers --json        for programs

Exit codes: 0 told, 1 Redis refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq queues`.
#[derive(Args)]
pub(crate) struct QueuesArgs {
    /// Queues; without any, all that are known.
    #[arg(value_name = "QUEUES")]
    pub(crate) queues: Vec<String>,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

/// The options of `rq workers`.
#[derive(Args)]
pub(crate) struct WorkersArgs {
    /// Those that serve this queue; may be given more than once.
    #[arg(long, short = 'q', value_name = "NAME")]
    pub(crate) queue: Vec<String>,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

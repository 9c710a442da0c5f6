//! The options of `rq requeue`.

use clap::Args;

use super::idle::IdleSerializer;
use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq requeue --queue mail 5f0c2c0e-0f6b-4a56-8a9a-3e4a4a3ad2c5
  rq requeue --queue mail --all     every failed job of that queue
  rq jobs --state failed --function 'app.mail.*' --retry   those of a function; see rq jobs --help

Exit codes: 0 done, also where there was nothing to do; 1 some job was not among the failed ones, or Redis refused; 2 usage,
69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq requeue`.
#[derive(Args)]
pub(crate) struct RequeueArgs {
    /// Ids of failed jobs.
    #[arg(value_name = "JOB_IDS")]
    pub(crate) ids: Vec<String>,

    /// The queue of the jobs.
    #[arg(long, short = 'q', value_name = "NAME", required = true)]
    pub(crate) queue: String,

    /// Every failed job of that queue.
    #[arg(long, short = 'a')]
    pub(crate) all: bool,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    idle: IdleSerializer,
}

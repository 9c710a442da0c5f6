//! The options of `rq suspend` and `rq resume`.

use clap::Args;

use super::idle::IdleSerializer;
use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq suspend                                  no worker of that Redis takes a job, until rq resume
  rq suspend --duration 600 -u redis://db/2   for ten minutes

Jobs that run are finished. rq quiet does the same to single workers.

Exit codes: 0 done, 1 no such duration or Redis refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// Examples for the end of the help.
pub(super) const RESUME_EXAMPLES: &str = "\
Examples:
  rq resume -u redis://db/2   workers take jobs again

Exit codes: 0 done, 1 Redis refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq suspend`.
#[derive(Args)]
pub(crate) struct SuspendArgs {
    /// Resume by itself after so many seconds; without it, never.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) duration: Option<i64>,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    idle: IdleSerializer,
}

/// The options of `rq resume`.
#[derive(Args)]
pub(crate) struct ResumeArgs {
    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    idle: IdleSerializer,
}

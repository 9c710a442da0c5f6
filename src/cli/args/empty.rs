//! The options of `rq empty`.

use clap::Args;

use super::idle::IdleSerializer;
use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq empty low mail        delete every job that waits in these queues
  rq empty --all           in all queues
  rq empty low --dry-run   say how many there are, and do nothing

Jobs that run, or stand in a registry, stay. On a terminal, 1000 jobs or more are asked about first; --yes answers.

Exit codes: 0 done, also where there was nothing to do; 1 it was refused by you or by Redis, 2 usage, 69 Redis never reached,
78 a mistake in the configuration.";

/// The options of `rq empty`.
#[expect(clippy::struct_excessive_bools, reason = "switches of a command")]
#[derive(Args)]
pub(crate) struct EmptyArgs {
    /// Queues.
    #[arg(value_name = "QUEUES")]
    pub(crate) queues: Vec<String>,

    /// Every queue of that Redis.
    #[arg(long, short = 'a')]
    pub(crate) all: bool,

    /// Ask nothing.
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    /// Tell what would be deleted, and delete nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    idle: IdleSerializer,
}

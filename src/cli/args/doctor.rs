//! The options of `rq doctor`.

use clap::Args;

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq doctor                  everything: Redis, rights, clocks, workers, queues, jobs, settings, Python, this machine
  rq doctor -c settings      with the settings of a project
  rq doctor mail --no-import two things less: other queues, and the project's code
  rq doctor --fix --dry-run  what --fix would put right
  rq doctor --fix            put right what is safe, and tell what is left
  rq doctor --json           for programs

Without --fix nothing is changed. To find out whether the functions of waiting jobs are there, they are imported by the project's
Python, which runs the code of their modules; --no-import leaves that out.

Exit codes: 0 nothing found, or notes alone; 1 warnings or problems found, or Redis refused to be looked at, 2 usage,
69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq doctor`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch")]
#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Queues; without any, all that are known, and of the configured ones the functions of their jobs.
    #[arg(value_name = "QUEUES")]
    pub(crate) queues: Vec<String>,

    /// Put right what is safe: unregister who is dead beyond doubt, put stranded jobs back, end what nobody runs any more, clean registries.
    ///
    /// Each step is the one that a daemon takes, under the same locks, and each is told.
    #[arg(long)]
    pub(crate) fix: bool,

    /// With --fix: tell what would be done, and do nothing.
    #[arg(long, requires = "fix")]
    pub(crate) dry_run: bool,

    /// Import no functions of waiting jobs.
    #[arg(long)]
    pub(crate) no_import: bool,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Where the configuration and Redis are.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

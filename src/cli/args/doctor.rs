//! The options of `rq doctor`.

use clap::Args;

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq doctor                  everything: Redis, rights, clocks, settings, this machine
  rq doctor -c settings      with the settings of a project
  rq doctor --json           for programs

Exit codes: 0 nothing found, or notes alone; 1 warnings or problems found, or Redis refused to be looked at, 2 usage,
69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq doctor`.
#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Where the configuration and Redis are.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

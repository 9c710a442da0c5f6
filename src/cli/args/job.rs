//! The options of `rq job`.

use clap::{Args, Subcommand};

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq job show 5f0c2c0e-0f6b-4a56-8a9a-3e4a4a3ad2c5
  rq job show send-mail-42 --json -u redis://redis.example/0
  rq job show send-mail-42 --decode -c settings   arguments and results, too

No code of the project runs, unless --decode is given or -c names a settings module in Python.

Exit codes: 0 told, 1 there is no such job, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// What to do with a job.
#[derive(Subcommand)]
pub(crate) enum JobCommand {
    /// Tell the whole story of a job: where it stands, how each execution ended, and what will become of it.
    #[command(args_override_self = true, after_help = EXAMPLES)]
    Show(Box<JobShowArgs>),
}

/// The options of `rq job show`.
#[derive(Args)]
pub(crate) struct JobShowArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Let the project's Python decode call, arguments, meta and results. This imports the project's code and runs
    /// whatever a pickle asks for.
    #[arg(long)]
    pub(crate) decode: bool,

    /// Which Redis, and for --decode which Python.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

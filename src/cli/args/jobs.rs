//! The options of `rq jobs`.

use clap::{ArgGroup, Args, ValueEnum};

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq jobs --state failed                                   what failed, in every queue
  rq jobs -q mail --function 'app.mail.*' --older-than 1h  jobs of a queue by function and age
  rq jobs --state failed --newer-than 10m --retry          put back on their queues what failed just now
  rq jobs -q low --state scheduled --cancel --dry-run      say which would be canceled
  rq jobs --state failed --ids | grep ^import- | rq jobs - --delete

Ages count from when a job came into its state. Changing jobs needs a filter or ids; on a terminal it is asked about first, and
--yes answers. A job that runs is never canceled or deleted: stop it first; one that has ended is not canceled. Jobs that wait
for a canceled or deleted one go on waiting.

Exit codes: 0 done, also where nothing fitted; 1 some job is not there or was left alone, or Redis refused; 2 usage,
69 Redis never reached, 78 a mistake in the configuration.";

/// The states that jobs can be looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    Queued,
    Started,
    Deferred,
    /// Nothing holds them back any more, and they are not on the queue yet.
    #[value(name = "ready_to_enqueue", aliases = ["ready-to-enqueue", "ready"])]
    Ready,
    Scheduled,
    /// They wait for a slot of their limit.
    #[value(name = "rate_limited", alias = "rate-limited")]
    RateLimited,
    Finished,
    Failed,
    Stopped,
    Canceled,
}

/// The options of `rq jobs`.
#[expect(clippy::struct_excessive_bools, reason = "switches of a command")]
#[derive(Args)]
#[command(group = ArgGroup::new("deed").args(["retry", "cancel", "delete"]))]
pub(crate) struct JobsArgs {
    /// Jobs by their ids; - reads ids from standard input.
    #[arg(value_name = "IDS")]
    pub(crate) ids: Vec<String>,

    /// Of this queue; may be given more than once.
    #[arg(long, short = 'q', value_name = "NAME")]
    pub(crate) queue: Vec<String>,

    /// In this state; may be given more than once.
    #[arg(long, short = 's', value_name = "STATE")]
    pub(crate) state: Vec<State>,

    /// Whose function is this; * stands for anything.
    #[arg(long, short = 'f', value_name = "NAME")]
    pub(crate) function: Option<String>,

    /// In their state for longer than that: seconds, or such as 90s, 5m, 2h, 1d.
    #[arg(long, value_name = "TIME")]
    pub(crate) older_than: Option<String>,

    /// In their state for less than that.
    #[arg(long, value_name = "TIME")]
    pub(crate) newer_than: Option<String>,

    /// So many at most; 0 is all. 100 when nothing is to be done with them, else all.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,

    /// Put failed ones back on their queues.
    #[arg(long, help_heading = "What is done with them")]
    pub(crate) retry: bool,

    /// Cancel them.
    #[arg(long, help_heading = "What is done with them")]
    pub(crate) cancel: bool,

    /// Delete them.
    #[arg(long, help_heading = "What is done with them")]
    pub(crate) delete: bool,

    /// Ask nothing.
    #[arg(long, short = 'y', requires = "deed", help_heading = "What is done with them")]
    pub(crate) yes: bool,

    /// Show them, and do nothing.
    #[arg(long, requires = "deed", help_heading = "What is done with them")]
    pub(crate) dry_run: bool,

    /// Print their ids alone, a line each.
    #[arg(long = "ids", conflicts_with = "json")]
    pub(crate) ids_only: bool,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

//! The options of the commands for daemons that run already.

use std::ffi::OsStr;

use clap::Args;

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const RELOAD_EXAMPLES: &str = "\
Examples:
  rq reload               every daemon of yours on this machine, and what became of it
  rq reload w1            the one that has the worker w1, here or elsewhere
  rq reload --code 4711   load the application of that daemon anew, too
  rq reload --all --wait  every worker that is registered in Redis

Exit codes: 0 done, 1 somebody was not reached or refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// Examples for the end of the help.
pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  rq config diff       every daemon of yours on this machine: what runs, what its files say now, when it would count
  rq config diff 4711  that daemon

Exit codes: 0 told, 1 somebody was not reached, 2 usage, 69 Redis never reached, 78 a reload would be refused.";

/// Examples for the end of the help.
pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  rq status         the daemons of yours on this machine, their workers, and what each is doing for how long
  rq status --json  for programs

Exit codes: 0 told, 1 no daemon of yours runs here, 2 usage.";

/// Examples for the end of the help.
pub(super) const QUIET_EXAMPLES: &str = "\
Examples:
  rq quiet               every daemon of yours on this machine takes no new job
  rq quiet w1 --off      the worker w1 takes jobs again
  rq quiet --all -u URL  every worker that is registered in that Redis

Exit codes: 0 done, 1 somebody was not reached or refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// Examples for the end of the help.
pub(super) const STOP_EXAMPLES: &str = "\
Examples:
  rq stop              every daemon of yours on this machine, when its jobs are done
  rq stop w1 --now     the worker w1 at once, its job with it
  rq stop w2 -u URL    a worker elsewhere, through Redis

Exit codes: 0 done, 1 somebody was not reached or refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// Where the daemons are.
#[derive(Args, Clone, Default)]
pub(crate) struct ReachArgs {
    /// Every worker that is registered in Redis, on whichever machine.
    #[arg(long, short = 'a', conflicts_with = "names")]
    pub(crate) all: bool,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis: with -u or -c, commands go through it instead of to the daemons of this machine.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

impl ReachArgs {
    /// Whether the daemons of this machine are passed over. The settings that the environment names say which Redis, but not
    /// that it is to be used.
    pub(crate) fn is_remote(&self) -> bool {
        self.all || names_redis(&self.sources)
    }
}

/// Whether the command line says which Redis.
fn names_redis(sources: &SourceArgs) -> bool {
    let variable = std::env::var_os("RQ_CONFIG");
    let is_given = |name: &String| variable.as_deref() != Some(OsStr::new(name));
    sources.url.is_some() || sources.config.iter().any(is_given)
}

/// The options of `rq status`.
#[derive(Args)]
pub(crate) struct StatusArgs {
    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Examples for the end of the help.
pub(super) const STACK_EXAMPLES: &str = "\
Examples:
  rq stack 0b2a1f6c-...   where that job is just now, thread by thread; it runs on meanwhile
  rq stack w1 --json      the same of the job of the worker w1, for programs
  rq stack w1 -u URL      a worker elsewhere, through Redis

Exit codes: 0 told, 1 it does not run or was not reached, 2 usage, 69 Redis never reached.";

/// The options of `rq stack`.
#[derive(Args)]
pub(crate) struct StackArgs {
    /// The id of a job that runs, or the name of its worker.
    #[arg(value_name = "JOB|WORKER")]
    pub(crate) of: String,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis: with -u or -c, the question goes through it instead of to the daemons of this machine.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

impl StackArgs {
    /// Whether the daemons of this machine are passed over.
    pub(crate) fn is_remote(&self) -> bool {
        names_redis(&self.sources)
    }
}

/// The options of `rq reload`.
#[derive(Args)]
pub(crate) struct ReloadArgs {
    /// Workers or process numbers of daemons; without any, every daemon of yours on this machine.
    #[arg(value_name = "NAME|PID")]
    pub(crate) names: Vec<String>,

    /// Load the application anew, too: new jobs run the new code, jobs in hand end with the old.
    #[arg(long)]
    pub(crate) code: bool,

    /// Wait up to a minute for the answer of workers elsewhere. The daemons of this machine are always waited for.
    #[arg(long)]
    pub(crate) wait: bool,

    /// Where the daemons are.
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// The options of `rq quiet`.
#[derive(Args)]
pub(crate) struct QuietArgs {
    /// Workers or process numbers of daemons; without any, every daemon of yours on this machine.
    #[arg(value_name = "NAME|PID")]
    pub(crate) names: Vec<String>,

    /// Take jobs again.
    #[arg(long)]
    pub(crate) off: bool,

    /// Where the daemons are.
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// The options of `rq stop`.
#[derive(Args)]
pub(crate) struct StopArgs {
    /// Workers or process numbers of daemons; without any, every daemon of yours on this machine.
    #[arg(value_name = "NAME|PID")]
    pub(crate) names: Vec<String>,

    /// Do not wait for the jobs in hand.
    #[arg(long)]
    pub(crate) now: bool,

    /// Where the daemons are.
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// The options of `rq config diff`.
#[derive(Args)]
pub(crate) struct DiffArgs {
    /// Workers or process numbers of daemons; without any, every daemon of yours on this machine.
    #[arg(value_name = "NAME|PID")]
    pub(crate) names: Vec<String>,

    /// Where the daemons are.
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

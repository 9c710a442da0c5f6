//! The grammar of the command line.

mod about;
mod check;
mod completions;
mod control;
mod cron;
mod doctor;
mod empty;
mod enqueue;
mod health;
mod idle;
mod info;
mod job;
mod jobs;
#[cfg(test)]
mod manual;
mod pool;
mod queues;
mod requeue;
pub(crate) mod settings;
mod show;
#[cfg(test)]
mod snippets;
mod sources;
mod suspend;
#[cfg(feature = "top")]
mod top;
mod worker;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use check::CheckArgs;
pub(crate) use completions::CompletionsArgs;
pub(crate) use control::{DiffArgs, QuietArgs, ReachArgs, ReloadArgs, StackArgs, StatusArgs, StopArgs};
pub(crate) use cron::CronArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use empty::EmptyArgs;
pub(crate) use enqueue::EnqueueArgs;
pub(crate) use health::HealthcheckArgs;
pub(crate) use info::InfoArgs;
pub(crate) use job::{JobCommand, JobShowArgs};
pub(crate) use jobs::{JobsArgs, State};
pub(crate) use pool::{PoolArgs, RunArgs};
pub(crate) use queues::{QueuesArgs, WorkersArgs};
pub(crate) use requeue::RequeueArgs;
pub(crate) use show::{Daemon, ShowArgs};
pub(crate) use sources::SourceArgs;
pub(crate) use suspend::{ResumeArgs, SuspendArgs};
#[cfg(feature = "top")]
pub(crate) use top::{Tab, TopArgs};
pub(crate) use worker::WorkerArgs;

/// What `rq --version` says after the name; the number of RQ is the level that we are compatible with.
const VERSION: &str = concat!("3.0.0 (rqd ", env!("CARGO_PKG_VERSION"), ")");

/// The exit codes, for the end of a help page.
const EXIT_CODES: &str = "\
Exit codes:
  0   done, also after a shutdown and whatever became of the jobs
  1   a failure while running
  2   a mistake on the command line
  69  Redis was never reached
  70  an error of rq itself
  78  a mistake in the configuration";

/// RQ command line tool: works off the jobs that RQ (Redis Queue) clients enqueue.
#[derive(Parser)]
#[command(
    name = "rq",
    // RQ: `rq, version 3.0.0`.
    display_name = "rq, version",
    bin_name = "rq",
    version = VERSION,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = EXIT_CODES,
    max_term_width = 110
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a worker: take jobs from queues and run them.
    #[command(args_override_self = true, after_help = worker::EXAMPLES, after_long_help = worker::LONG_EXAMPLES)]
    Worker(Box<WorkerArgs>),
    /// Start a pool of workers in one process: those that end are replaced.
    #[command(name = "worker-pool", args_override_self = true, after_help = pool::EXAMPLES)]
    WorkerPool(Box<PoolArgs>),
    /// Run what the configuration says: the workers of every [group.NAME], or those of [worker].
    #[command(args_override_self = true, after_help = pool::RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Start a cron scheduler: enqueue jobs again and again.
    #[command(args_override_self = true, after_help = cron::EXAMPLES)]
    Cron(Box<CronArgs>),
    /// Show the daemons of yours on this machine, their workers, and what each is doing.
    #[command(after_help = control::STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Tell whether daemons are well, for probes.
    #[command(args_override_self = true, after_help = health::EXAMPLES)]
    Healthcheck(HealthcheckArgs),
    /// Look for what is wrong in Redis, in the settings and on this machine, and tell what to do.
    #[command(args_override_self = true, after_help = doctor::EXAMPLES)]
    Doctor(Box<DoctorArgs>),
    /// Show queues and workers, as RQ's command does.
    #[command(args_override_self = true, after_help = info::EXAMPLES)]
    Info(Box<InfoArgs>),
    /// Watch daemons, workers, queues and failed jobs in the terminal.
    #[cfg(feature = "top")]
    #[command(args_override_self = true, after_help = top::EXAMPLES)]
    Top(Box<TopArgs>),
    /// Look at one job.
    #[command(subcommand, arg_required_else_help = true)]
    Job(JobCommand),
    /// Show where a job that runs is just now, thread by thread, without stopping it.
    #[command(args_override_self = true, after_help = control::STACK_EXAMPLES)]
    Stack(Box<StackArgs>),
    /// Let daemons read their configuration again.
    #[command(args_override_self = true, after_help = control::RELOAD_EXAMPLES)]
    Reload(Box<ReloadArgs>),
    /// Let workers finish their jobs and take no new ones, until rq quiet --off.
    #[command(args_override_self = true, after_help = control::QUIET_EXAMPLES)]
    Quiet(Box<QuietArgs>),
    /// Stop workers when their jobs are done, or at once.
    #[command(args_override_self = true, after_help = control::STOP_EXAMPLES)]
    Stop(Box<StopArgs>),
    /// Enqueue a call of a Python function.
    #[command(args_override_self = true, after_help = enqueue::EXAMPLES)]
    Enqueue(Box<EnqueueArgs>),
    /// Put failed jobs back on their queue.
    #[command(args_override_self = true, after_help = requeue::EXAMPLES)]
    Requeue(Box<RequeueArgs>),
    /// List jobs by queue, state, function and age; retry, cancel or delete them.
    #[command(args_override_self = true, after_help = jobs::EXAMPLES)]
    Jobs(Box<JobsArgs>),
    /// Show queues by their numbers.
    #[command(args_override_self = true, after_help = queues::EXAMPLES)]
    Queues(Box<QueuesArgs>),
    /// Show the workers that are registered.
    #[command(args_override_self = true, after_help = queues::WORKER_EXAMPLES)]
    Workers(Box<WorkersArgs>),
    /// Delete the jobs that wait in queues.
    #[command(args_override_self = true, after_help = empty::EXAMPLES)]
    Empty(Box<EmptyArgs>),
    /// Let no worker of a Redis take a job, until rq resume.
    #[command(args_override_self = true, after_help = suspend::EXAMPLES)]
    Suspend(Box<SuspendArgs>),
    /// Let suspended workers take jobs again.
    #[command(args_override_self = true, after_help = suspend::RESUME_EXAMPLES)]
    Resume(Box<ResumeArgs>),
    /// Look at the configuration without starting anything.
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// Print the script by which a shell completes the words of rq.
    #[command(after_help = completions::EXAMPLES)]
    Completions(CompletionsArgs),
    /// Write the texts that are made from the definitions of the settings, for the project's own tree.
    #[command(hide = true)]
    Generate {
        /// Which one.
        text: Generated,
    },
}

/// A text that is made from the definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Generated {
    /// `etc/rq/rq.toml`.
    RqToml,
    /// The tables of `docs/configuration.md`.
    Reference,
    /// The JSON Schema of a configuration file.
    Schema,
    /// The table of `docs/metrics.md`.
    Metrics,
}

/// What to do with the configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration: exit 0 when it is good, 78 and the reasons when it is not.
    #[command(args_override_self = true, after_help = check::EXAMPLES)]
    Check(CheckArgs),
    /// Show every setting in force, where it comes from and what it shadows; secrets are masked.
    #[command(args_override_self = true, after_help = show::EXAMPLES)]
    Show(ShowArgs),
    /// Explain one setting: its meaning, type, default and names, its value, and where that comes from.
    #[command(args_override_self = true, after_help = show::EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Tell what daemons that run would change if they read their configuration again, and change nothing.
    #[command(args_override_self = true, after_help = control::DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Print a configuration file with every setting explained, to start from.
    #[command(after_help = show::DEFAULT_EXAMPLES)]
    Default,
    /// Print the JSON Schema of a configuration file, for editors.
    #[command(after_help = show::SCHEMA_EXAMPLES)]
    Schema,
}

/// The options of `rq config explain`.
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// The setting, such as worker.ttl.
    pub(crate) key: String,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// The options of the commands that read the configuration.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// Where the configuration comes from, as `rq worker` takes it.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads the arguments of the process; the first is the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let words = spelled_out(by_name(arguments));
    // The notes of commands that nobody asks for would take longer than all the rest.
    let name = words.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    let mut matches = with_notes(Cli::command(), &|command| command == name).try_get_matches_from(words)?;
    Ok(Cli::from_arg_matches_mut(&mut matches)?.command)
}

/// The grammar, with each option's environment variable and default in its help.
pub(crate) fn command() -> clap::Command {
    with_notes(Cli::command(), &|_| true)
}

/// The grammar with notes in the help of those commands, and of what is below them.
fn with_notes(command: clap::Command, are_wanted: &dyn Fn(&str) -> bool) -> clap::Command {
    let command = command.mut_subcommand("worker-pool", pool::in_words_of_rq);
    command.mut_subcommands(|below| {
        if !are_wanted(below.get_name()) {
            return below;
        }
        let below = about::told(below);
        // It reads no settings: its --url is a page's.
        let has_settings = below.get_name() != "healthcheck";
        if has_settings { settings::annotated(below) } else { below }
    })
}

/// RQ: `rqworker` and `rqinfo` are other names for two of the commands.
fn by_name(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = arguments.first().and_then(|program| Path::new(program).file_name()?.to_str());
    let command = match name {
        Some("rqworker") => "worker",
        Some("rqinfo") => "info",
        _ => return arguments,
    };
    arguments.insert(1, command.into());
    arguments
}

/// RQ: `-ds` is one option of two letters, which no other reader of command lines knows; it is written out here.
fn spelled_out(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut only_queues = false;
    let spell = |argument: OsString| {
        only_queues |= argument == "--";
        if only_queues {
            return argument;
        }
        if argument == "-ds" {
            return OsString::from("--dequeue-strategy");
        }
        match argument.to_str().and_then(|text| text.strip_prefix("-ds=")) {
            Some(strategy) => [OsStr::new("--dequeue-strategy="), OsStr::new(strategy)].into_iter().collect(),
            None => argument,
        }
    };
    arguments.into_iter().map(spell).collect()
}

#[cfg(test)]
mod tests;

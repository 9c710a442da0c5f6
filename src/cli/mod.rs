//! The command line: the only place that prints or picks an exit code.

pub(crate) mod args;
mod columns;
mod completion;
mod config;
mod control;
mod cron;
mod doctor;
mod empty;
mod enqueue;
pub(crate) mod exit;
mod explain;
mod healthcheck;
mod info;
mod internal;
mod job;
mod jobs;
mod meant;
mod outcomes;
mod output;
mod page;
mod progress;
mod queues;
mod quiet;
mod reach;
mod reload;
mod reports;
mod requeue;
pub(crate) mod settings_table;
mod span;
mod stack;
mod status;
mod stop;
mod strategy;
mod suspend;
#[cfg(feature = "top")]
mod top;
mod worker;

use std::process::ExitCode;

use args::{Command, ConfigCommand, Generated, JobCommand};
use exit::Exit;

use crate::telemetry;

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    internal::guarded(run).into()
}

fn run() -> Exit {
    if completion::answered() {
        return Exit::Done;
    }
    let command = match args::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(answer) => return answered(&answer),
    };
    let ended = match command {
        Command::Worker(args) => worker::run(&args),
        Command::WorkerPool(args) => worker::run_pool(&args),
        Command::Run(args) => worker::run_everything(&args),
        Command::Cron(args) => cron::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Enqueue(args) => enqueue::run(&args),
        Command::Requeue(args) => requeue::run(&args),
        Command::Jobs(args) => jobs::run(&args),
        Command::Queues(args) => queues::queues(&args),
        Command::Workers(args) => queues::workers(&args),
        Command::Empty(args) => empty::run(&args),
        Command::Suspend(args) => suspend::suspend(&args),
        Command::Resume(args) => suspend::resume(&args),
        #[cfg(feature = "top")]
        Command::Top(args) => top::run(&args),
        Command::Job(JobCommand::Show(args)) => job::show(&args),
        Command::Stack(args) => stack::run(&args),
        Command::Reload(args) => reload::run(&args),
        Command::Quiet(args) => quiet::run(&args),
        Command::Stop(args) => stop::run(&args),
        Command::Config(ConfigCommand::Check(args)) => Ok(config::check(&args)),
        Command::Config(ConfigCommand::Show(args)) => config::show(&args),
        Command::Config(ConfigCommand::Explain(args)) => explain::run(&args),
        Command::Config(ConfigCommand::Diff(args)) => reload::diff(&args),
        Command::Config(ConfigCommand::Default) => Ok(config::generate(Generated::RqToml)),
        Command::Config(ConfigCommand::Schema) => Ok(config::generate(Generated::Schema)),
        Command::Completions(args) => completion::print(&args),
        Command::Generate { text } => Ok(config::generate(text)),
    };
    telemetry::sentry::close();
    // What waits must not be lost, and stands before what the command says of its end.
    telemetry::close();
    ended.unwrap_or_else(|failure| failure.report())
}

/// Prints what the grammar itself has to say: help, the version, or what is wrong with the arguments.
fn answered(answer: &clap::Error) -> Exit {
    #[cfg(not(feature = "top"))]
    if answer.to_string().contains("unrecognized subcommand 'top'") {
        let failure = exit::Failure::new(Exit::Usage, "this build of rq has no terminal view");
        return failure
            .with_hint("build it with the cargo feature top, or see rq status and rq job show")
            .report();
    }
    // A reader that went away did not want to know.
    let _ = answer.print();
    if answer.use_stderr() { Exit::Usage } else { Exit::Done }
}

//! The command line: the only place that prints or picks an exit code.

pub(crate) mod args;
pub(crate) mod exit;
mod later;
mod output;
pub(crate) mod settings_table;

use std::process::ExitCode;

use args::settings::Override;
use args::{Command, ConfigArgs, ConfigCommand, WorkerArgs};
use exit::{Exit, Failure};

use crate::telemetry;

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(answer) => return answered(&answer),
    };
    let ended = match command {
        Command::Worker(args) => worker(&args),
        Command::Config(ConfigCommand::Check(args)) => check(&args),
        Command::Config(ConfigCommand::Show(args)) => show(&args),
    };
    // Warnings of a command that ends before it has a log must not be lost.
    telemetry::give_up_waiting();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

/// Prints what the grammar itself has to say: help, the version, or what is wrong with the arguments.
fn answered(answer: &clap::Error) -> ExitCode {
    // A reader that went away did not want to know.
    let _ = answer.print();
    if answer.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

/// `rq worker`.
fn worker(args: &WorkerArgs) -> Result<Exit, Failure> {
    later::refuse(args)?;
    Err(not_connected("rq worker", args.sources.config(), &args.overrides()))
}

/// `rq config check`.
fn check(args: &ConfigArgs) -> Result<Exit, Failure> {
    Err(not_connected("rq config check", args.sources.config(), &args.sources.overrides()))
}

/// `rq config show`.
fn show(args: &ConfigArgs) -> Result<Exit, Failure> {
    Err(not_connected("rq config show", args.sources.config(), &args.sources.overrides()))
}

/// A command that is understood, and has nothing behind it in this build.
fn not_connected(command: &str, config: Option<&str>, overrides: &[Override]) -> Failure {
    let given: Vec<_> =
        config.map(|_| "--config").into_iter().chain(overrides.iter().map(|given| given.1)).collect();
    Failure::new(Exit::Internal, format!("{command} is not part of this build (given: {})", given.join(" ")))
}

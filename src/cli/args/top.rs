//! The options of `rq top`.

use std::time::Duration;

use clap::Args;

use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq top                             the Redis of the configuration, looked at every 2 seconds
  rq top -u redis://redis.example/0 --tab failed
  rq top --json                      one look, for programs

Keys: 1 to 5 or Tab: workers, queues, running, failed, daemons; arrows, j and k: move; Enter: the story of a job, or the failed
jobs of a queue; / filter; < > and i: order; s stop the job; r requeue; d delete; t Python stack; n p pages; ? all keys; q quit.

Exit codes: 0 done, 1 no terminal, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq top`.
#[derive(Args)]
pub(crate) struct TopArgs {
    /// Seconds between two looks.
    #[arg(long, short = 'i', value_name = "SECONDS", default_value = "2", value_parser = interval)]
    pub(crate) interval: Duration,

    /// What to see first.
    #[arg(long, value_enum, default_value = "workers")]
    pub(crate) tab: Tab,

    /// Look once and print all lists.
    #[arg(long)]
    pub(crate) once: bool,

    /// Look once and answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
}

/// One of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tab {
    /// Who works, and on what.
    Workers,
    /// The queues by their numbers.
    Queues,
    /// The jobs that run.
    Running,
    /// The jobs that failed.
    Failed,
    /// The daemons of this user on this machine.
    Daemons,
}

/// From a tenth of a second to an hour.
fn interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 =
        text.trim_end_matches('s').parse().map_err(|_| "must be a number of seconds".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be from 0.1 to 3600 seconds".to_owned())
    }
}

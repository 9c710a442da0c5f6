//! The options of `rq info`.

use clap::Args;

use super::idle::IdleSerializer;
use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq info                      queues and workers at a glance
  rq info -R high default      which workers serve these queues
  rq info --interval 2         again and again, until Ctrl-C
  rq info --raw | grep ^queue  plain lines, for scripts; --json for programs

Looking changes nothing: unlike RQ's command, this one cleans no registries. What has expired is not counted.

Exit codes: 0 told, 1 Redis refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq info`.
#[expect(clippy::struct_excessive_bools, reason = "RQ's switches")]
#[derive(Args)]
pub(crate) struct InfoArgs {
    /// Queues; without any, all that are known.
    #[arg(value_name = "QUEUES")]
    pub(crate) queues: Vec<String>,

    /// Look again every so many seconds, fractions allowed.
    #[arg(long, short = 'i', value_name = "SECONDS", value_parser = seconds)]
    pub(crate) interval: Option<f64>,

    /// Plain lines: no bars, no sums.
    #[arg(long, short = 'r')]
    pub(crate) raw: bool,

    /// Queues alone.
    #[arg(long, short = 'Q')]
    pub(crate) only_queues: bool,

    /// Workers alone.
    #[arg(long, short = 'W')]
    pub(crate) only_workers: bool,

    /// The workers of each queue.
    #[arg(long, short = 'R')]
    pub(crate) by_queue: bool,

    /// Answer in JSON, for programs; with --interval one line at a time.
    #[arg(long)]
    pub(crate) json: bool,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    idle: IdleSerializer,
}

/// RQ: 0 is once.
fn seconds(text: &str) -> Result<f64, String> {
    let number: f64 = text.trim().parse().map_err(|_| "that is no number of seconds".to_owned())?;
    if (0.0..=86_400.0).contains(&number) { Ok(number) } else { Err("it must be 0 to 86400".to_owned()) }
}

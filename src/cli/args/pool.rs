//! The options of `rq worker-pool` and `rq run`.

use clap::Args;

use super::settings::{OptionValue, Override, given, switch, unless};
use super::sources::SourceArgs;
use super::worker::{LogArgs, WorkerArgs};

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq worker-pool -n 4 high default    four workers in one process
  rq worker-pool -n 1-8 mail          one to eight, as many as there is work for
  rq worker-pool -n 2 --name %h-%i    called by the host and their number
  rq worker-pool -n 4 --burst         quit when all queues are empty

Signals and exit codes: as rq worker; see rq worker --help.";

/// Examples for the end of the help.
pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  rq run                              what /etc/rq/rq.toml and its like say
  rq run -c rq.toml                   what rq.toml says
  rq config check -c rq.toml          whether that is good

Signals and exit codes: as rq worker; see rq worker --help.";

/// The options of `rq worker-pool`: those of a worker, which RQ's pool lacks for the greater part.
#[derive(Args, Clone, Default)]
pub(crate) struct PoolArgs {
    /// What every worker of it is told.
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,

    /// Run no scheduler. RQ's pool always has one.
    #[arg(long, help_heading = "Work", conflicts_with = "with_scheduler")]
    pub(crate) without_scheduler: bool,
}

impl PoolArgs {
    /// The settings that the options override, only those which were given.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let mut overrides = self.worker.overrides();
        let off = unless(self.without_scheduler);
        overrides.extend(off.map(|off| ("scheduler.enabled", "--without-scheduler", off)));
        overrides
    }
}

/// RQ: in this command `-n` is a number, and the level is spelled with a hyphen.
pub(super) fn in_words_of_rq(pool: clap::Command) -> clap::Command {
    pool.mut_arg("name", |name| name.short(None))
        .mut_arg("num_workers", |number| number.short('n'))
        .mut_arg("logging_level", |level| level.long("logging-level").alias("logging_level").short('l'))
}

/// The options of `rq run`: everything else is said by the configuration.
#[derive(Args, Clone, Default)]
pub(crate) struct RunArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    /// Quit when all queues are empty.
    #[arg(long, short = 'b')]
    pub(crate) burst: bool,

    /// Write the process id to this file.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) pid: Option<String>,

    /// How to log.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

impl RunArgs {
    /// The settings that the options override, only those which were given.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let pid = self.pid.clone().filter(|path| !path.is_empty()).map(OptionValue::Text);
        let mut overrides = self.sources.overrides();
        overrides.extend(given("burst", switch(self.burst)));
        overrides.extend(given("pid", pid));
        overrides.extend(self.log.overrides());
        overrides
    }
}

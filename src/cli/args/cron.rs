//! The options of `rq cron`: RQ's, and two of ours.

use clap::Args;

use super::idle::IdleArgs;
use super::settings::{OptionValue, Override, given};
use super::sources::SourceArgs;
use crate::telemetry::Level;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq cron app.cron_config -u redis://db/2  what app/cron_config.py registers by rq.cron.register
  rq cron -c rq.toml                       what the tables [cron.NAME] of rq.toml say
  rq cron -c rq.toml --list                print when, and do nothing

Signals: SIGINT and SIGTERM end it.

Exit codes: 0 done, 1 the module cannot be loaded, 2 usage, 69 Redis never reached, 70 internal error, 78 configuration.";

/// The options of `rq cron`.
#[derive(Args, Clone, Default)]
pub(crate) struct CronArgs {
    /// A cron module of RQ's: a dotted name, or a relative or absolute path. Tables [cron.NAME] count beside it.
    #[arg(value_name = "CONFIG_PATH")]
    pub(crate) config_path: Option<String>,

    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    /// The least level to show: DEBUG, INFO, WARNING, ERROR or CRITICAL.
    #[arg(long, short = 'l', value_name = "LEVEL", help_heading = "Logging")]
    pub(crate) logging_level: Option<Level>,

    /// Print the next times of each entry, 5 or so many, and do nothing.
    #[arg(long, visible_alias = "dry-run", value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "5", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) list: Option<u16>,

    /// Print them in JSON, for programs.
    #[arg(long, requires = "list")]
    pub(crate) json: bool,

    /// Serializer of the jobs of [cron.NAME]: json or pickle.
    #[arg(long, short = 'S', value_name = "NAME")]
    pub(crate) serializer: Option<String>,

    /// What RQ's command takes and makes nothing of.
    #[command(flatten)]
    pub(crate) idle: IdleArgs,
}

impl CronArgs {
    /// The settings that the options override, only those which were given.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let text = |value: &String| OptionValue::Text(value.clone());
        let serializer = self.serializer.as_ref().filter(|name| !name.is_empty()).map(text);
        let level = self
            .logging_level
            .map(|level| ("logging.level", "--logging-level", OptionValue::Text(level.name().to_owned())));
        let mut overrides = self.sources.overrides();
        overrides.extend(given("serializer", serializer));
        overrides.extend(level);
        overrides
    }
}

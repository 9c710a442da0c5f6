//! The options of `rq worker`: RQ's, spelled as RQ spells them, and a few of ours.
#![expect(clippy::doc_markdown, reason = "these comments are the help, which is plain text")]

use clap::{Args, ValueHint};

use super::settings::{OptionValue, Override, given, list, switch, unless};
use super::sources::SourceArgs;
use crate::telemetry::Level;
use crate::telemetry::format::LineFormat;

/// Examples for the end of `-h`.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq worker                           work on \"default\" of the local Redis
  rq worker high low -u redis://db/2  take from \"high\" first, then from \"low\"
  rq worker -c settings -P /srv/app   settings from /srv/app/settings.py
  rq worker --burst                   quit when all queues are empty

Exit codes: 0 done, 1 failed, 2 usage, 69 Redis never reached, 70 internal error, 78 configuration.
See more with --help.";

/// Examples, signals and exit codes for the end of `--help`.
pub(super) const LONG_EXAMPLES: &str = "\
Examples:
  rq worker
      Work on the queue \"default\" of the Redis on this machine.
  rq worker high default low --url redis://db.example/2
      Take jobs from \"high\" first, from \"default\" when it is empty, from \"low\" when both are.
  rq worker -c settings -P /srv/app --preload app.models
      Settings from /srv/app/settings.py; import app.models once, not once for each job.
  rq worker --burst --max-jobs 100 -v
      Tell everything, and quit after 100 jobs or when all queues are empty.

Signals:
  SIGINT, SIGTERM   finish the job in hand, then quit; a second one kills the job and quits
  SIGTSTP, SIGCONT  take no more jobs for now; take jobs again
  SIGHUP            read the configuration again; as SIGTERM when the terminal has gone
  SIGUSR2           the same, and load the application anew

Exit codes:
  0   done, also after a shutdown and whatever became of the jobs
  1   a failure while running; RQ is suspended; the worker's name is taken
  2   a mistake on the command line
  69  Redis was never reached
  70  an error of rq itself
  78  a mistake in the configuration";

/// The longest time that an option may ask for, in seconds: what every version of Redis takes.
const LONGEST: i64 = i32::MAX as i64;

/// The options of `rq worker`.
#[derive(Args, Clone, Default)]
pub(crate) struct WorkerArgs {
    /// Queues to work on, the most urgent first.
    #[arg(value_name = "QUEUES")]
    pub(crate) queues: Vec<String>,

    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    /// How to work.
    #[command(flatten)]
    pub(crate) work: WorkArgs,

    /// How to log.
    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// Where errors are reported.
    #[command(flatten)]
    pub(crate) sentry: SentryArgs,
}

/// How the worker works.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Work")]
pub(crate) struct WorkArgs {
    /// Quit when all queues are empty.
    #[arg(long, short = 'b')]
    pub(crate) burst: bool,

    /// Run a scheduler beside the worker: it queues jobs when their time has come.
    #[arg(long, short = 's')]
    pub(crate) with_scheduler: bool,

    /// How many workers this process runs: a number, or 1-8 for as many as there is work for.
    #[arg(long, value_name = "N")]
    pub(crate) num_workers: Option<String>,

    /// The worker's name; must be unique.
    #[arg(long, short = 'n', value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Serializer of jobs and results: json, pickle or the dotted path of a Python class.
    #[arg(long, short = 'S', value_name = "NAME")]
    pub(crate) serializer: Option<String>,

    /// The class of the worker: one of RQ's own, or the dotted path of one of yours.
    #[arg(long, short = 'w', value_name = "CLASS")]
    pub(crate) worker_class: Option<String>,

    /// The class of jobs.
    #[arg(long, short = 'j', value_name = "CLASS")]
    pub(crate) job_class: Option<String>,

    /// The class of queues.
    #[arg(long, value_name = "CLASS")]
    pub(crate) queue_class: Option<String>,

    /// The class of the Redis clients that jobs use.
    #[arg(long, value_name = "CLASS")]
    pub(crate) connection_class: Option<String>,

    /// Import this module before the first job, once for all jobs; may be given more than once.
    #[arg(long, value_name = "MODULE")]
    pub(crate) preload: Vec<String>,

    /// Let a work horse run this many jobs, 0 for any number, before another takes its place.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) reuse: Option<i64>,

    /// Call this function for every exception of a job; may be given more than once.
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) exception_handler: Vec<String>,

    /// Record nothing of a failed job but its status: leave the rest to the exception handlers.
    #[arg(long, short = 'd')]
    pub(crate) disable_default_exception_handler: bool,

    /// Quit after this many jobs, well ended or not.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    pub(crate) max_jobs: Option<i64>,

    /// Quit after this many seconds without a job.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    pub(crate) max_idle_time: Option<i64>,

    /// How to choose among queues: default, round_robin, random or weighted; also spelled -ds.
    ///
    /// default keeps the order in which they are named; weighted draws by worker.queue_weights.
    #[arg(long, value_name = "STRATEGY")]
    pub(crate) dequeue_strategy: Option<String>,

    /// Seconds to keep a result when the job does not say; -1 for ever, 0 not at all.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..=LONGEST))]
    pub(crate) results_ttl: Option<i64>,

    /// Seconds without a heartbeat after which this worker counts as dead.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    pub(crate) worker_ttl: Option<i64>,

    /// Seconds between two rounds of maintenance.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    pub(crate) maintenance_interval: Option<i64>,

    /// Seconds between two heartbeats of a running job.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    pub(crate) job_monitoring_interval: Option<i64>,

    /// Write the process id to this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) pid: Option<String>,
}

/// How the worker logs.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Logging")]
pub(crate) struct LogArgs {
    /// Show more: the same as --logging_level DEBUG.
    #[arg(long, short = 'v', conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Show less: the same as --logging_level WARNING.
    #[arg(long, short = 'q')]
    pub(crate) quiet: bool,

    /// The least level to show: DEBUG, INFO, WARNING, ERROR or CRITICAL; -v and -q win over it.
    // RQ: the underscore is how this option is spelled, in this command alone.
    #[arg(long = "logging_level", value_name = "LEVEL", value_parser = str::parse::<Level>)]
    pub(crate) logging_level: Option<Level>,

    /// How a line looks, in the %-style of Python's logging.
    ///
    /// Every field of Python's LogRecord that makes sense here: %(asctime)s, %(levelname)-8s, %(name)s, %(process)d,
    /// %(message)s and so on.
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true, value_parser = line_format)]
    pub(crate) log_format: Option<String>,

    /// How %(asctime)s looks, as strftime has it.
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub(crate) date_format: Option<String>,

    /// Log the ids of jobs rather than their descriptions, which tell arguments.
    #[arg(long)]
    pub(crate) disable_job_desc_logging: bool,
}

/// RQ: the options for Sentry that RQ 1 had.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Sentry")]
pub(crate) struct SentryArgs {
    /// Report failed jobs to this Sentry project.
    #[arg(id = "sentry_dsn", long = "sentry-dsn", value_name = "DSN")]
    pub(crate) dsn: Option<String>,

    /// Certificates that Sentry's server is checked against.
    #[arg(id = "sentry_ca_certs", long = "sentry-ca-certs", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_certs: Option<String>,

    /// Log what is reported to Sentry.
    #[arg(id = "sentry_debug", long = "sentry-debug")]
    pub(crate) debug: bool,
}

impl WorkerArgs {
    /// The settings that the options override, only those which were given.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let (work, sentry) = (&self.work, &self.sentry);
        let text =
            |value: &Option<String>| value.clone().filter(|text| !text.is_empty()).map(OptionValue::Text);
        let number = |value: Option<i64>| value.map(OptionValue::Number);
        let own = [
            given("name", text(&work.name)),
            given("num_workers", text(&work.num_workers)),
            given("queues", list(&self.queues)),
            given("burst", switch(work.burst)),
            given("with_scheduler", switch(work.with_scheduler)),
            given("results_ttl", number(work.results_ttl)),
            given("worker_ttl", number(work.worker_ttl)),
            given("maintenance_interval", number(work.maintenance_interval)),
            given("job_monitoring_interval", number(work.job_monitoring_interval)),
            given("reuse", number(work.reuse)),
            given("max_jobs", number(work.max_jobs)),
            given("max_idle_time", number(work.max_idle_time)),
            given("dequeue_strategy", text(&work.dequeue_strategy)),
            given("serializer", text(&work.serializer)),
            given("worker_class", text(&work.worker_class)),
            given("job_class", text(&work.job_class)),
            given("queue_class", text(&work.queue_class)),
            given("connection_class", text(&work.connection_class)),
            given("exception_handler", list(&work.exception_handler)),
            given("disable_default_exception_handler", unless(work.disable_default_exception_handler)),
            given("pid", text(&work.pid)),
            given("preload", list(&work.preload)),
            given("sentry_dsn", text(&sentry.dsn)),
            given("sentry_ca_certs", text(&sentry.ca_certs)),
            given("sentry_debug", switch(sentry.debug)),
        ];
        let mut overrides = self.sources.overrides();
        overrides.extend(own.into_iter().flatten());
        overrides.extend(self.log.overrides());
        overrides
    }
}

impl LogArgs {
    /// The settings that these options override.
    pub(super) fn overrides(&self) -> impl Iterator<Item = Override> {
        let level = |level: Level| Some(OptionValue::Text(level.name().to_owned()));
        let asked = if self.verbose {
            given("verbose", level(Level::Debug))
        } else if self.quiet {
            given("quiet", level(Level::Warning))
        } else {
            given("logging_level", self.logging_level.and_then(level))
        };
        [
            asked,
            given("log_format", self.log_format.clone().map(OptionValue::Text)),
            given("date_format", self.date_format.clone().map(OptionValue::Text)),
            given("disable_job_desc_logging", unless(self.disable_job_desc_logging)),
        ]
        .into_iter()
        .flatten()
    }
}

/// Refuses a format that could not be used later.
fn line_format(format: &str) -> Result<String, crate::telemetry::FormatError> {
    LineFormat::parse(format).map(|_| format.to_owned())
}

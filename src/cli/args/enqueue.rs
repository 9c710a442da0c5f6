//! The options of `rq enqueue`.

use clap::Args;

use super::idle::IdleArgs;
use super::settings::{OptionValue, Override, given};
use super::sources::SourceArgs;

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq enqueue app.tasks.send 5 name=Ada            two texts: '5', and name='Ada'
  rq enqueue app.tasks.send :5 opts:='{\"a\": [1]}'  a number and a dictionary, in JSON
  rq enqueue app.tasks.send %'(1, b\"x\")' n%=1_000   literals of Python's
  rq enqueue app.tasks.load :@data.json text=@README  the contents of files
  rq enqueue -q low --schedule-in 10m --retry-max 3 --retry-interval 60 app.tasks.clean

No Python runs. After --, an argument may begin with a dash.

Exit codes: 0 enqueued, 1 a file cannot be read or Redis refused, 2 usage, 69 Redis never reached, 78 a mistake in the configuration.";

/// The options of `rq enqueue`.
#[derive(Args)]
pub(crate) struct EnqueueArgs {
    /// The dotted name of the function.
    #[arg(value_name = "FUNCTION")]
    pub(crate) function: String,

    /// What it is called with: TEXT, :JSON, %LITERAL, NAME=TEXT, NAME:=JSON or NAME%=LITERAL; of @FILE, the content of a file.
    #[arg(value_name = "ARGUMENTS")]
    pub(crate) arguments: Vec<String>,

    /// The queue.
    #[arg(long, short = 'q', value_name = "NAME", default_value = "default")]
    pub(crate) queue: String,

    /// How long the job may run: seconds, or such as 90s, 5m, 2h, 1d; -1 is without end. 180 when it is not given.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) timeout: Option<String>,

    /// How long a result is kept; -1 is for ever.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) result_ttl: Option<String>,

    /// How long the job may wait before it is dropped.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) ttl: Option<String>,

    /// How long a failure is kept; -1 is for ever.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) failure_ttl: Option<String>,

    /// Words for logs and monitors, instead of the call.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// A job that must have finished before; may be given more than once.
    #[arg(long, value_name = "ID")]
    pub(crate) depends_on: Vec<String>,

    /// The job's id; a random one when it is not given. A job of that id is written over.
    #[arg(long, value_name = "ID")]
    pub(crate) job_id: Option<String>,

    /// To the head of the queue instead of its end.
    #[arg(long)]
    pub(crate) at_front: bool,

    /// How often it is tried again when it fails.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) retry_max: i64,

    /// Seconds before a retry; may be given more than once, for each retry.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) retry_interval: Vec<i64>,

    /// Enqueue it later, after that time: seconds, or such as 10s, 5m, 2d.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) schedule_in: Option<String>,

    /// Enqueue it later, when the clock here shows 2027-05-27T21:45:00.
    #[arg(long, value_name = "TIME")]
    pub(crate) schedule_at: Option<String>,

    /// Say nothing when it is done.
    #[arg(long, conflicts_with = "json")]
    pub(crate) quiet: bool,

    /// Answer in JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// How the call is serialized: json or pickle. The workers must be told the same.
    #[arg(long, short = 'S', value_name = "NAME")]
    pub(crate) serializer: Option<String>,

    /// Which Redis.
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    idle: IdleArgs,
}

impl EnqueueArgs {
    /// The option and the name of a class that would have a say in the job.
    pub(crate) fn own_class(&self) -> Option<(&'static str, &str)> {
        self.idle.own_class()
    }

    /// The settings that the options override, only those which were given.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let serializer = self.serializer.clone().filter(|name| !name.is_empty()).map(OptionValue::Text);
        let mut overrides = self.sources.overrides();
        overrides.extend(given("serializer", serializer));
        overrides
    }
}

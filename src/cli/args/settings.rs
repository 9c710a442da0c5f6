//! Which setting each option overrides, and what its help says of it.

use serde::Serialize;

/// The value of an option, as the configuration takes it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(untagged)]
pub(crate) enum OptionValue {
    /// Words.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Several words.
    List(Vec<String>),
}

/// A setting, the option that was given for it, and the value: `("worker.ttl", "--worker-ttl", Number(60))`.
pub(crate) type Override = (&'static str, &'static str, OptionValue);

/// What is known of an option that stands for a setting.
struct Setting {
    /// The option's name in the grammar.
    id: &'static str,
    /// The option as a user writes it.
    flag: &'static str,
    /// The setting that it overrides.
    key: &'static str,
    /// The environment variable with the same meaning.
    variable: &'static str,
    /// The default, as the help tells it; empty for none.
    default: &'static str,
}

/// Shortens the table below.
const fn setting(
    id: &'static str,
    flag: &'static str,
    key: &'static str,
    variable: &'static str,
    default: &'static str,
) -> Setting {
    Setting { id, flag, key, variable, default }
}

/// Every option that stands for a setting.
#[rustfmt::skip]
const SETTINGS: [Setting; 29] = [
    setting("url", "--url", "redis.url", "RQ_REDIS_URL", "redis://localhost:6379/0"),
    setting("path", "--path", "horse.path", "RQ_HORSE__PATH", "."),
    setting("python", "--python", "horse.python", "RQ_PYTHON", ""),
    setting("preload", "--preload", "horse.preload", "RQ_HORSE__PRELOAD", ""),
    setting("queues", "QUEUES", "worker.queues", "QUEUES", "default"),
    setting("name", "--name", "worker.name", "NAME", "random"),
    setting("burst", "--burst", "worker.burst", "RQ_WORKER__BURST", ""),
    setting("results_ttl", "--results-ttl", "worker.results_ttl", "RQ_WORKER__RESULTS_TTL", "500"),
    setting("worker_ttl", "--worker-ttl", "worker.ttl", "RQ_WORKER__TTL", "420"),
    setting("maintenance_interval", "--maintenance-interval", "worker.maintenance_interval", "RQ_WORKER__MAINTENANCE_INTERVAL", "600"),
    setting("job_monitoring_interval", "--job-monitoring-interval", "worker.job_monitoring_interval", "RQ_WORKER__JOB_MONITORING_INTERVAL", "30"),
    setting("max_jobs", "--max-jobs", "worker.max_jobs", "RQ_WORKER__MAX_JOBS", "no limit"),
    setting("max_idle_time", "--max-idle-time", "worker.max_idle_time", "RQ_WORKER__MAX_IDLE_TIME", "no limit"),
    setting("disable_job_desc_logging", "--disable-job-desc-logging", "worker.describe_jobs", "RQ_WORKER__DESCRIBE_JOBS", ""),
    setting("serializer", "--serializer", "worker.serializer", "RQ_WORKER__SERIALIZER", "pickle"),
    setting("pid", "--pid", "worker.pid_file", "RQ_WORKER__PID_FILE", ""),
    setting("verbose", "--verbose", "logging.level", "", ""),
    setting("quiet", "--quiet", "logging.level", "", ""),
    setting("logging_level", "--logging_level", "logging.level", "RQ_LOGGING__LEVEL", "INFO"),
    setting("log_format", "--log-format", "logging.format", "RQ_LOGGING__FORMAT", "%(asctime)s %(message)s"),
    setting("date_format", "--date-format", "logging.date_format", "RQ_LOGGING__DATE_FORMAT", "%H:%M:%S"),
    setting("sentry_dsn", "--sentry-dsn", "sentry.dsn", "RQ_SENTRY_DSN", ""),
    setting("sentry_ca_certs", "--sentry-ca-certs", "sentry.ca_certs", "RQ_SENTRY_CA_CERTS", ""),
    setting("sentry_debug", "--sentry-debug", "sentry.debug", "RQ_SENTRY_DEBUG", ""),
    // The following have no setting of their own yet; their default belongs into the help all the same.
    setting("worker_class", "--worker-class", "", "", "rq.Worker"),
    setting("job_class", "--job-class", "", "", "rq.job.Job"),
    setting("queue_class", "--queue-class", "", "", "rq.Queue"),
    setting("connection_class", "--connection-class", "", "", "redis.Redis"),
    setting("dequeue_strategy", "--dequeue-strategy", "", "", "default"),
];

/// The override that an option makes, when it was given.
pub(super) fn given(id: &str, value: Option<OptionValue>) -> Option<Override> {
    let value = value?;
    SETTINGS.iter().find(|setting| setting.id == id).map(|setting| (setting.key, setting.flag, value))
}

/// A repeatable option's value, when it was given.
pub(super) fn list(values: &[String]) -> Option<OptionValue> {
    (!values.is_empty()).then(|| OptionValue::List(values.to_vec()))
}

/// A switch's value, when it was given.
pub(super) fn switch(given: bool) -> Option<OptionValue> {
    given.then_some(OptionValue::Flag(true))
}

/// The grammar of a command with environment variable and default in the help of each option.
pub(super) fn annotated(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let known = SETTINGS.iter().find(|setting| argument.get_id() == setting.id);
        let (Some(setting), Some(help)) = (known, argument.get_help()) else { return argument };
        let notes = notes(setting);
        if notes.is_empty() {
            return argument;
        }
        let long = argument.get_long_help().unwrap_or(help).to_string();
        let short = format!("{help} {notes}");
        argument.help(short).long_help(format!("{long}\n\n{notes}"))
    })
}

/// `[env: NAME] [default: VALUE]`, whichever there is.
fn notes(setting: &Setting) -> String {
    let named = |name: &str, value: &str| (!value.is_empty()).then(|| format!("[{name}: {value}]"));
    let notes = [named("env", setting.variable), named("default", setting.default)];
    notes.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

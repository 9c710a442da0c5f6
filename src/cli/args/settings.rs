//! Which setting each option overrides, and what its help says of it.

use serde::Serialize;
use serde_json::Value;

use super::idle::IDLE;
use crate::config::{self, Key, Kind};

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

/// An option that stands for a setting. What its help says of variable and default comes from the setting's definition.
struct Setting {
    /// The option's name in the grammar.
    id: &'static str,
    /// The option as a user writes it.
    flag: &'static str,
    /// The setting that it overrides.
    key: &'static str,
    /// What holds while the setting is unset, in words; empty when there is nothing to tell.
    unset: &'static str,
}

/// Shortens the table below.
const fn setting(id: &'static str, flag: &'static str, key: &'static str, unset: &'static str) -> Setting {
    Setting { id, flag, key, unset }
}

/// Every option that stands for a setting.
const SETTINGS: [Setting; 34] = [
    setting("url", "--url", "redis.url", "redis://localhost:6379/0"),
    setting("path", "--path", "horse.path", ""),
    setting("python", "--python", "horse.python", ""),
    setting("preload", "--preload", "horse.preload", ""),
    setting("queues", "QUEUES", "worker.queues", ""),
    setting("name", "--name", "worker.name", "random"),
    setting("num_workers", "--num-workers", "worker.count", ""),
    setting("burst", "--burst", "worker.burst", ""),
    setting("with_scheduler", "--with-scheduler", "scheduler.enabled", ""),
    setting("results_ttl", "--results-ttl", "worker.results_ttl", ""),
    setting("worker_ttl", "--worker-ttl", "worker.ttl", ""),
    setting("maintenance_interval", "--maintenance-interval", "worker.maintenance_interval", ""),
    setting("job_monitoring_interval", "--job-monitoring-interval", "worker.job_monitoring_interval", ""),
    setting("reuse", "--reuse", "horse.max_jobs", "1"),
    setting("max_jobs", "--max-jobs", "worker.max_jobs", "no limit"),
    setting("max_idle_time", "--max-idle-time", "worker.max_idle_time", "no limit"),
    setting("disable_job_desc_logging", "--disable-job-desc-logging", "worker.describe_jobs", ""),
    setting("serializer", "--serializer", "worker.serializer", "pickle"),
    setting("worker_class", "--worker-class", "worker.class", "rq.Worker"),
    setting("job_class", "--job-class", "worker.job_class", "rq.job.Job"),
    setting("queue_class", "--queue-class", "worker.queue_class", "rq.Queue"),
    setting("connection_class", "--connection-class", "worker.connection_class", "redis.Redis"),
    setting("exception_handler", "--exception-handler", "worker.exception_handlers", ""),
    setting(
        "disable_default_exception_handler",
        "--disable-default-exception-handler",
        "worker.record_failures",
        "",
    ),
    setting("pid", "--pid", "worker.pid_file", ""),
    setting("dequeue_strategy", "--dequeue-strategy", "worker.dequeue_strategy", ""),
    setting("verbose", "--verbose", "logging.level", ""),
    setting("quiet", "--quiet", "logging.level", ""),
    setting("logging_level", "--logging_level", "logging.level", ""),
    setting("log_format", "--log-format", "logging.format", ""),
    setting("date_format", "--date-format", "logging.date_format", ""),
    setting("sentry_dsn", "--sentry-dsn", "sentry.dsn", ""),
    setting("sentry_ca_certs", "--sentry-ca-certs", "sentry.ca_certs", ""),
    setting("sentry_debug", "--sentry-debug", "sentry.debug", ""),
];

/// Shorthands for a value of one setting, which has an option of its own.
const SHORTHANDS: [&str; 2] = ["verbose", "quiet"];

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

/// The value of a switch that switches off what its setting switches on, when it was given.
pub(super) fn unless(given: bool) -> Option<OptionValue> {
    given.then_some(OptionValue::Flag(false))
}

/// Commands whose options stand for settings wherever one is named like them.
const DAEMONS: [&str; 4] = ["worker", "worker-pool", "run", "cron"];

/// Whether an option of a command stands for the setting of its name.
fn is_setting(command: &str, argument: &clap::Arg) -> bool {
    let is_idle = argument.get_help_heading() == Some(IDLE);
    match argument.get_id().as_str() {
        "url" | "path" | "python" => true,
        "serializer" if command == "enqueue" => true,
        _ => DAEMONS.contains(&command) && !is_idle,
    }
}

/// The grammar of a command, and of those below it, with environment variables and default in the help of each option.
pub(super) fn annotated(command: clap::Command) -> clap::Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|argument| {
        if !is_setting(&name, &argument) {
            return argument;
        }
        let (notes, Some(help)) = (notes(argument.get_id().as_str()), argument.get_help()) else {
            return argument;
        };
        if notes.is_empty() {
            return argument;
        }
        let long = argument.get_long_help().unwrap_or(help).to_string();
        let short = format!("{help} {notes}");
        argument.help(short).long_help(format!("{long}\n\n{notes}"))
    });
    command.mut_subcommands(annotated)
}

/// `[env: NAME] [default: VALUE]`, whichever there is.
fn notes(id: &str) -> String {
    let setting = SETTINGS.iter().find(|setting| setting.id == id && !SHORTHANDS.contains(&id));
    let defined = setting.and_then(|setting| Some((setting, config::key(setting.key)?)));
    let (variables, default) =
        defined.map(|(setting, key)| (variables(key), default(setting, key))).unwrap_or_default();
    let named = |name: &str, value: &str| (!value.is_empty()).then(|| format!("[{name}: {value}]"));
    let notes = [named("env", &variables), named("default", &default)];
    notes.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The variables of a setting, the strongest first.
fn variables(key: &Key) -> String {
    let prefixed = key.variables.short.map_or_else(|| key.long_variable(), str::to_owned);
    // The option switches off what its setting switches on.
    let switches_off = ["worker.describe_jobs", "worker.record_failures"].contains(&key.name);
    let value = if switches_off { "=no" } else { "" };
    let bare = key.rq_name.filter(|_| key.variables.bare).map(|name| format!(", {name}"));
    prefixed + value + bare.as_deref().unwrap_or_default()
}

/// The default of a setting as one would write it after its option.
fn default(setting: &Setting, key: &Key) -> String {
    let default = key.default.map(|text| serde_json::from_str(text).expect("a tested default is JSON"));
    match default {
        None => setting.unset.to_owned(),
        // A switch that is not given says it all.
        Some(Value::Bool(_)) => String::new(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        // Levels are known by Python's spelling.
        Some(Value::String(text)) if setting.key == "logging.level" => text.to_uppercase(),
        // These options count in seconds, without a unit.
        Some(Value::String(text)) if matches!(key.kind, Kind::Duration { .. }) => {
            text.trim_end_matches('s').to_owned()
        }
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first long option, or the argument, among those that a key names: `--url` of `--url, -u`.
    fn flags(named: &str) -> impl Iterator<Item = &str> {
        named.split(", ").map(|flag| flag.trim_matches(|c| "[].".contains(c)))
    }

    #[test]
    fn every_option_overrides_a_setting_that_names_it() {
        for setting in &SETTINGS {
            let key = config::key(setting.key).unwrap_or_else(|| panic!("{} is no key", setting.key));
            let short = match setting.flag {
                "--verbose" => "-v",
                "--quiet" => "-q",
                flag => flag,
            };

            let named = key.option.unwrap_or_else(|| panic!("{} names no option", key.name));

            assert!(flags(named).any(|flag| flag == short), "{named} of {} lacks {short}", key.name);
        }
    }

    #[test]
    fn every_setting_that_names_an_option_has_it() {
        for key in config::keys().filter(|key| key.option.is_some()) {
            let first = flags(key.option.unwrap_or_default()).next().unwrap();

            let known = SETTINGS.iter().any(|setting| setting.key == key.name && setting.flag == first);

            assert!(known, "{first} of {} is not in the table", key.name);
        }
    }

    #[test]
    fn every_row_is_an_option_of_the_worker() {
        let command = crate::cli::args::command();
        let worker = command.find_subcommand("worker").unwrap();

        for Setting { id, .. } in SETTINGS {
            assert!(worker.get_arguments().any(|argument| argument.get_id() == id), "{id}");
        }
    }

    #[test]
    fn the_help_tells_variables_and_default_of_the_definition() {
        assert_eq!(notes("worker_ttl"), "[env: RQ_WORKER__TTL] [default: 420]");
        assert_eq!(notes("url"), "[env: RQ_REDIS_URL, REDIS_URL] [default: redis://localhost:6379/0]");
        assert_eq!(notes("logging_level"), "[env: RQ_LOGGING__LEVEL] [default: INFO]");
        assert_eq!(notes("disable_job_desc_logging"), "[env: RQ_WORKER__DESCRIBE_JOBS=no]");
        assert_eq!(notes("worker_class"), "[env: RQ_WORKER_CLASS] [default: rq.Worker]");
        assert_eq!(notes("verbose"), "");
    }
}

use super::settings::OptionValue;
use super::*;
use crate::cli::exit::Exit;
use crate::cli::strategy;

/// What a command line means, its words separated by blanks.
fn parsed(line: &str) -> Result<Command, clap::Error> {
    parse(std::iter::once("rq").chain(line.split_whitespace()).map(OsString::from))
}

/// The options of `rq worker` with these words behind it.
fn worker(words: &str) -> WorkerArgs {
    match parsed(&format!("worker {words}")) {
        Ok(Command::Worker(args)) => *args,
        Ok(_) => panic!("{words} is no worker"),
        Err(error) => panic!("{words}: {error}"),
    }
}

/// The error that these words make.
fn refused(words: &str) -> clap::Error {
    parsed(&format!("worker {words}")).err().unwrap_or_else(|| panic!("{words} was taken"))
}

fn text(value: &str) -> OptionValue {
    OptionValue::Text(value.to_owned())
}

fn texts(values: &[&str]) -> OptionValue {
    OptionValue::List(values.iter().map(ToString::to_string).collect())
}

#[test]
fn the_grammar_holds() {
    command().debug_assert();
}

#[test]
fn every_spelling_of_an_option_overrides_its_setting() {
    use OptionValue::{Flag, Number};
    for (words, key, flag, value) in [
        ("--url redis://h", "redis.url", "--url", text("redis://h")),
        ("--url=redis://h", "redis.url", "--url", text("redis://h")),
        ("-u redis://h", "redis.url", "--url", text("redis://h")),
        ("-uredis://h", "redis.url", "--url", text("redis://h")),
        ("--path a --path b", "horse.path", "--path", texts(&["a", "b"])),
        ("-P a -Pb", "horse.path", "--path", texts(&["a", "b"])),
        ("--python /x/python", "horse.python", "--python", text("/x/python")),
        ("--preload a.b --preload c", "horse.preload", "--preload", texts(&["a.b", "c"])),
        ("high low high", "worker.queues", "QUEUES", texts(&["high", "low", "high"])),
        ("-- -ds -b", "worker.queues", "QUEUES", texts(&["-ds", "-b"])),
        ("--name w", "worker.name", "--name", text("w")),
        ("-n w", "worker.name", "--name", text("w")),
        ("-n v -n w", "worker.name", "--name", text("w")),
        ("--burst", "worker.burst", "--burst", Flag(true)),
        ("-b", "worker.burst", "--burst", Flag(true)),
        ("-bb --burst", "worker.burst", "--burst", Flag(true)),
        ("--with-scheduler", "scheduler.enabled", "--with-scheduler", Flag(true)),
        ("-s", "scheduler.enabled", "--with-scheduler", Flag(true)),
        ("--results-ttl -1", "worker.results_ttl", "--results-ttl", Number(-1)),
        ("--results-ttl=0", "worker.results_ttl", "--results-ttl", Number(0)),
        ("--worker-ttl 60", "worker.ttl", "--worker-ttl", Number(60)),
        ("--maintenance-interval 5", "worker.maintenance_interval", "--maintenance-interval", Number(5)),
        (
            "--job-monitoring-interval 7",
            "worker.job_monitoring_interval",
            "--job-monitoring-interval",
            Number(7),
        ),
        ("--reuse 0", "horse.max_jobs", "--reuse", Number(0)),
        ("--max-jobs 3", "worker.max_jobs", "--max-jobs", Number(3)),
        ("--max-idle-time 9", "worker.max_idle_time", "--max-idle-time", Number(9)),
        ("--disable-job-desc-logging", "worker.describe_jobs", "--disable-job-desc-logging", Flag(false)),
        ("--serializer json", "worker.serializer", "--serializer", text("json")),
        ("-S json", "worker.serializer", "--serializer", text("json")),
        ("--pid /run/x", "worker.pid_file", "--pid", text("/run/x")),
        ("--verbose", "logging.level", "--verbose", text("DEBUG")),
        ("-v --logging_level error", "logging.level", "--verbose", text("DEBUG")),
        ("-q", "logging.level", "--quiet", text("WARNING")),
        ("--quiet", "logging.level", "--quiet", text("WARNING")),
        ("--logging_level error", "logging.level", "--logging_level", text("ERROR")),
        ("--log-format %(message)s", "logging.format", "--log-format", text("%(message)s")),
        ("--log-format -%(message)s", "logging.format", "--log-format", text("-%(message)s")),
        ("--date-format %H", "logging.date_format", "--date-format", text("%H")),
        ("--sentry-dsn https://k@h/1", "sentry.dsn", "--sentry-dsn", text("https://k@h/1")),
        ("--sentry-ca-certs /x.pem", "sentry.ca_certs", "--sentry-ca-certs", text("/x.pem")),
        ("--sentry-debug", "sentry.debug", "--sentry-debug", Flag(true)),
    ] {
        assert_eq!(worker(words).overrides(), [(key, flag, value)], "{words}");
    }
}

#[test]
fn what_is_not_given_overrides_nothing() {
    assert_eq!(worker("").overrides(), []);
    assert_eq!(worker("--url= --name=").overrides(), []);
}

#[test]
fn short_options_may_be_bundled() {
    let args = worker("-bvn w high -P lib");

    assert!(args.work.burst && args.log.verbose);
    assert_eq!(args.work.name.as_deref(), Some("w"));
    assert_eq!(args.queues, ["high"]);
    assert_eq!(args.sources.path, ["lib"]);
}

#[test]
fn the_settings_are_named_by_either_spelling() {
    for words in ["-c app.settings", "-capp.settings", "--config app.settings", "--config=app.settings"] {
        assert_eq!(worker(words).sources.config().collect::<Vec<_>>(), ["app.settings"], "{words}");
    }
    assert_eq!(worker("-c=").sources.config().next(), None);
}

#[test]
fn two_letters_are_one_option_for_the_strategy_and_two_otherwise() {
    for words in ["-ds random", "-ds=random", "--dequeue-strategy random", "--dequeue-strategy=random"] {
        assert_eq!(worker(words).work.dequeue_strategy.as_deref(), Some("random"), "{words}");
    }

    let bundled = worker("-sd");
    assert!(bundled.work.with_scheduler && bundled.work.disable_default_exception_handler);
    assert_eq!(bundled.work.dequeue_strategy, None);
    refused("-dsrandom");
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (words, told) in [
        ("-v -q", "'--verbose' cannot be used with '--quiet'"),
        ("--burs", "unexpected argument '--burs'"),
        ("--logging-level INFO", "unexpected argument '--logging-level'"),
        ("--logging_level loud", "expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("--results-ttl x", "invalid value 'x' for '--results-ttl <SECONDS>'"),
        ("--results-ttl -2", "-2 is not in -1..="),
        ("--worker-ttl 0", "0 is not in 1..="),
        ("--worker-ttl -5", "-5 is not in 1..="),
        ("--max-jobs 0", "invalid value '0' for '--max-jobs <N>'"),
        ("--log-format %(massage)s", "did you mean message?"),
        ("--name", "a value is required for '--name <NAME>'"),
    ] {
        let error = refused(words);

        assert!(error.to_string().contains(told), "{words}: {error}");
        assert_eq!(error.exit_code(), 2, "{words}");
    }
}

#[test]
fn what_changes_nothing_is_accepted() {
    let words =
        "-w rq.Worker -j rq.job.Job --queue-class rq.Queue --connection-class redis.Redis -ds default";

    assert_eq!(strategy::refuse(&worker(words)), Ok(()));
}

#[test]
fn a_strategy_that_nobody_knows_ends_as_in_rq() {
    let failure = strategy::refuse(&worker("-ds best")).unwrap_err();

    assert_eq!(failure.exit(), Exit::Failed);
    assert!(
        format!("{failure:?}")
            .contains("ERROR: Dequeue Strategy can only be one of `default`, `random` or `round_robin`.")
    );
}

#[test]
fn the_help_of_every_setting_names_its_variable() {
    let help = command().find_subcommand_mut("worker").unwrap().render_long_help().to_string();

    for told in [
        "[env: RQ_REDIS_URL, REDIS_URL]",
        "[env: RQ_CONFIG]",
        "[env: RQ_WORKER_CLASS] [default: rq.Worker]",
        "[env: RQ_WORKER__TTL] [default: 420]\n",
        "[env: RQ_PYTHON]",
        "Signals:",
        "Exit codes:",
    ] {
        assert!(help.contains(told), "{told} is not in\n{help}");
    }
}

#[test]
fn an_option_that_stands_for_no_setting_has_no_variable() {
    let help = command().find_subcommand_mut("healthcheck").unwrap().render_long_help().to_string();

    assert!(help.contains("--url") && !help.contains("[env:"), "{help}");
}

#[test]
fn an_option_that_only_shares_the_name_of_a_setting_has_no_notes() {
    for (words, options) in [
        ("empty -h", &["--worker-class", "--job-class", "--serializer", "[QUEUES]"][..]),
        ("info -h", &["--queue-class", "[QUEUES]"]),
        ("queues -h", &["[QUEUES]"]),
        ("requeue -h", &["--serializer"]),
        ("cron -h", &["--worker-class", "--job-class"]),
    ] {
        let help = parsed(words).err().unwrap().to_string();

        for option in options {
            let line =
                help.lines().find(|line| line.trim_start().contains(option) && !line.starts_with("Usage"));
            let line = line.unwrap_or_else(|| panic!("{option} is not in {help}"));
            assert!(!line.contains("[env:"), "{words}: {line}");
        }
        assert!(help.contains("[env: RQ_REDIS_URL, REDIS_URL]"), "{words}: {help}");
    }
    assert!(parsed("enqueue -h").err().unwrap().to_string().contains("[env: RQ_WORKER__SERIALIZER]"));
}

#[test]
fn the_help_that_is_asked_for_has_the_notes_of_its_options() {
    for words in ["jobs --help", "job show --help", "config check --help", "worker-pool --help"] {
        let help = parsed(words).err().unwrap().to_string();

        assert!(help.contains("[env: RQ_REDIS_URL, REDIS_URL]"), "{words}: {help}");
    }
}

#[test]
fn the_version_reads_as_rqs() {
    let answer = parsed("--version").err().unwrap();

    assert_eq!(answer.to_string(), format!("rq, version 3.0.0 (rqd {})\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_configuration_commands_take_the_same_sources() {
    let Ok(Command::Config(ConfigCommand::Show(args))) =
        parsed("config show -u redis://h -c rq.toml -P a --json")
    else {
        panic!("not understood");
    };

    assert!(args.config.json);
    assert_eq!(args.config.sources.config().collect::<Vec<_>>(), ["rq.toml"]);
    assert_eq!(args.config.sources.overrides().len(), 2);
    assert!(parsed("config").is_err());
    assert!(matches!(parsed("config check"), Ok(Command::Config(ConfigCommand::Check(_)))));
}

use serde_json::json;

use super::*;
use crate::telemetry::appender::{Every, Outlet, Place};
use crate::telemetry::layout::Format;

fn mapped(table: &Value, level: Option<Level>) -> Mapping {
    let options = LoggingOptions { level, ..LoggingOptions::default() };
    Mapping::of(table, &options, Definition::as_rq(&options).unwrap())
}

/// The names of the appenders that take a line.
fn takers<'a>(mapping: &'a Mapping, logger: &str, level: Level) -> Vec<&'a str> {
    let taking = mapping.definitions.iter().filter(|definition| definition.filter.takes(logger, level));
    taking.map(|definition| definition.name.as_str()).collect()
}

fn place<'a>(mapping: &'a Mapping, name: &str) -> &'a Outlet {
    &mapping.definitions.iter().find(|definition| definition.name == name).unwrap().outlet
}

#[test]
fn a_logger_without_a_handler_has_rqs_console() {
    let table = json!({"version": 1, "handlers": {"h": {"class": "logging.StreamHandler"}},
        "loggers": {"app": {"handlers": ["h"], "level": "DEBUG"}}});

    let mapping = mapped(&table, None);

    assert_eq!(takers(&mapping, "rq.worker", Level::Info), ["rq-console"]);
    assert_eq!(takers(&mapping, "rq.registry", Level::Warning), ["rq-console"]);
    assert_eq!(mapping.definitions.len(), 1);
    assert!(mapping.doubts.is_empty(), "{:?}", mapping.doubts);
}

#[test]
fn handlers_are_those_of_a_logger_and_of_all_above_it_that_are_reached() {
    let table = json!({"version": 1,
        "handlers": {"all": {"class": "logging.StreamHandler", "level": "WARNING"},
                     "rq": {"class": "logging.FileHandler", "filename": "rq.log"},
                     "own": {"class": "logging.handlers.WatchedFileHandler", "filename": "own.log"}},
        "root": {"handlers": ["all"], "level": "ERROR"},
        "loggers": {"rq": {"handlers": ["rq"], "level": "INFO"},
                    "rq.scheduler": {"handlers": ["own"], "propagate": false}}});

    let mapping = mapped(&table, None);

    assert_eq!(takers(&mapping, "rq.worker", Level::Info), ["rq"]);
    assert_eq!(takers(&mapping, "rq.worker", Level::Warning), ["all", "rq"]);
    assert_eq!(takers(&mapping, "rq.scheduler", Level::Info), ["own"]);
    assert_eq!(takers(&mapping, "rq.horse", Level::Debug), <[&str; 0]>::default());
    assert_eq!(takers(&mapped(&table, Some(Level::Debug)), "rq.worker", Level::Debug), ["rq"]);
}

#[test]
fn a_level_that_is_not_set_is_that_of_above_and_infos_own_goes_below_a_name() {
    let handlers = json!({"h": {"class": "logging.StreamHandler"}});
    let root = json!({"handlers": ["h"], "level": "ERROR"});

    let alone = mapped(&json!({"version": 1, "handlers": handlers, "root": root}), None);
    let below = mapped(
        &json!({"version": 1, "handlers": handlers, "root": root, "loggers": {"rq": {"level": "NOTSET"}}}),
        None,
    );

    assert_eq!(takers(&alone, "rq.worker", Level::Info), ["h"]);
    assert_eq!(takers(&alone, "rq.job", Level::Warning), <[&str; 0]>::default());
    assert_eq!(takers(&below, "rq.worker", Level::Warning), <[&str; 0]>::default());
}

#[test]
fn handlers_of_pythons_own_become_places() {
    let table = json!({"version": 1,
        "handlers": {
            "size": {"class": "logging.handlers.RotatingFileHandler", "filename": "/a", "maxBytes": 5, "backupCount": 3},
            "never": {"class": "logging.handlers.RotatingFileHandler", "filename": "/b", "maxBytes": 5},
            "time": {"class": "logging.handlers.TimedRotatingFileHandler", "filename": "/c", "when": "midnight"},
            "udp": {"class": "logging.handlers.SysLogHandler", "address": ["log", 514], "facility": "local0"},
            "tcp": {"class": "logging.handlers.SysLogHandler", "address": ["log", 601],
                    "socktype": {"()": "<SocketKind.SOCK_STREAM: 1>"}},
            "local": {"class": "logging.handlers.SysLogHandler", "address": "/dev/log"},
            "null": {"class": "logging.NullHandler"}},
        "root": {"handlers": ["size", "never", "time", "udp", "tcp", "local", "null"], "level": "INFO"}});

    let mapping = mapped(&table, None);

    let file = |name| match place(&mapping, name) {
        Outlet::Place(Place::File(plan)) => (plan.max_size, plan.every, plan.keep),
        other => panic!("{other:?}"),
    };
    assert_eq!(file("size"), (Some(5), None, 3));
    assert_eq!(file("never").0, None);
    assert_eq!(file("time"), (None, Some(Every::Day), 10_000));
    let syslog = |name| match place(&mapping, name) {
        Outlet::Place(Place::Syslog(address)) => address.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        [syslog("udp"), syslog("tcp"), syslog("local")],
        ["udp://log:514", "tcp://log:601", "/dev/log"]
    );
    assert_eq!(*place(&mapping, "null"), Outlet::Null);
    assert!(mapping.doubts.is_empty(), "{:?}", mapping.doubts);
}

#[test]
fn what_has_no_equal_is_named() {
    let table = json!({"version": 1,
        "filters": {"f": {"()": "app.Filter"}},
        "formatters": {"json": {"()": "pythonjsonlogger.jsonlogger.JsonFormatter"}, "own": {"class": "app.Formatter"},
                       "braces": {"format": "{message}", "style": "{"}, "more": {"format": "%(request_id)s %(message)s"}},
        "handlers": {
            "mail": {"class": "django.utils.log.AdminEmailHandler"},
            "odd": {"class": "logging.handlers.TimedRotatingFileHandler", "filename": "/c", "when": "S"},
            "json": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["f"]},
            "own": {"class": "logging.StreamHandler", "formatter": "own"},
            "braces": {"class": "logging.StreamHandler", "formatter": "braces"},
            "more": {"class": "logging.StreamHandler", "formatter": "more"},
            "stream": {"class": "logging.StreamHandler", "stream": "ext://app.stream"}},
        "root": {"handlers": ["mail", "odd", "json", "own", "braces", "more", "stream"], "filters": ["f"]}});

    let mapping = mapped(&table, None);

    let all = mapping.doubts.join("\n");
    for told in [
        "handler mail (django.utils.log.AdminEmailHandler) has no equal",
        "handler odd is not rotated",
        "filters of the handler json",
        "formatter json (pythonjsonlogger.jsonlogger.JsonFormatter) is our own JSON",
        "formatter own (app.Formatter) has no equal",
        "style { of the formatter braces",
        "formatter more cannot be used (unknown field %(request_id)",
        "handler stream (logging.StreamHandler) has no equal",
        "filters of the logger root",
    ] {
        assert!(all.contains(told), "{told:?} is not in\n{all}");
    }
    assert_eq!(mapping.doubts.len(), 9, "{all}");
    let json = mapping.definitions.iter().find(|definition| definition.name == "json").unwrap();
    assert_eq!(json.layout.format, Format::Json);
}

#[test]
fn levels_alone_leave_the_handlers_as_they_were() {
    let table = json!({"version": 1, "incremental": true, "loggers": {"rq.worker": {"level": "WARNING"}}});

    let mapping = mapped(&table, None);

    assert_eq!(takers(&mapping, "rq.worker", Level::Warning), ["rq-console"]);
    assert_eq!(takers(&mapping, "rq.worker", Level::Info), <[&str; 0]>::default());
}

#[test]
fn a_table_that_cannot_be_read_leaves_rqs_console_and_is_told() {
    let mapping = mapped(&Value::Null, None);

    assert_eq!(takers(&mapping, "rq.worker", Level::Info), ["rq-console"]);
    assert!(mapping.doubts[0].contains("as a whole"), "{:?}", mapping.doubts);
}

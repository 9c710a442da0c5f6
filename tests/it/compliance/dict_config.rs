//! `DICT_CONFIG` as projects have it: what RQ's worker writes, and where.

use std::fs;

use crate::harness::{Subject, World};

/// A formatter as projects write it.
const JSON: &str = "\
import json, logging

class JsonFormatter(logging.Formatter):
    def format(self, record):
        return json.dumps({'message': record.getMessage()}, separators=(',', ':'))
";

/// Where a line is looked for.
#[derive(Clone, Copy)]
enum At {
    Out,
    Error,
    File(&'static str),
}

/// Runs a worker with a `DICT_CONFIG`; each text is, or is not, in what is written there.
#[track_caller]
fn writes(dict_config: &str, expected: &[(At, &str, bool)]) -> String {
    let world = World::new();
    let settings = format!(
        "import logging.handlers, sys\nREDIS_URL = {:?}\nDICT_CONFIG = {dict_config}\n",
        world.redis.url()
    );
    fs::write(world.path("settings.py"), settings).unwrap();
    fs::write(world.path("json_lines.py"), JSON).unwrap();
    world.enqueue("'jobs.returns.add', 1, y=2");
    world.enqueue("'jobs.raising.plain'");

    let exit = world.work(&[]);

    for (at, text, is_there) in expected {
        let written = match at {
            At::Out => exit.stdout.clone(),
            At::Error => exit.stderr.clone(),
            At::File(name) => fs::read_to_string(world.path(name)).unwrap_or_default(),
        };
        assert_eq!(written.contains(text), *is_there, "{text:?} in:\n{written}\nstderr:\n{}", exit.stderr);
    }
    world.finish();
    exit.stdout + &exit.stderr
}

/// The same, and what we say has no equal here.
#[track_caller]
fn doubts(dict_config: &str, expected: &[(At, &str, bool)], doubts: &[&str]) {
    let said = writes(dict_config, expected);
    if Subject::from_environment() == Subject::Ours {
        for doubt in doubts {
            assert!(said.contains(doubt), "{doubt:?} is not in:\n{said}");
        }
    }
}

#[test]
fn a_root_handler_with_a_format_gets_the_lines_of_the_worker() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'formatters': {'f': {'format': '[%(levelname)-8s] %(name)s: %(message)s'}},
          'handlers': {'h': {'class': 'logging.StreamHandler', 'formatter': 'f', 'stream': 'ext://sys.stdout'}},
          'root': {'level': 'INFO', 'handlers': ['h']}}",
        &[
            (At::Out, "[INFO    ] rq.worker: Worker w1: done, quitting", true),
            (At::Out, "[ERROR   ] rq.worker: Worker w1: job", true),
            (At::Out, "ValueError: it broke", true),
            (At::Error, "ValueError", false),
        ],
    );
}

#[test]
fn the_style_of_django_with_filters_and_mail() {
    doubts(
        "{'version': 1, 'disable_existing_loggers': False,
          'filters': {'debug': {'()': 'logging.Filter'}},
          'formatters': {'server': {'format': 'DJANGO %(message)s'}},
          'handlers': {'console': {'level': 'INFO', 'filters': ['debug'], 'class': 'logging.StreamHandler'},
                       'server': {'level': 'INFO', 'class': 'logging.StreamHandler', 'formatter': 'server'}},
          'loggers': {'django': {'handlers': ['console'], 'level': 'INFO'},
                      'django.server': {'handlers': ['server'], 'level': 'INFO', 'propagate': False}}}",
        // Nothing of it concerns RQ's loggers, which have RQ's own console.
        &[(At::Out, "Worker w1: done, quitting", true), (At::Out, "DJANGO", false)],
        &[],
    );
}

#[test]
fn a_file_of_rqs_own_as_in_the_pages_of_django_rq() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'formatters': {'rq_console': {'format': '%(asctime)s %(message)s', 'datefmt': 'AT %H'}},
          'handlers': {'rq_console': {'level': 'DEBUG', 'class': 'logging.FileHandler', 'filename': 'rq.log',
                                      'formatter': 'rq_console'}},
          'loggers': {'rq.worker': {'handlers': ['rq_console'], 'level': 'DEBUG'}}}",
        &[
            (At::File("rq.log"), "Worker w1: registering birth", true),
            (At::File("rq.log"), "AT ", true),
            (At::Out, "Worker w1: done, quitting", false),
        ],
    );
}

#[test]
fn rotating_files_as_frappe_and_ckan_have_them() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'formatters': {'generic': {'format': '%(asctime)s %(levelname)-5.5s [%(name)s] %(message)s'}},
          'handlers': {'worker': {'class': 'logging.handlers.RotatingFileHandler', 'filename': 'worker.log',
                                  'maxBytes': 100000, 'backupCount': 20, 'formatter': 'generic'},
                       'error': {'class': 'logging.handlers.RotatingFileHandler', 'filename': 'worker.error.log',
                                 'maxBytes': 100000, 'backupCount': 20, 'level': 'ERROR', 'formatter': 'generic'}},
          'root': {'level': 'WARNING', 'handlers': ['worker', 'error']}}",
        &[
            (At::File("worker.log"), " INFO  [rq.worker] Worker w1: done, quitting", true),
            (At::File("worker.error.log"), " ERROR [rq.worker] Worker w1: job", true),
            (At::File("worker.error.log"), "done, quitting", false),
        ],
    );
}

#[test]
fn a_formatter_of_json_is_our_own_json() {
    doubts(
        "{'version': 1, 'disable_existing_loggers': False,
          'formatters': {'json': {'()': 'json_lines.JsonFormatter'}},
          'handlers': {'h': {'class': 'logging.StreamHandler', 'stream': 'ext://sys.stdout', 'formatter': 'json'}},
          'root': {'level': 'INFO', 'handlers': ['h']}}",
        &[(At::Out, "\"message\":\"Worker w1: done, quitting\"", true)],
        &["the formatter json (json_lines.JsonFormatter) is our own JSON"],
    );
}

#[test]
fn handlers_of_several_loggers_and_no_way_up() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'formatters': {'r': {'format': 'ROOT %(message)s'}, 'w': {'format': 'WORKER %(message)s'}},
          'handlers': {'r': {'class': 'logging.StreamHandler', 'formatter': 'r'},
                       'w': {'class': 'logging.StreamHandler', 'formatter': 'w', 'stream': 'ext://sys.stdout'}},
          'loggers': {'rq.worker': {'handlers': ['w'], 'level': 'INFO', 'propagate': False}},
          'root': {'level': 'INFO', 'handlers': ['r']}}",
        &[(At::Out, "WORKER Worker w1: done, quitting", true), (At::Error, "ROOT Worker w1: done", false)],
    );
}

#[test]
fn handlers_of_a_logger_and_of_the_root_both_write() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'handlers': {'r': {'class': 'logging.FileHandler', 'filename': 'all.log'},
                       'w': {'class': 'logging.handlers.WatchedFileHandler', 'filename': 'worker.log'}},
          'loggers': {'rq': {'handlers': ['w'], 'level': 'INFO'}},
          'root': {'level': 'ERROR', 'handlers': ['r']}}",
        &[
            (At::File("all.log"), "Worker w1: done, quitting", true),
            (At::File("worker.log"), "Worker w1: done, quitting", true),
        ],
    );
}

#[test]
fn the_level_of_a_handler_holds_lines_back() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'handlers': {'h': {'class': 'logging.FileHandler', 'filename': 'errors.log', 'level': 'ERROR'}},
          'root': {'handlers': ['h']}}",
        &[
            (At::File("errors.log"), "ValueError: it broke", true),
            (At::File("errors.log"), "done, quitting", false),
            (At::Out, "done, quitting", false),
        ],
    );
}

#[test]
fn levels_alone() {
    writes(
        "{'version': 1, 'incremental': True, 'loggers': {'rq.worker': {'level': 'ERROR'}}}",
        &[(At::Out, "Worker w1: done", false), (At::Error, "ValueError: it broke", true)],
    );
}

#[test]
fn nothing_at_all() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False, 'handlers': {'n': {'class': 'logging.NullHandler'}},
          'root': {'handlers': ['n']}}",
        &[(At::Out, "Worker w1", false), (At::Error, "Worker w1", false)],
    );
}

#[test]
fn objects_of_python_instead_of_names() {
    writes(
        "{'version': 1, 'disable_existing_loggers': False,
          'handlers': {'h': {'class': 'logging.StreamHandler', 'stream': sys.stdout, 'level': logging.INFO},
                       't': {'class': 'logging.handlers.TimedRotatingFileHandler', 'when': 'midnight',
                             'filename': 'daily.log', 'backupCount': 7}},
          'root': {'handlers': ['h', 't'], 'level': logging.INFO}}",
        &[
            (At::Out, "Worker w1: done, quitting", true),
            (At::File("daily.log"), "Worker w1: done, quitting", true),
        ],
    );
}

#[test]
fn braces_and_handlers_of_ones_own_are_named() {
    doubts(
        "{'version': 1, 'disable_existing_loggers': False,
          'formatters': {'b': {'format': '{levelname} {message}', 'style': '{'}},
          'handlers': {'h': {'class': 'logging.StreamHandler', 'formatter': 'b', 'stream': 'ext://sys.stdout'},
                       'm': {'class': 'logging.handlers.MemoryHandler', 'capacity': 10}},
          'root': {'level': 'INFO', 'handlers': ['h', 'm']}}",
        &[(At::Out, "Worker w1: done, quitting", true)],
        &["the style { of the formatter b has no equal", "the handler m (logging.handlers.MemoryHandler) has no equal"],
    );
}

#[test]
fn what_was_there_before_is_not_silenced() {
    // RQ: Python's default silences RQ's own loggers, which exist by then.
    let is_ours = Subject::from_environment().differs("DICT_CONFIG does not silence the worker");
    writes(
        "{'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler', 'stream': 'ext://sys.stdout'}},
          'root': {'level': 'INFO', 'handlers': ['h']}}",
        &[(At::Out, "Worker w1: done, quitting", is_ours)],
    );
}

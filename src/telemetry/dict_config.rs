//! `DICT_CONFIG`: what `logging.config.dictConfig` would do with the lines of RQ's own worker, as appenders.
//!
//! The horses apply the table by itself; here it is read for the lines of the daemon. What has no equal here is named.

mod formatter;
mod handler;
mod loggers;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::LoggingOptions;
use super::appender::Definition;
use super::filter::{Filter, Target};
use super::level::Level;
use loggers::{LOGGERS, Loggers};

/// The name of the console that RQ has where a logger has no handler.
const CONSOLE: &str = "rq-console";

/// What becomes of a table.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    pub(crate) definitions: Vec<Definition>,
    /// What has no equal here, in words.
    pub(crate) doubts: Vec<String>,
}

impl Mapping {
    /// Reads a table. `console` is the console as RQ has it.
    pub(crate) fn of(table: &Value, options: &LoggingOptions, console: Definition) -> Self {
        let mut mapping = Self::default();
        let empty = Map::new();
        let table = table.as_object().unwrap_or_else(|| {
            mapping.doubt("it cannot be read from here as a whole");
            &empty
        });
        let loggers = Loggers::read(table, options.level, &mut mapping);
        let handlers = object(table.get("handlers"));
        for (name, handler) in handlers {
            let targets = loggers.targets(name, handler_level(handler));
            if targets.is_empty() {
                continue;
            }
            if let Some(handler) = handler::read(name, handler, table, options, &mut mapping) {
                let filter = Filter::Named { least: Level::Debug, targets };
                mapping.definitions.push(Definition { filter, ..handler });
            }
        }
        mapping.add_console(&loggers, options, console);
        mapping
    }

    /// RQ: a logger to which no handler belongs gets RQ's own.
    fn add_console(&mut self, loggers: &Loggers, options: &LoggingOptions, console: Definition) {
        let elsewhere: Vec<String> = LOGGERS
            .iter()
            .filter(|logger| loggers.has_handlers(logger))
            .map(|logger| (*logger).to_owned())
            .collect();
        if elsewhere.len() < LOGGERS.len() {
            let filter = Filter::AsRq { level: loggers.console_level(options.level), elsewhere };
            self.definitions.push(Definition { name: CONSOLE.to_owned(), filter, ..console });
        }
    }

    fn doubt(&mut self, text: &str) {
        self.doubts.push(format!("DICT_CONFIG, for the lines of the daemon: {text}; it counts for the jobs"));
    }
}

/// The entries of a table that may not be there.
fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// A text under a name.
fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// The least level that a handler shows.
fn handler_level(handler: &Value) -> Level {
    handler.get("level").and_then(level).unwrap_or(Level::Debug)
}

/// A level by its name or number; `None` for one that is not set.
fn level(value: &Value) -> Option<Level> {
    let number = match value {
        Value::String(name) if name.eq_ignore_ascii_case("NOTSET") => 0,
        Value::String(name) => return name.parse().ok(),
        other => other.as_u64()?,
    };
    Some(match number {
        0 => return None,
        1..=10 => Level::Debug,
        11..=20 => Level::Info,
        21..=30 => Level::Warning,
        31..=40 => Level::Error,
        _ => Level::Critical,
    })
}

/// A class, without the module that it is in.
fn last_part(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

/// A target for exactly this logger and its level there.
fn target(logger: &str, least: Level) -> Target {
    Target { logger: logger.to_owned(), least: Some(least) }
}

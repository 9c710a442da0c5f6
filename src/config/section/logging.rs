//! `[logging]`: what is told, and how a line looks.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::{Key, section};
use crate::config::kind::Kind;
use crate::config::secret::mask_table;

section! {
    /// What is told, and how a line looks.
    Logging as "logging" {
        /// What is logged: `debug`, `info`, `warning`, `error` or `critical`, and all that is worse.
        level: Level = Key::new(Kind::Choice(LEVELS)).option("--logging_level, -v, -q")
            .default("\"info\""), Immediate;
        /// How a line looks, in the notation of Python's `logging`.
        format: String = Key::new(Kind::Text).option("--log-format")
            .default("\"%(asctime)s %(message)s\""), Immediate;
        /// How `%(asctime)s` looks, in the notation of `strftime`.
        date_format: String = Key::new(Kind::Text).option("--date-format").default("\"%H:%M:%S\""), Immediate;
        /// Which log records of jobs (Python's `logging`) are told with the daemon's own lines: `unhandled`, those which no
        /// handler of the application takes, so that Python would write warnings and worse to standard error, where they
        /// still go; `all`, those of `level` and worse, in whatever way the application logs; `off`, none.
        records: Records = Key::new(Kind::Choice(RECORDS)).default("\"unhandled\""), NextJob;
        /// Whether a job is told with what it is called with, as RQ does: `tasks.add(1)`, or else `tasks.add(...)`.
        arguments: bool = Key::new(Kind::Boolean).default("true"), Immediate;
        /// A configuration for Python's `logging.config.dictConfig`, for the processes that run the jobs. Where there is no
        /// `[logging.appender.NAME]`, lines of the daemon go where it says, too.
        dict_config: Option<DictConfig> = Key::new(Kind::Table).rq_in_files("DICT_CONFIG")
            .example("{\"version\": 1}"), NewApplication;
    }
}

/// How grave a log line is, in Python's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

/// Python's names for levels, its two aliases included.
pub(super) const LEVELS: &[(&str, &str)] = &[
    ("debug", "debug"),
    ("info", "info"),
    ("warning", "warning"),
    ("warn", "warning"),
    ("error", "error"),
    ("critical", "critical"),
    ("fatal", "critical"),
];

/// Which log records of jobs are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Records {
    Unhandled,
    All,
    Off,
}

const RECORDS: &[(&str, &str)] = &[("unhandled", "unhandled"), ("all", "all"), ("off", "off")];

/// Where the `dictConfig` of the horses is.
#[derive(Clone, PartialEq)]
pub(crate) enum DictConfig {
    /// Given in a file: to be applied in the fork server.
    Given(serde_json::Value),
    /// In the Python settings module: the fork server applies it by itself. What JSON cannot hold stands in it as a table
    /// with the key `()`; nothing at all is null.
    InModule(serde_json::Value),
}

/// Handlers may have passwords.
impl fmt::Debug for DictConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(table) => write!(f, "Given({})", mask_table(table)),
            Self::InModule(table) => write!(f, "InModule({})", mask_table(table)),
        }
    }
}

/// Tables travel through the stack as JSON text, so that layers replace them and do not mix them.
impl<'de> Deserialize<'de> for DictConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let table = serde_json::from_str(&text).map_err(serde::de::Error::custom)?;
        Ok(match table {
            // A list of one is what no file can say.
            serde_json::Value::Array(mut tables) => Self::InModule(tables.pop().unwrap_or_default()),
            table => Self::Given(table),
        })
    }
}

//! How loud a line is, in Python's terms.

use std::fmt;
use std::str::FromStr;

/// A level of Python's `logging`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// For somebody who looks for a fault.
    Debug,
    /// What normally happens.
    Info,
    /// Something that somebody should look at some time.
    Warning,
    /// Something that went wrong.
    Error,
    /// Something after which nothing goes on.
    Critical,
}

impl Level {
    /// The names that a user may write, as an error message lists them.
    pub(crate) const NAMES: [&'static str; 5] = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

    /// The name that Python prints.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// The level of a number of Python's: the gravest that it reaches.
    pub(crate) fn of_number(number: u8) -> Self {
        match number {
            50.. => Self::Critical,
            40.. => Self::Error,
            30.. => Self::Warning,
            20.. => Self::Info,
            ..20 => Self::Debug,
        }
    }

    /// The number that Python gives it.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Debug => 10,
            Self::Info => 20,
            Self::Warning => 30,
            Self::Error => 40,
            Self::Critical => 50,
        }
    }
}

impl From<crate::config::Level> for Level {
    fn from(level: crate::config::Level) -> Self {
        match level {
            crate::config::Level::Debug => Self::Debug,
            crate::config::Level::Info => Self::Info,
            crate::config::Level::Warning => Self::Warning,
            crate::config::Level::Error => Self::Error,
            crate::config::Level::Critical => Self::Critical,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown logging level {0:?}, expected one of {list}", list = Level::NAMES.join(", "))]
pub(crate) struct UnknownLevel(pub(crate) String);

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Reads a level's name in any case, with the two other names that Python knows.
    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        match name.to_ascii_uppercase().as_str() {
            "DEBUG" => Ok(Self::Debug),
            "INFO" => Ok(Self::Info),
            // RQ: a level that is not set is the root logger's, which is WARNING.
            "WARNING" | "WARN" | "NOTSET" => Ok(Self::Warning),
            "ERROR" => Ok(Self::Error),
            "CRITICAL" | "FATAL" => Ok(Self::Critical),
            _ => Err(UnknownLevel(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_in_any_case_and_by_pythons_other_names() {
        for (text, level) in [("debug", Level::Debug), ("Warn", Level::Warning), ("FATAL", Level::Critical)] {
            assert_eq!(text.parse(), Ok(level));
        }
    }

    #[test]
    fn an_unknown_level_is_told_with_the_known_ones() {
        let error = "loud".parse::<Level>().unwrap_err();

        assert_eq!(
            error.to_string(),
            "unknown logging level \"loud\", expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"
        );
    }
}

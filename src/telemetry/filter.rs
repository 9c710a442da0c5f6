//! Which lines an appender takes.

use super::level::Level;
use super::line::{JOB, REGISTRY, WEBHOOK};

/// Which lines an appender takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// RQ: what its own handlers show. INFO that nobody asked for shows less than INFO that somebody did.
    AsRq {
        level: Option<Level>,
        /// Loggers that have handlers of their own.
        elsewhere: Vec<String>,
    },
    /// All of a level and above, and of some loggers only, each with those below it; none means all.
    Named { least: Level, targets: Vec<Target> },
}

/// A logger, and the least level of what it says; none is nothing at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) logger: String,
    pub(crate) least: Option<Level>,
}

impl Filter {
    /// Whether a line of that logger and level is taken.
    pub(crate) fn takes(&self, logger: &str, level: Level) -> bool {
        match self {
            Self::AsRq { elsewhere, .. } if elsewhere.iter().any(|other| other == logger) => false,
            Self::AsRq { .. } if has_no_handler(logger) => level >= Level::Warning,
            // RQ: `rq.job` has no level of its own, so it has the root logger's.
            Self::AsRq { level: None, .. } => {
                level >= if logger == JOB { Level::Warning } else { Level::Info }
            }
            Self::AsRq { level: Some(least), .. } => level >= *least,
            Self::Named { least, targets } if targets.is_empty() => level >= *least,
            Self::Named { targets, .. } => {
                let meant = targets.iter().filter(|target| is_below(logger, &target.logger));
                let meant = meant.max_by_key(|target| target.logger.len());
                meant.and_then(|target| target.least).is_some_and(|least| level >= least)
            }
        }
    }

    /// RQ: whether a line is shown bare and on standard error, since Python's last resort takes it.
    pub(crate) fn leaves_to_last_resort(&self, logger: &str) -> bool {
        matches!(self, Self::AsRq { .. }) && has_no_handler(logger)
    }
}

/// RQ: these loggers have no handler: warnings go to standard error, bare.
fn has_no_handler(logger: &str) -> bool {
    [REGISTRY, WEBHOOK].contains(&logger)
}

/// Whether a logger is that one or stands below it.
pub(crate) fn is_below(logger: &str, above: &str) -> bool {
    logger.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_rq(level: Option<Level>) -> Filter {
        Filter::AsRq { level, elsewhere: Vec::new() }
    }

    #[test]
    fn lines_of_rq_job_need_a_level_that_was_asked_for() {
        assert!(!as_rq(None).takes(JOB, Level::Info));
        assert!(as_rq(Some(Level::Info)).takes(JOB, Level::Info));
    }

    #[test]
    fn lines_of_the_registries_count_whatever_the_level() {
        assert!(as_rq(Some(Level::Critical)).takes(REGISTRY, Level::Warning));
        assert!(!as_rq(Some(Level::Debug)).takes(REGISTRY, Level::Info));
    }

    #[test]
    fn the_longest_name_of_a_logger_counts_and_only_at_a_dot() {
        let target = |logger: &str, least| Target { logger: logger.to_owned(), least };
        let filter = Filter::Named {
            least: Level::Info,
            targets: vec![
                target("rq", Some(Level::Warning)),
                target("rq.scheduler", None),
                target("app", Some(Level::Debug)),
            ],
        };

        for (logger, level, takes) in [
            ("rq.worker", Level::Warning, true),
            ("rq.worker", Level::Info, false),
            ("rq.scheduler", Level::Critical, false),
            ("app.mail", Level::Debug, true),
            ("application", Level::Critical, false),
        ] {
            assert_eq!(filter.takes(logger, level), takes, "{logger} {level}");
        }
    }
}

//! The loggers of a table: which handlers and which level each of RQ's has.

use serde_json::{Map, Value};

use super::{Mapping, level, object, target, text};
use crate::telemetry::filter::Target;
use crate::telemetry::level::Level;

/// The loggers of the daemon's lines.
pub(super) const LOGGERS: [&str; 10] = [
    WORKER,
    "rq.job",
    "rq.registry",
    "rq.webhook",
    "rq.scheduler",
    "rq.cron",
    "rq.worker_pool",
    "rq.horse",
    "rq.config",
    "rq.logging",
];
const WORKER: &str = "rq.worker";
/// What RQ does not have: where a table does not name them, they go with its worker.
const OURS: [&str; 3] = ["rq.horse", "rq.config", "rq.logging"];
/// RQ: loggers that have INFO as their own level.
const AT_INFO: [&str; 4] = [WORKER, "rq.scheduler", "rq.cron", "rq.worker_pool"];
/// RQ: loggers whose level an option sets.
const AT_OPTION: [&str; 5] = [WORKER, "rq.job", "rq.scheduler", "rq.cron", "rq.worker_pool"];

/// What a table says of loggers.
pub(super) struct Loggers {
    named: Map<String, Value>,
    root: Value,
    asked: Option<Level>,
    /// Whether handlers are left as they were, so that there are none.
    incremental: bool,
}

impl Loggers {
    pub(super) fn read(table: &Map<String, Value>, asked: Option<Level>, mapping: &mut Mapping) -> Self {
        let mut named = Map::new();
        let mut root = table.get("root").cloned().unwrap_or(Value::Null);
        for (name, logger) in object(table.get("loggers")) {
            // Python gives the root logger for both names.
            if name.is_empty() || name == "root" {
                root = if root.is_null() { logger.clone() } else { root };
            } else {
                named.insert(name.clone(), logger.clone());
            }
        }
        let concerned = named.iter().map(|(name, logger)| (name.as_str(), logger)).chain([("root", &root)]);
        for (name, logger) in concerned.filter(|(name, _)| concerns_us(name)) {
            if logger.get("filters").is_some_and(|filters| filters != &Value::Array(Vec::new())) {
                mapping.doubt(&format!("the filters of the logger {name} hold nothing back"));
            }
        }
        let incremental = table.get("incremental").and_then(Value::as_bool).unwrap_or(false);
        Self { named, root, asked, incremental }
    }

    /// The loggers whose lines go to a handler, each with the least level of what goes there.
    pub(super) fn targets(&self, handler: &str, least: Level) -> Vec<Target> {
        let takes = |logger: &&&str| self.handlers(logger).contains(&handler);
        let mine = LOGGERS.iter().filter(takes);
        mine.map(|logger| target(logger, least.max(self.level(logger)))).collect()
    }

    pub(super) fn has_handlers(&self, logger: &str) -> bool {
        !self.handlers(logger).is_empty()
    }

    /// The level of RQ's own console: only what a table says of the worker is other than without one.
    pub(super) fn console_level(&self, asked: Option<Level>) -> Option<Level> {
        let own = self.level(WORKER);
        asked.or((own != Level::Info).then_some(own))
    }

    /// The handlers of a logger and of those above it.
    fn handlers(&self, logger: &str) -> Vec<&str> {
        let mut found = Vec::new();
        if self.incremental {
            return found;
        }
        for above in lineage(self.looked_up(logger)) {
            let Some(named) = self.named.get(above) else { continue };
            found.extend(handlers_of(named));
            if named.get("propagate").and_then(Value::as_bool) == Some(false) {
                return found;
            }
        }
        found.extend(handlers_of(&self.root));
        found
    }

    fn level(&self, logger: &str) -> Level {
        let logger = self.looked_up(logger);
        if let Some(asked) = self.asked.filter(|_| AT_OPTION.contains(&logger)) {
            return asked;
        }
        let mut is_child = false;
        for above in lineage(logger) {
            let named = self.named.get(above);
            if let Some(level) = named.and_then(|named| named.get("level")).and_then(level) {
                return level;
            }
            is_child |= named.is_some() && above != logger;
        }
        // Python takes away the level of a logger that stands below one that is named.
        if AT_INFO.contains(&logger) && !is_child {
            return Level::Info;
        }
        self.root.get("level").and_then(level).unwrap_or(Level::Warning)
    }

    fn looked_up<'a>(&self, logger: &'a str) -> &'a str {
        if OURS.contains(&logger) && !self.named.contains_key(logger) { WORKER } else { logger }
    }
}

/// Whether a logger is one of the daemon's or stands above them.
fn concerns_us(name: &str) -> bool {
    ["root", "rq"].contains(&name) || LOGGERS.contains(&name)
}

fn handlers_of(logger: &Value) -> impl Iterator<Item = &str> {
    let handlers = logger.get("handlers").and_then(Value::as_array);
    handlers.into_iter().flatten().filter_map(Value::as_str)
}

/// `rq.worker`, `rq`.
fn lineage(logger: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(logger), |name| name.rsplit_once('.').map(|(above, _)| above))
}

/// Whether anything under a name is other than Python has it by itself.
pub(super) fn is_set(table: &Value, name: &str) -> bool {
    match table.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => text(table, name) != Some(""),
    }
}

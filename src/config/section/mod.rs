//! The one definition of every setting: name, type, default and meaning.
//!
//! From these tables come the structs that the rest of the program takes, the check for unknown keys, the
//! environment variables, `etc/rq/rq.toml` and the reference in `docs/configuration.md`. To add a setting, add
//! a line to its section; when a change of it takes effect stands at its end, and the macro insists on it.

mod appender;
mod cron;
mod group;
mod health;
mod horse;
mod http;
mod logging;
mod maintenance;
mod metrics;
mod queue;
mod redis;
mod reload;
mod scheduler;
mod sentry;
mod shutdown;
mod tables;
mod worker;

pub(crate) use appender::{
    Appender, AppenderKind, Facility, LineLook, Protocol, Rotate, StreamChoice, Target, target,
};
pub(crate) use cron::{CatchUp, Cron, Overlap};
pub(crate) use group::{Count, Group};
pub(crate) use health::Health;
pub(crate) use horse::{Additions, EngineWish, Horse, Output};
pub(crate) use http::{Http, Place};
pub(crate) use logging::{DictConfig, Level, Logging, Records};
pub(crate) use maintenance::{Maintenance, OnStranded};
pub(crate) use metrics::Metrics;
pub(crate) use queue::Queue;
pub(crate) use redis::RedisKeys;
pub(crate) use reload::Reload;
pub(crate) use scheduler::Scheduler;
pub(crate) use sentry::Sentry;
pub(crate) use shutdown::Shutdown;
pub(crate) use tables::{from_path, key_of_table, tables, tables_above};
pub(crate) use worker::{AtSuspension, OnInterrupt, OnShutdown, Strategy, Worker};

use std::time::Duration;

use super::kind::{Kind, Value};
use super::problem::Mismatch;
use super::reload::ReloadClass;

/// A table of the configuration.
pub(crate) struct Section {
    /// Its name in files, in lower case.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) doc: &'static [&'static str],
    /// Its keys, in the order in which they are explained.
    pub(crate) keys: &'static [Key],
}

/// One setting.
pub(crate) struct Key {
    /// The whole name, `section.field`.
    pub(crate) name: &'static str,
    /// The name without dots in the name of a table: where the value stands in the merged layers.
    pub(crate) path: &'static str,
    /// The name within its section.
    pub(crate) field: &'static str,
    /// What it means, in whole sentences.
    pub(crate) doc: &'static [&'static str],
    /// What it holds.
    pub(crate) kind: Kind,
    /// The default in the notation that TOML and JSON share; none when it is unset by default.
    pub(crate) default: Option<&'static str>,
    /// A value to show where there is no default.
    pub(crate) example: Option<&'static str>,
    /// RQ's own name, in upper case, at the top level of every format.
    pub(crate) rq_name: Option<&'static str>,
    /// Whether the environment may say it, and by which names.
    pub(crate) variables: Variables,
    /// The option of the command line that sets it.
    pub(crate) option: Option<&'static str>,
    /// What a value must fulfil beyond its type.
    pub(crate) check: Option<Check>,
    /// Whether it is needed before a Python settings module can be read, and so cannot stand in one.
    pub(crate) before_python: bool,
    /// When a change of it takes effect while the daemon runs.
    pub(crate) reload: ReloadClass,
}

/// What a value must fulfil beyond its type.
pub(crate) type Check = fn(&Value) -> Result<(), Mismatch>;

/// The environment variables of a key besides `RQ_<SECTION>__<KEY>`.
#[derive(Clone, Copy)]
pub(crate) struct Variables {
    /// Whether any variable may set it.
    pub(crate) allowed: bool,
    /// Whether RQ's own name counts without a prefix.
    pub(crate) bare: bool,
    /// A shorter prefixed name.
    pub(crate) short: Option<&'static str>,
}

impl Key {
    /// A key of some kind; the macro adds name, meaning and reload class.
    pub(crate) const fn new(kind: Kind) -> Self {
        let nothing: &[&str] = &[];
        Self {
            name: "",
            path: "",
            field: "",
            doc: nothing,
            kind,
            default: None,
            example: None,
            rq_name: None,
            variables: Variables { allowed: true, bare: false, short: None },
            option: None,
            check: None,
            before_python: false,
            reload: ReloadClass::Restart,
        }
    }

    /// A span of time that is at least so many milliseconds.
    pub(crate) const fn span(least_ms: u64) -> Self {
        Self::new(Kind::Duration { least: Duration::from_millis(least_ms) })
    }

    /// A number of bytes within bounds.
    pub(crate) const fn size(least: u64, most: u64) -> Self {
        Self::new(Kind::Size { least, most })
    }

    /// A whole number within bounds.
    pub(crate) const fn integer(least: i64, most: i64) -> Self {
        Self::new(Kind::Integer { least, most })
    }

    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// RQ's name, which also counts in the environment without a prefix.
    pub(crate) const fn rq(self, name: &'static str) -> Self {
        let variables = Variables { bare: true, ..self.variables };
        Self { rq_name: Some(name), variables, ..self }
    }

    /// RQ's name for what no environment variable can hold.
    pub(crate) const fn rq_in_files(self, name: &'static str) -> Self {
        let variables = Variables { allowed: false, bare: false, short: None };
        Self { rq_name: Some(name), variables, ..self }
    }

    pub(crate) const fn variable(self, name: &'static str) -> Self {
        let variables = Variables { short: Some(name), ..self.variables };
        Self { variables, ..self }
    }

    pub(crate) const fn option(self, flags: &'static str) -> Self {
        Self { option: Some(flags), ..self }
    }

    pub(crate) const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    pub(crate) const fn before_python(self) -> Self {
        Self { before_python: true, ..self }
    }

    /// The prefixed variable that every key has: `RQ_WORKER__TTL`.
    pub(crate) fn long_variable(&self) -> String {
        format!("RQ_{}", self.name.to_uppercase().replace('.', "__").replace('-', "_"))
    }

    /// Reads and checks a value.
    pub(crate) fn read(&self, raw: &serde_json::Value) -> Result<Value, Mismatch> {
        let value = self.kind.read(raw)?;
        self.check.map_or(Ok(()), |check| check(&value))?;
        Ok(value)
    }

    /// What to do when a value cannot be used.
    pub(crate) fn way_out(&self) -> Option<String> {
        let default = self.default?;
        Some(format!("remove it to use the default, {}", default.trim_matches('"')))
    }
}

/// All sections, in the order in which they are explained.
pub(crate) const SECTIONS: [&Section; 12] = [
    &RedisKeys::SECTION,
    &Worker::SECTION,
    &Scheduler::SECTION,
    &Horse::SECTION,
    &Shutdown::SECTION,
    &Reload::SECTION,
    &Maintenance::SECTION,
    &Logging::SECTION,
    &Sentry::SECTION,
    &Http::SECTION,
    &Metrics::SECTION,
    &Health::SECTION,
];

/// The tables that users name themselves; each definition's name ends in `.*`.
pub(crate) const TABLES: [&Section; 4] =
    [&Group::SECTION, &Queue::SECTION, &Cron::SECTION, &Appender::SECTION];

/// Every key of every section; those of tables that users name are not among them.
pub(crate) fn keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

/// The key of a whole name.
pub(crate) fn key(name: &str) -> Option<&'static Key> {
    keys().find(|key| key.name == name)
}

/// When a change of a setting takes effect, that of a table too.
pub(crate) fn class_of(name: &str) -> ReloadClass {
    key(name).or_else(|| key_of_table(name)).map_or(ReloadClass::Restart, |key| key.reload)
}

/// Defines a section: the struct, and the table of its keys, each with its reload class behind the comma. What stands after `with` is no key; resolving fills it.
macro_rules! section {
    (
        $(#[doc = $story:literal])*
        $name:ident as $section:literal {
            $( $(#[doc = $doc:literal])* $field:ident: $type:ty = $key:expr, $reload:ident; )*
        }
        $( with { $( $(#[doc = $note:literal])* $extra:ident: $extra_type:ty, )* } )?
    ) => {
        $(#[doc = $story])*
        #[derive(Debug, Clone, serde::Deserialize)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])* pub(crate) $field: $type, )*
            $( $( $(#[doc = $note])* #[serde(skip)] pub(crate) $extra: $extra_type, )* )?
        }

        impl $name {
            /// The definition of this section.
            pub(crate) const SECTION: crate::config::section::Section = crate::config::section::Section {
                name: $section,
                doc: &[$($story),*],
                keys: &[$(
                    crate::config::section::Key {
                        name: concat!($section, ".", stringify!($field)),
                        path: concat!($section, ".", stringify!($field)),
                        field: stringify!($field),
                        doc: &[$($doc),*],
                        reload: crate::config::reload::ReloadClass::$reload,
                        ..$key
                    }
                ),*],
            };
        }
    };
}
use section;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_and_example_fits_its_key() {
        for key in keys().chain(TABLES.iter().flat_map(|tables| tables.keys)) {
            for text in key.default.iter().chain(&key.example) {
                let raw = serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}", key.name));
                assert!(key.read(&raw).is_ok(), "{}: {text}", key.name);
            }
        }
    }

    #[test]
    fn no_two_keys_share_a_name() {
        let mut names: Vec<String> = keys().map(Key::long_variable).collect();
        names.extend(keys().filter_map(|key| key.variables.short.map(String::from)));
        names.extend(keys().filter_map(|key| key.rq_name.map(String::from)));
        let all = names.len();

        names.sort();
        names.dedup();

        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_change_takes_effect_where_the_setting_is_used() {
        let class = |name| key(name).unwrap().reload;

        assert_eq!(class("logging.level"), ReloadClass::Immediate);
        assert_eq!(class("worker.queues"), ReloadClass::NextFetch);
        assert_eq!(class("horse.stop_grace"), ReloadClass::NextJob);
        assert_eq!(class("horse.preload"), ReloadClass::NewApplication);
        assert_eq!(class("redis.key_prefix"), ReloadClass::Restart);
        for key in RedisKeys::SECTION.keys.iter().filter(|key| key.rq_name.is_some()) {
            assert_eq!(key.reload, ReloadClass::NewConnection, "{}", key.name);
        }
        assert_eq!(tables("queue").unwrap().key_of("mail", "timeout").unwrap().reload, ReloadClass::NextJob);
    }

    #[test]
    fn every_key_is_explained() {
        for key in keys().chain(TABLES.iter().flat_map(|tables| tables.keys)) {
            assert!(!key.doc.is_empty(), "{} has no text", key.name);
            assert!(key.default.is_some() || key.example.is_some(), "{} shows no value", key.name);
        }
    }
}

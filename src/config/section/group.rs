//! `[group.NAME]`: workers of one kind, so that one daemon can run several.
#![expect(clippy::struct_field_names, reason = "the keys are what users write")]

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Value as Raw, json};

use super::horse::octal;
use super::worker::{STRATEGIES, Strategy, not_empty, queues, weights, worker_name};
use super::{Additions, EngineWish, Key, Output, section};
use crate::config::kind::Kind;
use crate::config::kind::Value;
use crate::config::problem::Mismatch;

section! {
    /// Workers of one kind, which `rq run` starts: one table for each kind, by a name of your choice. What a table does not
    /// say is as `[worker]` and `[horse]` say it. Without any table, `rq run` starts what `[worker]` says.
    Group as "group.*" {
        /// The queues that its workers serve, in the order in which they are asked for jobs.
        queues: Option<Vec<String>> = Key::new(Kind::List).example("[\"mail\", \"default\"]").check(queues), NextFetch;
        /// How many workers it has: a number, or `{ min = 1, max = 8 }` for as many as there is work for.
        workers: Count = Key::new(Kind::Count).default("1"), NextFetch;
        /// How its workers are called; `%h` is the host, `%g` the group, `%i` the number of the worker, `%p` the process.
        name: Option<String> = Key::new(Kind::Text).example("\"%h-%g-%i\"").check(worker_name), NextFetch;
        /// Which queue is asked first, as `worker.dequeue_strategy`.
        dequeue_strategy: Option<Strategy> = Key::new(Kind::Choice(STRATEGIES)).example("\"round_robin\""), NextFetch;
        /// Chances of queues, as `worker.queue_weights`.
        queue_weights: Option<Vec<String>> = Key::new(Kind::List).example("[\"high=5\"]").check(weights), NextFetch;
        /// Who performs and settles jobs, as `horse.engine`.
        engine: Option<EngineWish> = Key::new(Kind::Choice(super::horse::ENGINES)).example("\"native\""), NewApplication;
        /// The Python interpreter, as `horse.python`.
        python: Option<PathBuf> = Key::new(Kind::Path).example("\"/srv/app/.venv/bin/python\""), NewApplication;
        /// Modules that are imported once, as `horse.preload`.
        preload: Option<Vec<String>> = Key::new(Kind::List).example("[\"app.models\"]"), NewApplication;
        /// How many jobs one of its work horses may run, as `horse.max_jobs`.
        horse_max_jobs: Option<u64> = Key::integer(0, i64::MAX).example("100"), NextJob;
        /// What becomes of the output of its jobs, as `horse.output`.
        output: Option<Output> = Key::new(Kind::Choice(super::horse::OUTPUTS)).example("\"log\""), NextJob;
        /// How much of their output is kept, as `horse.output_keep`.
        output_keep: Option<u64> = Key::size(1, 16 << 20).example("\"64KiB\""), NextJob;
        /// How much memory a work horse may have after a job, as `horse.max_memory`.
        max_memory: Option<u64> = Key::size(1 << 20, i64::MAX as u64).example("\"500MiB\""), NewApplication;
        /// How old a work horse may be after a job, as `horse.max_age`.
        max_age: Option<Duration> = Key::span(1).example("\"1h\""), NewApplication;
        /// The most memory that a process of a job can have, as `horse.memory_limit`.
        memory_limit: Option<u64> = Key::size(1 << 20, i64::MAX as u64).example("\"1GiB\""), NewApplication;
        /// The most CPU time of a job, as `horse.cpu_time`.
        cpu_time: Option<Duration> = Key::span(1000).example("\"10m\""), NewApplication;
        /// The most open files, as `horse.max_open_files`.
        max_open_files: Option<u64> = Key::integer(64, i32::MAX as i64).example("4096"), NewApplication;
        /// The most processes, as `horse.max_processes`.
        max_processes: Option<u64> = Key::integer(1, i32::MAX as i64).example("512"), NewApplication;
        /// The priority of the work horses, as `horse.nice`.
        nice: Option<i64> = Key::integer(-20, 19).example("10"), NewApplication;
        /// Where the application is loaded and jobs run, as `horse.working_directory`.
        working_directory: Option<PathBuf> = Key::new(Kind::Path).example("\"/srv/app\""), NewApplication;
        /// Variables for its application and jobs, in the place of `horse.environment`.
        environment: Option<Additions> = Key::new(Kind::Environment).example("{\"APP_ENV\": \"production\"}"),
            NewApplication;
        /// Which rights files do not get, as `horse.umask`.
        umask: Option<String> = Key::new(Kind::Text).check(octal).example("\"027\""), NewApplication;
        /// The user that its application is run as, as `horse.user`.
        user: Option<String> = Key::new(Kind::Text).check(not_empty).example("\"www-data\""), NewApplication;
        /// The group, as `horse.group`.
        group: Option<String> = Key::new(Kind::Text).check(not_empty).example("\"www-data\""), NewApplication;
        /// The class of its workers, as `worker.class`.
        class: Option<String> = Key::new(Kind::Text).example("\"rq.SimpleWorker\"").check(not_empty), NewApplication;
    }
}

/// How many workers there are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// The most workers of one kind.
const MOST: u32 = 1_000;

impl Count {
    /// Reads `4`, `"1-8"` or `{ min = 1, max = 8 }`.
    pub(crate) fn read(raw: &Raw) -> Result<Value, Mismatch> {
        let expected = format!("a number up to {MOST}, or two of them, as \"1-8\" or {{ min = 1, max = 8 }}");
        let count = Self::parse(raw).filter(|count| count.min <= count.max && count.max <= MOST);
        let found = || match raw {
            Raw::Object(_) => raw.to_string(),
            other => crate::config::describe(other),
        };
        count.map(Self::value).ok_or_else(|| Mismatch::new(expected, found()))
    }

    fn parse(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Number(number) => {
                let number = u32::try_from(number.as_u64()?).ok()?;
                Some(Self { min: number, max: number })
            }
            Raw::String(text) if text.trim_start().starts_with('{') => {
                Self::parse(&serde_json::from_str::<Raw>(text).ok().filter(Raw::is_object)?)
            }
            Raw::String(text) => {
                let (min, max) = text.split_once('-').unwrap_or((text, text));
                Some(Self { min: min.trim().parse().ok()?, max: max.trim().parse().ok()? })
            }
            Raw::Object(table) if table.keys().all(|key| key == "min" || key == "max") => {
                let number = |key: &str| match table.get(key)? {
                    Raw::String(text) => text.trim().parse().ok(),
                    other => u32::try_from(other.as_u64()?).ok(),
                };
                Some(Self { min: number("min")?, max: number("max")? })
            }
            _ => None,
        }
    }

    fn value(self) -> Value {
        Value::Table(json!({"min": self.min, "max": self.max}))
    }

    /// As people write it.
    pub(crate) fn shown(table: &Raw) -> Raw {
        if table["min"] == table["max"] { table["min"].clone() } else { table.clone() }
    }
}

/// Tables travel through the stack as JSON text.
impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let table = serde_json::from_str(&text).map_err(serde::de::Error::custom)?;
        Self::parse(&table).ok_or_else(|| serde::de::Error::custom("it lost its form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_number_or_two() {
        let table = [
            (json!(4), Some((4, 4))),
            (json!(0), Some((0, 0))),
            (json!("4"), Some((4, 4))),
            (json!("1-8"), Some((1, 8))),
            (json!({"min": 1, "max": 8}), Some((1, 8))),
            (json!(r#"{"min": 1, "max": 8}"#), Some((1, 8))),
            (json!({"min": "1", "max": "8"}), Some((1, 8))),
            (json!({"min": 8, "max": 1}), None),
            (json!({"min": 1}), None),
            (json!({"min": 1, "max": 2, "most": 3}), None),
            (json!(-1), None),
            (json!(1001), None),
            (json!("many"), None),
            (json!(true), None),
        ];

        for (raw, expected) in table {
            let read = Count::read(&raw).ok();

            let expected = expected.map(|(min, max)| Count { min, max }.value());
            assert!(read == expected, "{raw}");
        }
    }
}

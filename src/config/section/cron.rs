//! `[cron.NAME]`: what `rq cron` enqueues again and again.
#![expect(clippy::struct_field_names, reason = "the keys are what users write")]

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::{Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;
use crate::config::secret::mask_table;
use crate::job::calendar::{CronExpression, Zone};

section! {
    /// What `rq cron` enqueues again and again: one table for each, by a name of your choice. The name is what makes
    /// it the same thing after a restart and for several daemons, which enqueue each of its runs once.
    Cron as "cron.*" {
        /// The function to call, by its dotted name. It is needed.
        function: Option<String> = Key::new(Kind::Text).example("\"myapp.tasks.clean\"").check(dotted), Restart;
        /// The queue for it.
        queue: String = Key::new(Kind::Text).default("\"default\"").check(not_empty), Restart;
        /// What the function is called with, in order: anything that JSON can hold.
        args: Option<Json> = Key::new(Kind::Values).example("[1, \"two\"]"), Restart;
        /// What the function is called with, by name.
        kwargs: Option<Json> = Key::new(Kind::Table).example("{\"full\": true}"), Restart;
        /// When, in the notation of cron: minute, hour, day of month, month, day of week; a sixth field is the second,
        /// a seventh the year. Either this or `interval` is needed.
        cron: Option<String> = Key::new(Kind::Text).example("\"30 4 * * mon-fri\"").check(expression), Restart;
        /// How often, at least 1s. The first run comes at once.
        interval: Option<Duration> = Key::span(1_000).example("\"15m\""), Restart;
        /// The time zone whose clock `cron` means, by its IANA name; that of the machine when unset.
        time_zone: Option<String> = Key::new(Kind::Text).example("\"Europe/Berlin\"").check(zone), Restart;
        /// Up to how much later a run may come, each by another amount, so that not everything comes at the full minute.
        jitter: Duration = Key::span(0).default("\"0s\""), Restart;
        /// What becomes of runs that came due while nobody was there to enqueue them, or Redis was away: `skip` drops
        /// what is late by more than a minute, `once` makes up for all of them by one run, `all` for each. An overdue
        /// interval runs at once in any case.
        catch_up: CatchUp = Key::new(Kind::Choice(CATCH_UP)).default("\"skip\""), Restart;
        /// How many runs `catch_up = "all"` makes up for at most; the newest count.
        catch_up_limit: usize = Key::integer(1, 1_000).default("100"), Restart;
        /// Whether a run may be enqueued while the one before is still queued or started, or is left out: `allow`, `skip`.
        overlap: Overlap = Key::new(Kind::Choice(OVERLAP)).default("\"allow\""), Restart;
        /// How long the job may run, in seconds; -1 has no limit. RQ's 180 when unset.
        job_timeout: Option<i64> = Key::new(Kind::Seconds { least: -1 }).example("600"), Restart;
        /// How long its result is kept, in seconds; 0 keeps nothing, -1 keeps it for ever.
        result_ttl: Option<i64> = Key::new(Kind::Seconds { least: -1 }).example("3600"), Restart;
        /// How long it is kept when it failed, in seconds; -1 keeps it for ever.
        failure_ttl: Option<i64> = Key::new(Kind::Seconds { least: -1 }).example("86400"), Restart;
        /// How long it may wait in its queue before it is dropped, in seconds.
        ttl: Option<i64> = Key::new(Kind::Seconds { least: 1 }).example("300"), Restart;
        /// What the job is called in logs and monitors; its call when unset.
        description: Option<String> = Key::new(Kind::Text).example("\"nightly cleaning\""), Restart;
        /// Whether it is enqueued at all.
        enabled: bool = Key::new(Kind::Boolean).default("true"), Restart;
    }
}

/// What becomes of runs that nobody enqueued in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CatchUp {
    Skip,
    Once,
    All,
}

const CATCH_UP: &[(&str, &str)] = &[("skip", "skip"), ("once", "once"), ("all", "all")];

/// Whether a run may come while the one before is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Overlap {
    Allow,
    Skip,
}

const OVERLAP: &[(&str, &str)] = &[("allow", "allow"), ("skip", "skip")];

/// A value of any form; it travels through the stack as JSON text, so that layers replace it whole.
#[derive(Clone, PartialEq)]
pub(crate) struct Json(pub(crate) serde_json::Value);

/// Arguments may be passwords.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", mask_table(&self.0))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

fn not_empty(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if text.trim().is_empty() => Err(Mismatch::new("a name", "an empty text")),
        _ => Ok(()),
    }
}

fn dotted(value: &Value) -> Result<(), Mismatch> {
    let Value::Text(text) = value else { return Ok(()) };
    if Path::new(text).extension().is_some_and(|ending| ending == "py") || text.contains('/') {
        return Err(Mismatch::new("the dotted name of a function", format!("{text:?}")));
    }
    if text.split('.').all(|part| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == ':'))
    {
        return Ok(());
    }
    Err(Mismatch::new("the dotted name of a function, module.function", format!("{text:?}")))
}

fn expression(value: &Value) -> Result<(), Mismatch> {
    let Value::Text(text) = value else { return Ok(()) };
    let bad = |reason: String| Mismatch::new("a cron expression", format!("{text:?}")).hint(reason);
    CronExpression::parse(text).map(drop).map_err(|error| bad(error.to_string()))
}

fn zone(value: &Value) -> Result<(), Mismatch> {
    let Value::Text(text) = value else { return Ok(()) };
    let bad = |_| Mismatch::new("the IANA name of a time zone, such as Europe/Berlin", format!("{text:?}"));
    Zone::named(text).map(drop).map_err(bad)
}

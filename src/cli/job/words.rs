//! The story of a job in words.

use super::outcome::{Ended, Shown};
use super::tale::{Relative, Running, TIMES, Tale};
use super::traceback;
use crate::cli::page::{Line, Tone, block};
use crate::cli::span::{span, span_of};
use crate::job::Timestamp;
use crate::job::calendar::Zone;

/// How wide the column of names is.
const NAMES: usize = 16;

/// The most relatives that are named.
const SOME: usize = 20;

/// Who tells, and when it is there.
struct Teller<'a> {
    zone: &'a Zone,
    now: Timestamp,
    lines: Vec<Line>,
}

/// The whole story, in the words of a place.
pub(in crate::cli) fn words(tale: &Tale, zone: &Zone) -> Vec<Line> {
    let now = Timestamp::parse(&tale.read_at).unwrap_or_else(Timestamp::now);
    let mut teller = Teller { zone, now, lines: Vec::new() };
    teller.head(tale);
    teller.times(tale);
    teller.rules(tale);
    teller.place(tale);
    for running in &tale.executions {
        teller.running(running);
    }
    teller.results(tale);
    teller.relatives(tale);
    teller.around(tale);
    teller.stored(tale);
    teller.outlook(tale);
    teller.lines
}

impl Teller<'_> {
    /// One row of the table.
    fn row(&mut self, name: &str, value: Line) {
        let Line(parts) = value;
        let mut line = Line::of(Tone::Dim, &format!("{name:NAMES$}"));
        line.0.extend(parts);
        self.lines.push(line);
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.row(name, Line::of(Tone::Plain, value));
        }
    }

    fn section(&mut self, head: &str) {
        self.lines.push(Line::default());
        self.lines.push(Line::of(Tone::Head, head));
    }

    fn head(&mut self, tale: &Tale) {
        let status = Line::of(Tone::Head, "job ").and(Tone::Head, &tale.id).and(Tone::Plain, "  ");
        self.lines.push(status.and(Tone::of_state(&tale.status), &tale.status));
        self.text("queue", tale.queue.as_deref());
        if let Some(function) = &tale.function {
            self.row("function", Line::of(Tone::Name, function));
        }
        self.text("description", tale.description.as_deref());
    }

    fn times(&mut self, tale: &Tale) {
        for name in TIMES {
            // Once nothing runs, it says nothing new.
            let is_told = name != "last_heartbeat" || tale.status == "started";
            if let Some(at) = tale.moment(name).filter(|_| is_told) {
                let shown = self.moment(at);
                self.row(
                    name.trim_end_matches("_at").replace('_', " ").as_str(),
                    Line::of(Tone::Plain, &shown),
                );
            }
        }
        if let (Some(began), Some(ended)) = (tale.moment("started_at"), tale.moment("ended_at"))
            && ended > began
        {
            self.text("took", Some(&exact(ended.seconds() - began.seconds())));
        }
    }

    /// A moment by the clock of the place, and how far away it is.
    fn moment(&self, at: Timestamp) -> String {
        let clock = self.zone.tell(at).replacen('T', " ", 1);
        let away = self.now.seconds() - at.seconds();
        if away < 0.0 {
            format!("{clock} (in {})", span_of(-away))
        } else {
            format!("{clock} ({} ago)", span_of(away))
        }
    }

    fn rules(&mut self, tale: &Tale) {
        let seconds = |value: Option<i64>, unset: &str, negative: &str| match value {
            None | Some(0) => unset.to_owned(),
            Some(value) => u64::try_from(value).map_or_else(|_| negative.to_owned(), span),
        };
        self.text("time limit", Some(&seconds(tale.timeout, "the worker's default", "none")));
        let failures = seconds(tale.failure_ttl, "365d 0h", "for ever");
        let results = match tale.result_ttl {
            Some(0) => "not at all".to_owned(),
            other => seconds(other, "the worker's default", "for ever"),
        };
        self.text("kept", Some(&format!("result {results}, failure {failures}")));
        if let Some(ttl) = tale.ttl.and_then(|ttl| u64::try_from(ttl).ok()) {
            self.text("begins within", Some(&span(ttl)));
        }
        let intervals = |list: &[serde_json::Value]| {
            let each: Vec<String> = list.iter().map(|interval| format!("{interval}s")).collect();
            if each.is_empty() { String::new() } else { format!(", after {}", each.join(", ")) }
        };
        if let Some(left) = tale.retries_left {
            self.text("retries left", Some(&format!("{left}{}", intervals(&tale.retry_intervals))));
        }
        if tale.returned_retries > 0 {
            self.text("asked again", Some(&format!("{} times", tale.returned_retries)));
        }
        if let Some(left) = tale.repeats_left {
            self.text("repeats left", Some(&format!("{left}{}", intervals(&tale.repeat_intervals))));
        }
        if tale.interruptions > 0 {
            self.text("cut off", Some(&format!("{} times, as its worker was gone", tale.interruptions)));
        }
    }

    fn place(&mut self, tale: &Tale) {
        let place = &tale.place;
        let mut stands: Vec<String> = Vec::new();
        if let Some(ahead) = place.ahead {
            stands.push(format!("number {} of {} in its queue", ahead + 1, place.queue_length));
        }
        if place.between {
            stands.push("between queue and worker".to_owned());
        }
        stands.extend(place.registries.keys().map(|name| format!("registry of {name} jobs")));
        let stands =
            if stands.is_empty() { "in no queue and no registry".to_owned() } else { stands.join(", ") };
        if tale.executions.is_empty() || stands.starts_with("registry") {
            self.text("stands", Some(&stands));
        }
        if let Some(worker) = &tale.worker {
            let mut line = Line::of(Tone::Name, &worker.name);
            if let (Some(host), Some(pid)) = (&worker.host, &worker.pid) {
                line = line.and(Tone::Plain, &format!(" on {host}, process {pid}"));
            }
            line = match &worker.state {
                Some(state) if worker.known => line.and(Tone::Plain, ", ").and(Tone::of_state(state), state),
                _ => line.and(Tone::Dim, ", not there any more"),
            };
            self.row(if tale.executions.is_empty() { "last worker" } else { "worker" }, line);
        }
    }

    fn running(&mut self, running: &Running) {
        let mut told = vec![format!("execution {}", running.execution)];
        told.extend(running.worker.iter().map(|worker| format!("worker {worker}")));
        told.extend(running.heartbeat_age.map(|age| format!("last heartbeat {} ago", span_of(age))));
        told.push(match running.lease_left {
            Some(left) if left < 0.0 => format!("its lease ended {} ago", span_of(-left)),
            Some(left) => format!("its lease lasts {}", span_of(left)),
            None => "without a lease".to_owned(),
        });
        let told = told.join(", ");
        self.row("runs", Line::of(Tone::Notable, &told));
    }

    fn results(&mut self, tale: &Tale) {
        if tale.results.is_empty() {
            return;
        }
        let all = tale.results_in_all;
        let shown = tale.results.len() as u64;
        self.section(&if all > shown {
            format!("results (the newest {shown} of {all})")
        } else {
            "results".to_owned()
        });
        for ended in &tale.results {
            self.result(ended);
        }
    }

    fn result(&mut self, ended: &Ended) {
        let mut line = Line::of(Tone::Plain, "  ").and(Tone::of_state(&ended.outcome), &ended.outcome);
        if let Some(at) = ended.at.as_deref().and_then(Timestamp::parse) {
            line = line.and(Tone::Plain, "  ").and(Tone::Plain, &self.moment(at));
        }
        if let Some(worker) = &ended.worker {
            line = line.and(Tone::Dim, &format!("  worker {worker}"));
        }
        if let Some(seconds) = ended.seconds {
            line = line.and(Tone::Dim, &format!("  in {}", exact(seconds)));
        }
        self.lines.push(line);
        if let Some(value) = &ended.return_value {
            self.lines.push(Line::of(Tone::Plain, "    returned ").and(Tone::Plain, &self::shown(value)));
        }
        if let Some(cause) = &ended.cause {
            let text = cause.as_str().map_or_else(|| in_words(cause), str::to_owned);
            self.lines.extend(block("    ", Tone::Bad, &format!("cause: {text}")));
        }
        self.lines.extend(ended.traceback.iter().flat_map(|text| traceback::lines("    ", text)));
        if let Some(output) = &ended.output {
            self.lines.push(Line::of(Tone::Dim, "    the end of its output:"));
            self.lines.extend(block("    | ", Tone::Plain, output));
        }
    }

    fn relatives(&mut self, tale: &Tale) {
        let told = |relatives: &[Relative]| -> Vec<Line> {
            let line = |it: &Relative| {
                let status = it.status.as_deref().unwrap_or("not there any more");
                Line::of(Tone::Plain, "  ")
                    .and(Tone::Name, &it.id)
                    .and(Tone::Plain, "  ")
                    .and(Tone::of_state(status), status)
            };
            relatives.iter().take(SOME).map(line).collect()
        };
        if !tale.dependencies.is_empty() {
            let fails = if tale.allows_dependency_failures { ", whose failures count as an end" } else { "" };
            self.section(&format!(
                "waits for {}{fails}",
                counted(tale.dependencies.len() as u64, "job", "jobs")
            ));
            self.lines.extend(told(&tale.dependencies));
        }
        if tale.dependents_in_all > 0 {
            self.section(&format!("{} for it", counted(tale.dependents_in_all, "job waits", "jobs wait")));
            self.lines.extend(told(&tale.dependents));
            if let Some(more @ 1..) = tale.dependents_in_all.checked_sub(SOME as u64) {
                self.lines.push(Line::of(Tone::Dim, &format!("  and {more} more")));
            }
        }
    }

    fn around(&mut self, tale: &Tale) {
        self.lines.push(Line::default());
        for (kind, callback) in &tale.callbacks {
            let limit = callback.timeout.map(|limit| format!(", at most {limit}s")).unwrap_or_default();
            self.text(&format!("on {kind}"), Some(&format!("{}{limit}", callback.function)));
        }
        for webhook in &tale.webhooks {
            let status = webhook.status.as_deref().unwrap_or("any end");
            self.text("webhook", Some(&format!("{} {} when {status}", webhook.method, webhook.url)));
        }
        self.text("group", tale.group.as_deref());
        if let Some(limit) = &tale.rate_limit {
            let most = limit.concurrency.unwrap_or_default();
            self.text("rate limit", Some(&format!("{}, at most {most} at once", limit.key)));
        }
    }

    fn stored(&mut self, tale: &Tale) {
        for (name, stored) in &tale.stored {
            match *name {
                "data" => self.text("call", Some(&format!("{}; --decode shows it", self::shown(stored)))),
                // Of old releases; the newer ones write a result entry.
                "exc_info" if tale.results.is_empty() => {
                    let lines = stored.value.iter().flat_map(|text| traceback::lines("  ", text));
                    self.lines.extend(lines);
                }
                "exc_info" => {}
                name => self.text(name, Some(&self::shown(stored))),
            }
        }
        let Some(decoded) = tale.decoded.as_ref() else { return };
        self.section("decoded by the project's Python");
        for (name, value) in decoded.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.lines.push(Line::of(Tone::Dim, &format!("  {name:14} ")).and(Tone::Plain, &text));
        }
    }

    fn outlook(&mut self, tale: &Tale) {
        if !tale.outlook.is_empty() {
            self.section("next");
        }
        for text in &tale.outlook {
            self.lines.push(Line::of(Tone::Plain, &format!("  {text}")));
        }
    }
}

/// So many of something.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Serialized bytes in words.
fn shown(of: &Shown) -> String {
    let size = format!("{} bytes", of.bytes);
    match (&of.value, &of.kind, of.format) {
        (Some(value), _, Some(format)) if of.bytes < 2000 => format!("{value} ({format})"),
        (_, Some(kind), Some(format)) => format!("{kind} ({format}, {size})"),
        (_, None, Some(format)) => format!("{size} of {format}"),
        (_, _, None) => size,
    }
}

/// A table of evidence in words.
fn in_words(cause: &serde_json::Value) -> String {
    let Some(table) = cause.as_object() else { return cause.to_string() };
    let pairs = table.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name} {text}")
    });
    pairs.collect::<Vec<_>>().join(", ")
}

/// How long something took, which is often less than a second.
fn exact(seconds: f64) -> String {
    if seconds < 60.0 { format!("{:.3}s", seconds.max(0.0)) } else { span_of(seconds) }
}

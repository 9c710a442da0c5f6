//! From what was seen to rows: pure, for screen and paper alike.

use std::cmp::Ordering;

use super::frame::Frame;
use crate::cli::args::Tab;
use crate::cli::page::Tone;
use crate::cli::span::span_of;
use crate::store::{JobCard, Overview, RunningJob, WorkerSeen};

/// One place of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// What it is ordered by, where it is not its text.
    number: Option<f64>,
}

/// One row, and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) subject: Subject,
}

/// What somebody points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Worker { name: String, job: Option<String> },
    Queue { name: String, failed: u64 },
    Running { job: String, worker: Option<String> },
    Failed { job: String },
    Daemon { pid: u32 },
}

impl Subject {
    /// What keeps it apart from the others of its list.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Worker { name, .. } | Self::Queue { name, .. } => name.clone(),
            Self::Running { job, .. } | Self::Failed { job } => job.clone(),
            Self::Daemon { pid } => pid.to_string(),
        }
    }

    /// The job that it is about.
    pub(super) fn job(&self) -> Option<&str> {
        match self {
            Self::Worker { job, .. } => job.as_deref(),
            Self::Running { job, .. } | Self::Failed { job } => Some(job),
            Self::Queue { .. } | Self::Daemon { .. } => None,
        }
    }
}

/// In which order rows stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sorting {
    pub(super) column: usize,
    pub(super) descending: bool,
}

/// The order of a list that nobody has ordered.
pub(super) fn sorting(tab: Tab) -> Sorting {
    match tab {
        Tab::Workers | Tab::Queues | Tab::Daemons => Sorting { column: 0, descending: false },
        Tab::Running => Sorting { column: 3, descending: true },
        Tab::Failed => Sorting { column: 2, descending: false },
    }
}

/// The rows of a list that have all words of the filter in them, in their order.
pub(super) fn rows(frame: &Frame, tab: Tab, filter: &str, sorting: Sorting) -> Vec<Row> {
    let seen = &frame.seen;
    let mut rows: Vec<Row> = match tab {
        Tab::Workers => seen.workers.iter().map(|(name, worker)| self::worker(seen, name, worker)).collect(),
        Tab::Queues => seen.queues.keys().map(|name| queue(seen, name)).collect(),
        Tab::Running => seen.running.iter().map(|running| self::running(seen, running)).collect(),
        Tab::Failed => seen.failed.iter().map(|it| failed(seen, &it.job, &it.queue)).collect(),
        Tab::Daemons => frame.daemons.iter().map(|daemon| super::frame::daemon(daemon, seen.now)).collect(),
    };
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    rows.retain(|row| {
        let whole = row.cells.iter().map(|cell| cell.text.to_lowercase()).collect::<Vec<_>>().join("\n");
        words.iter().all(|word| whole.contains(word))
    });
    rows.sort_by(|one, other| {
        let order = compared(one.cells.get(sorting.column), other.cells.get(sorting.column));
        if sorting.descending { order.reverse() } else { order }
    });
    rows
}

fn compared(one: Option<&Cell>, other: Option<&Cell>) -> Ordering {
    let (Some(one), Some(other)) = (one, other) else { return Ordering::Equal };
    match (one.number, other.number) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        // What is unknown comes after what is known.
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.text.cmp(&other.text),
    }
}

pub(super) fn text(text: &str) -> Cell {
    Cell { text: text.to_owned(), tone: Tone::Plain, number: None }
}

pub(super) fn state(state: &str) -> Cell {
    Cell { tone: Tone::of_state(state), ..text(state) }
}

/// A count; those that should be zero stand out when they are not.
#[expect(clippy::cast_precision_loss, reason = "it is for ordering alone")]
pub(super) fn count(count: u64, tone: Tone) -> Cell {
    let tone = if count == 0 { Tone::Dim } else { tone };
    Cell { text: count.to_string(), tone, number: Some(count as f64) }
}

/// A span of seconds.
pub(super) fn seconds(seconds: Option<f64>) -> Cell {
    Cell { text: seconds.map_or_else(|| "-".to_owned(), span_of), tone: Tone::Plain, number: seconds }
}

fn worker(seen: &Overview, name: &str, worker: &WorkerSeen) -> Row {
    let job = worker.jobs.first();
    let card = job.and_then(|job| seen.jobs.get(job));
    let call = match (job, card) {
        (Some(job), Some(card)) if card.description.is_empty() => job.clone(),
        (Some(job), Some(card)) => format!("{} ({job})", card.description),
        (Some(job), None) => job.clone(),
        (None, _) => "-".to_owned(),
    };
    let silence = worker.last_heartbeat.map(|beat| seen.now - beat);
    let mut heard = seconds(silence);
    // RQ: the key of a worker lives for a minute longer than its heart may be silent.
    if silence.is_some_and(|silence| silence > 420.0) {
        heard.tone = Tone::Bad;
    }
    let ours = worker.rqd_version.as_ref().map(|version| format!("rqd {version}"));
    let cells = vec![
        text(name),
        state(&worker.state),
        text(&worker.queues),
        text(&call),
        seconds(card.and_then(|card| card.started_at).map(|began| seen.now - began)),
        count(worker.done, Tone::Plain),
        count(worker.failed, Tone::Bad),
        heard,
        text(&worker.host),
        text(&worker.pid),
        text(&ours.unwrap_or_else(|| worker.version.clone())),
    ];
    Row { cells, subject: Subject::Worker { name: name.to_owned(), job: job.cloned() } }
}

fn queue(seen: &Overview, name: &str) -> Row {
    let card = &seen.queues[name];
    let head = card.head.as_ref().and_then(|head| seen.jobs.get(head));
    let mut workers = count(card.workers, Tone::Plain);
    if card.workers == 0 && card.waiting > 0 {
        workers.tone = Tone::Bad;
    }
    let mut scheduled = count(card.scheduled, Tone::Plain);
    if card.scheduled > 0 && !card.scheduler {
        // Nobody moves them when they are due.
        scheduled.tone = Tone::Bad;
    }
    let cells = vec![
        text(name),
        count(card.waiting, Tone::Notable),
        seconds(head.and_then(|head| head.enqueued_at).map(|at| seen.now - at)),
        count(card.running, Tone::Good),
        count(card.failed, Tone::Bad),
        scheduled,
        count(card.deferred, Tone::Plain),
        workers,
        count(card.finished, Tone::Plain),
        count(card.canceled, Tone::Plain),
    ];
    Row { cells, subject: Subject::Queue { name: name.to_owned(), failed: card.failed } }
}

fn running(seen: &Overview, running: &RunningJob) -> Row {
    let empty = JobCard::default();
    let card = seen.jobs.get(&running.job).unwrap_or(&empty);
    let lasts = running.lease_ends - seen.now;
    let mut lease = seconds(Some(lasts));
    if lasts < 0.0 {
        (lease.text, lease.tone) = ("over".to_owned(), Tone::Bad);
    }
    let runs = card.started_at.map(|began| seen.now - began);
    #[expect(clippy::cast_precision_loss, reason = "a limit is no such number")]
    let limit = card.timeout.filter(|limit| *limit > 0).map(|limit| limit as f64);
    let mut time = seconds(runs);
    if runs.zip(limit).is_some_and(|(runs, limit)| runs > limit) {
        time.tone = Tone::Bad;
    }
    let cells = vec![
        text(&running.job),
        text(&running.queue),
        text(&card.description),
        time,
        seconds(limit),
        lease,
        text(card.worker.as_deref().unwrap_or("-")),
    ];
    Row { cells, subject: Subject::Running { job: running.job.clone(), worker: card.worker.clone() } }
}

fn failed(seen: &Overview, job: &str, queue: &str) -> Row {
    let empty = JobCard::default();
    let card = seen.jobs.get(job).unwrap_or(&empty);
    let mut reason = text(card.reason.as_deref().unwrap_or_default());
    reason.tone = Tone::Bad;
    if reason.text.is_empty() {
        reason = state(if card.status.is_empty() { "-" } else { &card.status });
    }
    let cells = vec![
        text(job),
        text(queue),
        seconds(card.ended_at.or(card.started_at).map(|at| seen.now - at)),
        reason,
        text(&card.description),
    ];
    Row { cells, subject: Subject::Failed { job: job.to_owned() } }
}

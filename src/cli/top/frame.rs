//! What is shown at one time: of Redis, and of the daemons of this machine.

use serde::Serialize;

use super::rows::{Row, Subject, count, seconds, state, text};
use crate::cli::page::{Line, Tone};
use crate::cli::reload::outcome;
use crate::cli::span::span_of;
use crate::store::Overview;
use crate::supervisor::control::{DaemonStatus, Outcome, State, WorkerStatus};

/// All that was seen at last.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Frame {
    /// The address, without secrets.
    pub(super) redis: String,
    #[serde(flatten)]
    pub(super) seen: Overview,
    pub(super) daemons: Vec<DaemonStatus>,
}

fn word(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Running => "running",
        State::Quiet => "quiet",
        State::Stopping => "stopping",
    }
}

fn workers(daemon: &DaemonStatus) -> impl Iterator<Item = &WorkerStatus> {
    daemon.groups.iter().flat_map(|group| &group.workers)
}

/// A daemon as a row.
pub(super) fn daemon(daemon: &DaemonStatus, now: f64) -> Row {
    let busy = workers(daemon).filter(|worker| worker.job.is_some()).count();
    let wanted: u64 = daemon.groups.iter().map(|group| group.wanted).sum();
    let there = workers(daemon).filter(|worker| worker.state != "failed").count() as u64;
    let mut staff = text(&format!("{there}/{wanted}"));
    if there < wanted {
        staff.tone = Tone::Bad;
    }
    let reload = daemon.last_reload.as_ref().map(|reload| match reload.outcome {
        Outcome::Applied => "applied",
        Outcome::Unchanged => "unchanged",
        Outcome::Refused => "refused",
    });
    let cells = vec![
        count(daemon.pid.into(), Tone::Plain),
        state(word(daemon.state)),
        seconds(Some(now - daemon.started_at)),
        staff,
        count(busy as u64, Tone::Notable),
        count(daemon.generation, Tone::Plain),
        text(reload.unwrap_or("-")),
        text(&daemon.application),
        text(&daemon.version),
    ];
    Row { cells, subject: Subject::Daemon { pid: daemon.pid } }
}

/// A daemon with all its workers, in words.
pub(super) fn daemon_in_words(daemon: &DaemonStatus, now: f64) -> Vec<Line> {
    let state = word(daemon.state);
    let head = Line::of(Tone::Head, &format!("daemon {}  ", daemon.pid)).and(Tone::of_state(state), state);
    let mut lines = vec![
        head,
        Line::of(Tone::Plain, &format!("rqd {}, {}", daemon.version, daemon.application)),
        Line::of(
            Tone::Plain,
            &format!("since {}, configuration {}", span_of(now - daemon.started_at), daemon.generation),
        ),
    ];
    if let Some(reload) = &daemon.last_reload {
        let told =
            format!("{} ago, {}: {}", span_of(now - reload.at), reload.asked_by, outcome(reload.outcome));
        lines.push(Line::of(Tone::Plain, &told));
        lines.extend(reload.errors.iter().map(|error| Line::of(Tone::Bad, error)));
    }
    for group in &daemon.groups {
        lines.push(Line::default());
        let name = if group.name.is_empty() { "workers".to_owned() } else { format!("group {}", group.name) };
        lines.push(Line::of(Tone::Head, &format!("{name}, {} wanted", group.wanted)));
        lines.extend(group.workers.iter().map(|worker| {
            let job = worker.job.as_deref().unwrap_or("-");
            let line = Line::of(Tone::Name, &format!("  {}  ", worker.name));
            line.and(Tone::of_state(&worker.state), &worker.state).and(Tone::Plain, &format!("  {job}"))
        }));
    }
    lines
}

//! What is seen at a look, as metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use super::view::Counting;
use crate::os::Relative;
use crate::store::{Census, STATUSES};
use crate::supervisor::control::{DaemonStatus, GroupStatus, Outcome};
use crate::telemetry::metrics::{self, Book, Metric};

/// The states of workers.
const STATES: [&str; 6] = ["idle", "busy", "quiet", "stopping", "started", "failed"];

/// The kinds of processes.
const DAEMON: &str = "daemon";
const FORK_SERVER: &str = "fork_server";
const HORSE: &str = "horse";

/// What was seen.
pub(super) struct Seen<'a> {
    pub(super) status: &'a DaemonStatus,
    pub(super) census: Option<&'a Counting>,
    /// Queues that were not counted.
    pub(super) left_out: usize,
    pub(super) processes: &'a [Relative],
    pub(super) lag: Duration,
}

/// Writes it down.
pub(super) fn note(book: &Book, seen: &Seen<'_>) {
    book.set(Metric::BuildInfo, &[&seen.status.version], 1.0);
    book.set(Metric::ProcessStartTime, &[], seen.status.started_at);
    book.set(Metric::EventLoopLag, &[], seen.lag.as_secs_f64());
    book.set(Metric::QueuesLeftOut, &[], number(seen.left_out));
    configuration(book, seen.status);
    redis(book, seen.census);
    groups(book, &seen.status.groups);
    processes(book, seen.processes);
    metrics::note_losses(book);
}

fn configuration(book: &Book, status: &DaemonStatus) {
    let last = status.last_reload.as_ref();
    let successful = last.is_none_or(|last| last.outcome != Outcome::Refused);
    book.set(Metric::ConfigLastReloadSuccessful, &[], f64::from(u8::from(successful)));
    book.set(Metric::ConfigLastReloadTimestamp, &[], last.map_or(status.started_at, |last| last.at));
    book.set(Metric::ConfigPendingSettings, &[], number(last.map_or(0, |last| last.pending.len())));
    book.set(Metric::ConfigGeneration, &[], rounded(status.generation));
}

/// While Redis is away, what it held is not known.
fn redis(book: &Book, counted: Option<&Counting>) {
    for metric in [Metric::RedisUp, Metric::Suspended, Metric::QueueJobs, Metric::QueueOldestJobAge] {
        book.forget(metric);
    }
    let Some(counted) = counted else { return };
    book.set(Metric::RedisUp, &[], f64::from(u8::from(counted.is_ok())));
    let Ok(Census { suspended, queues }) = counted else { return };
    book.set(Metric::Suspended, &[], f64::from(u8::from(*suspended)));
    for counted in queues {
        let queue = counted.queue.as_str();
        begin(book, queue);
        for (status, jobs) in STATUSES.iter().zip(counted.jobs) {
            book.set(Metric::QueueJobs, &[queue, status], rounded(jobs));
        }
        let oldest = counted.oldest.unwrap_or_default();
        book.set(Metric::QueueOldestJobAge, &[queue], oldest.as_secs_f64());
    }
}

/// Who counts from nothing sees the first one.
fn begin(book: &Book, queue: &str) {
    for metric in [Metric::JobsClaimed, Metric::LeaseLosses, Metric::DueJobsQueued] {
        book.count(metric, &[queue], 0);
    }
    for outcome in ["finished", "failed", "retried", "stopped"] {
        book.count(Metric::JobsEnded, &[queue, outcome], 0);
    }
    for kind in ["stranded", "interrupted"] {
        book.count(Metric::JobsPutBack, &[queue, kind], 0);
    }
}

fn groups(book: &Book, groups: &[GroupStatus]) {
    for metric in [Metric::Workers, Metric::Slots, Metric::SlotsUsed] {
        book.forget(metric);
    }
    for group in groups {
        let name = group.name.as_str();
        for state in STATES {
            let workers = group.workers.iter().filter(|worker| worker.state == state).count();
            book.set(Metric::Workers, &[name, state], number(workers));
        }
        let used = group.workers.iter().filter(|worker| worker.job.is_some()).count();
        book.set(Metric::Slots, &[name], rounded(group.wanted));
        book.set(Metric::SlotsUsed, &[name], number(used));
    }
}

/// The processes of one kind.
#[derive(Default)]
struct Sum {
    processes: usize,
    resident: u64,
    /// Nothing as soon as it is not known of one.
    proportional: Option<u64>,
}

fn processes(book: &Book, processes: &[Relative]) {
    let horses = metrics::horses();
    let kind = |relative: &Relative| match relative.branch {
        None => DAEMON,
        // A horse whose fork server is gone is a child of the daemon.
        Some(branch) if branch == relative.pid && !horses.contains(&branch) => FORK_SERVER,
        Some(_) => HORSE,
    };
    let is_horse = |relative: &&Relative| {
        let is_orphan = horses.contains(&relative.pid) && relative.branch == Some(relative.pid);
        is_orphan
            || (relative.is_of_branch && relative.branch.is_some_and(|branch| !horses.contains(&branch)))
    };
    let mut sums: BTreeMap<&str, Sum> = [DAEMON, FORK_SERVER, HORSE]
        .map(|kind| (kind, Sum { proportional: Some(0), ..Sum::default() }))
        .into();
    for relative in processes {
        let sum = sums.entry(kind(relative)).or_default();
        sum.processes += 1;
        sum.resident += relative.resident;
        sum.proportional = sum.proportional.zip(relative.proportional).map(|(sum, more)| sum + more);
    }
    book.set(Metric::Horses, &[], number(processes.iter().filter(is_horse).count()));
    book.forget(Metric::ProportionalMemory);
    for (kind, sum) in sums {
        book.set(Metric::Processes, &[kind], number(sum.processes));
        book.set(Metric::ResidentMemory, &[kind], rounded(sum.resident));
        if let Some(bytes) = sum.proportional {
            book.set(Metric::ProportionalMemory, &[kind], rounded(bytes));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the last digits of so large a number are nobody's concern")]
fn rounded(number: u64) -> f64 {
    number as f64
}

fn number(count: usize) -> f64 {
    rounded(count as u64)
}

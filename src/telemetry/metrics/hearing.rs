//! What the facts mean in numbers.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::book::Book;
use super::catalogue::Metric;
use crate::event::{Event, JobEnd};
use crate::telemetry::listener::{Fact, Listener};

/// Labels that are known before anything happens.
const KNOWN: &[(Metric, &[&str])] = &[
    (Metric::HorseDeaths, &["time_limit", "signal", "exit", "unknown"]),
    (Metric::ConfigReloads, &["applied", "unchanged", "refused"]),
    (Metric::RedisErrors, &["away", "refused", "insecure", "malformed"]),
];

/// Hears facts, and counts.
#[derive(Debug)]
pub(super) struct Counting {
    pub(super) book: Book,
    horses: Mutex<Stall>,
}

/// The horses, as far as was told.
#[derive(Debug, Default)]
struct Stall {
    alive: HashSet<u32>,
    /// Those whose deaths are counted already.
    overran: HashSet<u32>,
}

impl Counting {
    pub(super) fn new() -> Self {
        let book = Book::new();
        // Who counts from nothing sees the first one.
        for (metric, labels) in KNOWN {
            labels.iter().for_each(|label| book.count(*metric, &[label], 0));
        }
        Self { book, horses: Mutex::default() }
    }

    /// The horses that live, as far as was told.
    pub(super) fn horses(&self) -> HashSet<u32> {
        self.stall(|stall| stall.alive.clone())
    }

    fn stall<T>(&self, act: impl FnOnce(&mut Stall) -> T) -> T {
        act(&mut self.horses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn died(&self, cause: &str) {
        self.book.count(Metric::HorseDeaths, &[cause], 1);
    }

    /// What became of a job.
    fn hear_of_job(&self, event: &Event) {
        let book = &self.book;
        match event {
            Event::JobClaimed { queue, waited, .. } => {
                book.count(Metric::JobsClaimed, &[queue], 1);
                if let Some(waited) = waited {
                    book.observe(Metric::JobWait, &[queue], waited.as_secs_f64());
                }
            }
            Event::JobSettled { queue, end, took, .. } => {
                let labels = [queue, outcome(*end)];
                book.count(Metric::JobsEnded, &labels, 1);
                book.observe(Metric::JobRun, &labels, took.as_secs_f64());
            }
            Event::StrandedPutBack { queue, jobs } => {
                book.count(Metric::JobsPutBack, &[queue, "stranded"], jobs.len() as u64);
            }
            Event::InterruptedPutBack { queue, .. } => {
                book.count(Metric::JobsPutBack, &[queue, "interrupted"], 1);
            }
            Event::DueJobsQueued { queue, jobs } => {
                book.count(Metric::DueJobsQueued, &[queue], *jobs as u64);
            }
            Event::WebhookFailed { .. } => book.count(Metric::WebhookFailures, &[], 1),
            _ => {}
        }
    }

    /// What became of a process.
    fn hear_of_process(&self, event: &Event) {
        match event {
            Event::HorseForked { pid } => {
                self.book.count(Metric::HorseForks, &[], 1);
                self.stall(|stall| stall.alive.insert(*pid));
            }
            Event::HorseGone { pid } => {
                self.stall(|stall| stall.alive.remove(pid));
            }
            // Another process may have the number of one that overran.
            Event::JobClaimed { horse, .. } => {
                self.stall(|stall| stall.overran.remove(horse));
            }
            Event::HorseOverran { pid, .. } => {
                self.died("time_limit");
                self.stall(|stall| stall.overran.insert(*pid));
            }
            Event::HorseDied { pid, status, .. } => {
                let is_counted = self.stall(|stall| stall.overran.remove(pid));
                if is_counted {
                    return;
                }
                self.died(cause(*status));
            }
            Event::WorkerFailed { .. } => self.book.count(Metric::WorkerRestarts, &[], 1),
            Event::ForkServerReplaced { .. } => self.book.count(Metric::ForkServerRestarts, &[], 1),
            Event::ForkServerFailed { .. } => self.book.count(Metric::ForkServerFailures, &[], 1),
            _ => {}
        }
    }
}

impl Listener for Counting {
    fn hear(&self, fact: &Fact<'_>) {
        let book = &self.book;
        match fact.event {
            Event::ExecutionTakenAway { .. } => {
                let queue = fact.about.queue.as_deref().unwrap_or_default();
                book.count(Metric::LeaseLosses, &[queue], 1);
            }
            Event::RedisReturned { .. } => book.count(Metric::RedisReconnects, &[], 1),
            Event::Reloaded { .. } => book.count(Metric::ConfigReloads, &["applied"], 1),
            Event::ReloadChangedNothing { .. } => book.count(Metric::ConfigReloads, &["unchanged"], 1),
            Event::ReloadRefused { .. } => book.count(Metric::ConfigReloads, &["refused"], 1),
            event => {
                self.hear_of_job(event);
                self.hear_of_process(event);
            }
        }
    }
}

fn outcome(end: JobEnd) -> &'static str {
    match end {
        JobEnd::Finished => "finished",
        JobEnd::Failed => "failed",
        JobEnd::Retried => "retried",
        JobEnd::Stopped => "stopped",
        JobEnd::PutBack => "put_back",
        JobEnd::Dropped => "dropped",
        JobEnd::Left => "left",
    }
}

/// How a horse died, by its wait status.
fn cause(status: Option<i32>) -> &'static str {
    match status {
        None => "unknown",
        Some(status) if libc::WIFSIGNALED(status) => "signal",
        Some(_) => "exit",
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::exposition::Form;
    use super::*;
    use crate::telemetry::About;

    fn told(events: &[Event]) -> String {
        let counting = Counting::new();
        let about = About { queue: Some("q".to_owned()), ..About::default() };
        for event in events {
            counting.hear(&Fact { created: UNIX_EPOCH, event, about: &about });
        }
        counting.book.text(Form::Plain)
    }

    fn texts<const N: usize>(texts: [&str; N]) -> [String; N] {
        texts.map(str::to_owned)
    }

    #[test]
    fn a_horse_that_is_killed_at_its_limit_dies_once() {
        let died = |pid| {
            let [worker, job, reason] = texts(["w", "j", "killed"]);
            Event::HorseDied { worker, job, pid, status: Some(9), reason }
        };
        let [worker, job] = texts(["w", "j"]);
        let (limit, grace) = (Duration::from_secs(1), Duration::from_secs(2));
        let overran = Event::HorseOverran { worker, job, pid: 7, limit, grace };

        let text = told(&[overran, Event::HorseGone { pid: 7 }, died(7), died(8)]);

        assert!(text.contains("rqd_horse_deaths_total{cause=\"time_limit\"} 1\n"), "{text}");
        assert!(text.contains("rqd_horse_deaths_total{cause=\"signal\"} 1\n"), "{text}");
    }

    #[test]
    fn a_lost_lease_is_counted_for_the_queue_of_its_job() {
        let [worker, job, execution] = texts(["w", "j", "e"]);

        let text = told(&[Event::ExecutionTakenAway { worker, job, execution }]);

        assert!(text.contains("rqd_lease_losses_total{queue=\"q\"} 1\n"), "{text}");
    }

    #[test]
    fn the_causes_of_deaths_are_told_apart() {
        for (status, name) in
            [(None, "unknown"), (Some(0), "exit"), (Some(256), "exit"), (Some(139), "signal")]
        {
            assert_eq!(cause(status), name, "{status:?}");
        }
    }
}

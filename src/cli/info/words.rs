//! Queues and workers in RQ's own forms, to the byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::cli::output::{painted, safe};
use crate::store::{CountedQueue, CountedWorker, Inventory};

/// RQ: the widest bar, and what it leaves of a narrow terminal.
const BAR: i64 = 20;

/// RQ: the counts that a whole bar stands for.
const SCALES: [u64; 8] = [20, 50, 100, 200, 400, 600, 800, 1000];

/// What is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Queues,
    Workers,
    Both,
}

/// How it is to be seen.
pub(super) struct View {
    pub(super) part: Part,
    pub(super) raw: bool,
    pub(super) by_queue: bool,
    /// The width of the terminal.
    pub(super) columns: u16,
    pub(super) colour: bool,
}

impl View {
    /// The text. `now` is the wall clock as Python writes it.
    pub(super) fn text(&self, inventory: &Inventory, now: &str) -> String {
        match self.part {
            Part::Queues => self.queues(inventory),
            Part::Workers => self.workers(inventory),
            Part::Both if self.raw => self.queues(inventory) + &self.workers(inventory),
            Part::Both => {
                format!("{}\n{}\nUpdated: {now}\n", self.queues(inventory), self.workers(inventory))
            }
        }
    }

    fn queues(&self, inventory: &Inventory) -> String {
        let most = inventory.queues.iter().map(|queue| queue.waiting).max().unwrap_or_default();
        let mut text = String::new();
        for queue in &inventory.queues {
            let head = if self.raw {
                format!("queue {} {}", safe(&queue.name), queue.waiting)
            } else {
                let bar = painted("\x1b[32m", &format!("|{}", self.bar(queue.waiting, most)), self.colour);
                format!("{:<12} {bar} {}", safe(&queue.name), queue.waiting)
            };
            let CountedQueue { started, finished, failed, .. } = queue;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{head}, {started} executing, {finished} finished, {failed} failed");
        }
        if !self.raw {
            let jobs: u64 = inventory.queues.iter().map(|queue| queue.waiting).sum();
            let _ = writeln!(text, "{} queues, {jobs} jobs total", inventory.queues.len());
        }
        text
    }

    /// RQ: cut to whole blocks, by the arithmetic of floats.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bar has twenty blocks at most, and none below zero"
    )]
    fn bar(&self, count: u64, most: u64) -> String {
        let scale = SCALES.into_iter().find(|scale| most <= *scale).unwrap_or(most);
        let width = BAR.min(i64::from(self.columns) - BAR).max(0);
        let blocks = width as f64 / scale as f64 * count as f64;
        "█".repeat(blocks as usize)
    }

    fn workers(&self, inventory: &Inventory) -> String {
        let served: BTreeSet<&String> = inventory.queues.iter().flat_map(|queue| &queue.workers).collect();
        // RQ: where there are queues, only those who serve them.
        let seen: BTreeMap<_, _> = inventory
            .workers
            .iter()
            .filter(|(name, _)| inventory.queues.is_empty() || served.contains(name))
            .collect();
        let mut text = String::new();
        if self.by_queue {
            text += &self.by_queue(inventory);
        } else {
            for (name, worker) in &seen {
                text += &self.worker(name, worker);
            }
        }
        if !self.raw {
            let _ = writeln!(text, "{} workers, {} queues", seen.len(), inventory.queues.len());
        }
        text
    }

    fn worker(&self, name: &str, worker: &CountedWorker) -> String {
        // RQ: Python's word for what is not there.
        let or_none = |text: &Option<String>| safe(text.as_deref().unwrap_or("None")).into_owned();
        let who = format!(
            "{} ({} {} {})",
            safe(name),
            or_none(&worker.hostname),
            or_none(&worker.address),
            or_none(&worker.pid)
        );
        let queues = safe(&worker.queues.join(", ")).into_owned();
        let head = if self.raw {
            format!("worker {who} {}", safe(state(worker)))
        } else {
            format!("{who}: {}", self.painted_state(worker))
        };
        format!("{head} {queues}. jobs: {} finished, {} failed\n", worker.successful, worker.failed)
    }

    fn by_queue(&self, inventory: &Inventory) -> String {
        let mut queues: Vec<&CountedQueue> = Vec::new();
        for queue in &inventory.queues {
            if !queues.iter().any(|other| other.name == queue.name) {
                queues.push(queue);
            }
        }
        let width = queues.iter().map(|queue| queue.name.chars().count()).max().unwrap_or_default() + 1;
        let mut text = String::new();
        for queue in queues {
            let workers = queue.workers.iter().filter_map(|name| Some((name, inventory.workers.get(name)?)));
            let mut told: Vec<String> = workers
                .map(|(name, worker)| format!("{} ({})", safe(name), self.painted_state(worker)))
                .collect();
            // RQ: sorted as texts, with their colours.
            told.sort();
            let told = if told.is_empty() { "–".to_owned() } else { told.join(", ") };
            let _ = writeln!(text, "{:<width$} {told}", format!("{}:", safe(&queue.name)));
        }
        text
    }

    fn painted_state(&self, worker: &CountedWorker) -> String {
        let state = state(worker);
        let code = match state {
            "busy" => "\x1b[31m",
            "idle" => "\x1b[32m",
            "suspended" => "\x1b[33m",
            _ => return safe(state).into_owned(),
        };
        painted(code, state, self.colour)
    }
}

/// RQ: a worker that does not say has a question mark.
fn state(worker: &CountedWorker) -> &str {
    worker.state.as_deref().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Timestamp;

    fn inventory(waiting: &[u64]) -> Inventory {
        let queues = waiting.iter().map(|waiting| CountedQueue {
            name: format!("q{waiting}"),
            waiting: *waiting,
            ..CountedQueue::default()
        });
        Inventory {
            now: Timestamp::now(),
            is_suspended: false,
            queues: queues.collect(),
            workers: BTreeMap::new(),
        }
    }

    fn view(columns: u16) -> View {
        View { part: Part::Queues, raw: false, by_queue: false, columns, colour: false }
    }

    #[test]
    fn bars_are_scaled_by_the_longest_queue_and_fit_the_terminal() {
        let blocks = |columns, waiting: &[u64]| -> Vec<usize> {
            let text = view(columns).text(&inventory(waiting), "");
            text.lines().take(waiting.len()).map(|line| line.matches('█').count()).collect()
        };

        assert_eq!(blocks(80, &[1, 20]), [1, 20]);
        assert_eq!(blocks(80, &[1, 21, 50]), [0, 8, 20]);
        assert_eq!(blocks(80, &[5000, 2500]), [20, 10]);
        assert_eq!(blocks(30, &[20]), [10]);
        assert_eq!(blocks(10, &[20]), [0]);
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let mut told = inventory(&[1]);
        told.queues[0].name = "a\x1b[2J".to_owned();

        assert!(view(80).text(&told, "").starts_with("a\\x1b[2J"));
    }
}

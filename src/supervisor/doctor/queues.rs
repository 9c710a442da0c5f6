//! Queues that nobody serves, schedules that nobody keeps, and failures that pile up.

use super::finding::{Finding, counted, some};
use super::workers::{Machine, dead};
use crate::config::nearest;
use crate::store::{CountedQueue, Leftovers, QueueLeft};

/// From how many failed jobs of a queue on they are worth a word, and from how many they are a burden.
const MANY: u64 = 10_000;
const TOO_MANY: u64 = 100_000;

/// What there is to say of queues.
pub(super) fn check(left: &Leftovers, machine: &dyn Machine) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        [suspended(left), unserved(left, machine), unscheduled(left), late(left), failures(left), kept(left)]
            .into_iter()
            .flatten()
            .collect();
    if found.is_empty() {
        let told = match left.queues.len() {
            0 => "there are no queues yet".to_owned(),
            count => format!("nothing stands still in {}", counted(count as u64, "queue", "queues")),
        };
        found.push(Finding::ok("queues", told));
    }
    found
}

/// The queues that were asked for and that nobody ever enqueued to.
pub(super) fn unknown(asked: &[String], known: &[String]) -> Vec<Finding> {
    let unknown = asked.iter().filter(|name| !known.contains(name));
    unknown
        .map(|name| {
            let advice = match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => "rq queues tells which there are".to_owned(),
            };
            Finding::note("queues.unknown", format!("there is no queue {name}"))
                .because("nothing was ever enqueued to it")
                .advise(advice)
        })
        .collect()
}

fn suspended(left: &Leftovers) -> Option<Finding> {
    const CHECK: &str = "queues.suspended";
    if left.is_suspended_for_ever {
        return Some(
            Finding::warning(CHECK, "RQ is suspended, without an end")
                .because("no worker of this Redis takes a job")
                .advise("rq resume, unless somebody wants it so"),
        );
    }
    left.inventory.is_suspended.then(|| {
        Finding::note(CHECK, "RQ is suspended for a while")
            .because("no worker of this Redis takes a job until then")
    })
}

/// The queues of which something is true, by name.
fn named(left: &Leftovers, is_so: impl Fn(&CountedQueue, &QueueLeft) -> bool) -> Vec<&str> {
    let both = left.inventory.queues.iter().zip(&left.queues);
    both.filter(|(queue, rest)| is_so(queue, rest)).map(|(queue, _)| queue.name.as_str()).collect()
}

fn unserved(left: &Leftovers, machine: &dyn Machine) -> Option<Finding> {
    let dead = dead(left, machine);
    let is_alive = |name: &String| !dead.iter().any(|dead| dead.name == *name);
    let is_unserved = |queue: &CountedQueue| queue.waiting > 0 && !queue.workers.iter().any(is_alive);
    let queues = named(left, |queue, _| is_unserved(queue));
    let waiting: u64 =
        left.inventory.queues.iter().filter(|it| is_unserved(it)).map(|queue| queue.waiting).sum();
    (!queues.is_empty()).then(|| {
        let jobs = counted(waiting, "job waits", "jobs wait");
        Finding::problem(
            "queues.unserved",
            format!("{jobs} in queues that no worker serves: {}", some(&queues)),
        )
        .because("nobody will run them")
        .advise("start a worker for them (rq worker QUEUE), or look whether the name is right on both sides")
    })
}

fn unscheduled(left: &Leftovers) -> Option<Finding> {
    let queues = named(left, |queue, rest| queue.scheduled > 0 && !rest.has_scheduler);
    let is_late = left.inventory.queues.iter().zip(&left.queues);
    let is_late = is_late.clone().any(|(_, rest)| rest.overdue > 0 && !rest.has_scheduler);
    let grade = if is_late { Finding::problem } else { Finding::warning };
    (!queues.is_empty()).then(|| {
        grade("queues.unscheduled", format!("jobs are scheduled, and there is no scheduler, for {}", some(&queues)))
            .because("jobs of enqueue_at and enqueue_in, and retries and repeats with an interval, stay where they are")
            .advise("start a worker of those queues with --with-scheduler, or scheduler.enabled = true")
    })
}

fn late(left: &Leftovers) -> Option<Finding> {
    let queues = named(left, |_, rest| rest.overdue > 0 && rest.has_scheduler);
    (!queues.is_empty()).then(|| {
        Finding::warning(
            "queues.late",
            format!("scheduled jobs are two minutes late or more in {}", some(&queues)),
        )
        .because("the scheduler that holds the lock of the queue does not move them")
        .advise("look at the log of that worker, and at clock.skew here")
    })
}

fn failures(left: &Leftovers) -> Option<Finding> {
    let queues = named(left, |queue, _| queue.failed >= MANY);
    let most = left.inventory.queues.iter().map(|queue| queue.failed).max().unwrap_or(0);
    let grade = if most >= TOO_MANY { Finding::warning } else { Finding::note };
    (!queues.is_empty()).then(|| {
        grade("queues.failures", format!("there are very many failed jobs (up to {most}) in {}", some(&queues)))
            .because("each keeps its arguments and its traceback in memory, for a year unless failure_ttl says otherwise")
            .advise("rq jobs --state failed --older-than 7d --delete; worker.failure_ttl and worker.max_failure_ttl keep it so")
    })
}

fn kept(left: &Leftovers) -> Option<Finding> {
    let queues = named(left, |_, rest| rest.failed_for_ever >= MANY);
    (!queues.is_empty()).then(|| {
        Finding::warning(
            "queues.kept",
            format!("very many failed jobs are kept for ever in {}", some(&queues)),
        )
        .because("a failure_ttl of -1 lets nothing go: memory fills up")
        .advise(
            "worker.max_failure_ttl limits it for new ones; rq jobs --state failed --older-than 7d --delete",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::{ThisMachine, left};
    use super::*;
    use crate::store::WorkerLeft;

    fn with(change: impl FnOnce(&mut CountedQueue, &mut QueueLeft)) -> Vec<Finding> {
        let mut left = left();
        change(&mut left.inventory.queues[0], &mut left.queues[0]);
        check(&left, &ThisMachine)
    }

    #[test]
    fn a_queue_that_is_none_is_told_with_the_one_that_was_meant() {
        let known = ["default".to_owned(), "low".to_owned()];

        let found = unknown(&["defualt".to_owned(), "low".to_owned(), "x".to_owned()], &known);

        assert_eq!(
            found.iter().map(|it| &*it.found).collect::<Vec<_>>(),
            ["there is no queue defualt", "there is no queue x"]
        );
        assert_eq!(found[0].advice.as_deref(), Some("did you mean default?"));
    }

    #[test]
    fn what_stands_still_is_told() {
        let cases: [(&str, Severity, Vec<Finding>); 8] = [
            ("queues", Severity::Ok, with(|_, _| {})),
            (
                "queues",
                Severity::Ok,
                with(|queue, _| (queue.waiting, queue.workers) = (1, vec!["w".to_owned()])),
            ),
            ("queues.unserved", Severity::Problem, with(|queue, _| queue.waiting = 1)),
            ("queues.unscheduled", Severity::Warning, with(|queue, _| queue.scheduled = 1)),
            (
                "queues.unscheduled",
                Severity::Problem,
                with(|queue, rest| (queue.scheduled, rest.overdue) = (1, 1)),
            ),
            (
                "queues.late",
                Severity::Warning,
                with(|queue, rest| (queue.scheduled, rest.overdue, rest.has_scheduler) = (1, 1, true)),
            ),
            ("queues.failures", Severity::Note, with(|queue, _| queue.failed = MANY)),
            ("queues.kept", Severity::Warning, with(|_, rest| rest.failed_for_ever = MANY)),
        ];
        for (check, severity, found) in cases {
            assert_eq!((found[0].check, found[0].severity, found.len()), (check, severity, 1), "{found:?}");
        }
    }

    #[test]
    fn workers_that_are_dead_serve_nobody() {
        let mut left = left();
        (left.inventory.queues[0].waiting, left.inventory.queues[0].workers) = (2, vec!["w".to_owned()]);
        for (is_there, expected) in [(true, "queues"), (false, "queues.unserved")] {
            left.workers = vec![WorkerLeft { name: "w".to_owned(), is_there, ..WorkerLeft::default() }];
            assert_eq!(check(&left, &ThisMachine)[0].check, expected);
        }
    }

    #[test]
    fn a_suspension_without_an_end_is_a_warning() {
        let mut left = left();
        left.inventory.is_suspended = true;
        assert_eq!(check(&left, &ThisMachine)[0].severity, Severity::Note);
        left.is_suspended_for_ever = true;
        assert_eq!(check(&left, &ThisMachine)[0].severity, Severity::Warning);
    }
}

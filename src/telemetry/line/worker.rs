//! What a worker says about itself: how it comes, waits and goes.

use super::{Line, Part};
use crate::event::Event;

/// RQ: the version that our workers claim to be.
const RQ_VERSION: &str = "3.0.0";

/// The lines of an event about a worker; `None` for any other event.
pub(super) fn lines(event: &Event) -> Option<Vec<Line>> {
    coming(event).or_else(|| waiting(event)).or_else(|| leaving(event)).or_else(|| signalled(event))
}

/// A worker enters Redis.
fn coming(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::BirthBegan { worker } => vec![Line::debug(format!("Worker {worker}: registering birth"))],
        Event::WorkerStarted { worker, pid } => {
            vec![Line::info(format!("Worker {worker}: started with PID {pid}, version {RQ_VERSION}"))]
        }
        Event::NameTakenOver { worker, holder_pid } => vec![Line::warning(format!(
            "Worker {worker}: took the name over from process {holder_pid}, which is gone"
        ))],
        Event::WorkerReregistered { worker } => vec![Line::warning(format!(
            "Worker {worker}: registered again, Redis had lost this worker's entry"
        ))],
        Event::ChannelSubscribed { worker, channel } => {
            vec![Line::info(format!("Worker {worker}: subscribing to channel {channel}"))]
        }
        Event::ChannelUnsubscribed { worker, channel } => {
            vec![Line::info(format!("Worker {worker}: unsubscribing from channel {channel}"))]
        }
        Event::QueuesAnnounced { worker: _, queues } => vec![
            Line::info("*** Listening on ".to_owned())
                .then(Part::Queue(queues.join(", ")))
                .then(Part::Plain("...".to_owned())),
        ],
        _ => return None,
    })
}

/// A worker waits for work.
fn waiting(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::HeartbeatSent { worker, ttl } => vec![Line::debug(format!(
            "Worker {worker}: sent heartbeat to prevent worker timeout. Next one should arrive in {} seconds.",
            ttl.as_secs()
        ))],
        Event::WorkerQuieted { worker } => {
            vec![Line::info(format!("Worker {worker}: quiet, takes no jobs until SIGCONT"))]
        }
        Event::WorkerResumed { worker } => vec![Line::info(format!("Worker {worker}: takes jobs again"))],
        Event::SuspensionFound { worker, burst: false } => {
            vec![Line::info(format!("Worker {worker}: suspended, run `rq resume` to resume"))]
        }
        Event::SuspensionFound { worker, burst: true } => vec![
            Line::info(format!("Worker {worker}: suspended in burst mode, exiting")),
            Line::info(format!("Worker {worker}: note: there could still be unfinished jobs on the queue")),
        ],
        Event::ListenBegan { worker, queues } => vec![
            Line::debug(format!("Worker {worker}: *** Listening on "))
                .then(Part::Queue(queues.join(",")))
                .then(Part::Plain("...".to_owned())),
        ],
        Event::DequeueBegan { worker, queues, timeout } => {
            let timeout = timeout.map_or_else(|| "None".to_owned(), |limit| limit.as_secs().to_string());
            vec![
                Line::debug(format!("Worker {worker}: dequeueing jobs on queues "))
                    .then(Part::Queue(queues.join(",")))
                    .then(Part::Plain(format!(" and timeout {timeout}"))),
            ]
        }
        Event::RedisLost { worker, error, retry_in } => vec![Line::error(format!(
            "Worker {worker}: could not connect to Redis instance: {error} retrying in {} seconds...",
            // RQ: whole seconds; it never waits for less than one.
            if retry_in.as_secs() > 0 {
                retry_in.as_secs().to_string()
            } else {
                format!("{:.1}", retry_in.as_secs_f64())
            }
        ))],
        Event::RedisReturned { worker, away } => vec![Line::info(format!(
            "Worker {worker}: connected to Redis again after {:.1} seconds",
            away.as_secs_f64()
        ))],
        _ => return None,
    })
}

/// A worker leaves, and why.
fn leaving(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::QueuesDrained { worker } => Line::info(format!("Worker {worker}: done, quitting")),
        Event::IdleLimitReached { worker, limit } => {
            Line::info(format!("Worker {worker}: idle for {} seconds, quitting", limit.as_secs()))
        }
        Event::JobLimitReached { worker, jobs } => {
            Line::info(format!("Worker {worker}: finished executing {jobs} jobs, quitting"))
        }
        Event::StoppedOnRequest { worker } => Line::info(format!("Worker {worker}: stopping on request")),
        Event::LeftInOutage { worker } => Line::warning(format!(
            "Worker {worker}: left while Redis was away; its entry there expires, and what it had taken is found by other workers"
        )),
        Event::GroupResized { group, from, to, waiting } => {
            let group = if group.is_empty() { String::new() } else { format!(" of group {group}") };
            Line::info(format!("Workers{group}: {from} become {to}, {waiting} jobs are waiting"))
        }
        Event::WorkerFailed { worker, error, retry_in } => Line::error(format!(
            "Worker {worker}: ended by an error, replaced in {}s: {error}",
            retry_in.as_secs_f64()
        )),
        Event::LoopBroke { worker, error } => {
            Line::error(format!("Worker {worker}: found an unhandled exception, quitting..."))
                .with_appendix(error)
        }
        Event::DeathBegan { worker } => Line::debug(format!("Worker {worker}: registering death")),
        _ => return None,
    }])
}

/// A worker was told to stop, or to stop its horse.
fn signalled(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::WarmShutdownRequested { worker, pid, signal, busy } => {
            let mut lines = vec![
                Line::debug(format!("Worker {worker}: got signal {signal}")),
                Line::info(format!("Worker {worker} [PID {pid}]: warm shut down requested")),
            ];
            if *busy {
                lines.push(Line::debug(format!(
                    "Worker {worker}: stopping after current horse is finished. Press Ctrl+C again for a cold shutdown."
                )));
            }
            lines
        }
        Event::ColdShutdownRequested { worker, horse_pid } => {
            let mut lines = vec![Line::warning(format!("Worker {worker}: cold shut down"))];
            if let Some(pid) = horse_pid {
                lines.push(Line::debug(format!("Worker {worker}: taking down horse {pid} with me")));
            }
            lines
        }
        Event::HorseWarned { worker } => vec![Line::info(format!(
            "Worker {worker}: warm shut down requested, sending horse SIGRTMIN signal"
        ))],
        Event::HorseKilled { worker, pid } => {
            vec![Line::info(format!("Worker {worker}: killed horse pid {pid}"))]
        }
        Event::HorseGoneAlready { worker } => {
            vec![Line::debug(format!("Worker {worker}: horse already dead"))]
        }
        _ => return None,
    })
}

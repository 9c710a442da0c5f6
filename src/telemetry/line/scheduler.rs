//! What a scheduler says: its locks, how it comes and goes, and what it moves.

use std::time::Duration;

use super::{Line, SCHEDULER};
use crate::event::Event;
use crate::telemetry::level::Level::{self, Debug, Error, Info, Warning};

/// The lines of an event about a scheduler; `None` for any other event.
pub(super) fn lines(event: &Event) -> Option<Vec<Line>> {
    locks(event).or_else(|| life(event)).or_else(|| due(event))
}

fn line(level: Level, text: String) -> Line {
    Line::new(level, SCHEDULER, text)
}

/// RQ's words, but for the holder that is gone.
fn locks(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::SchedulerLocksWanted { queues } => {
            line(Debug, format!("Acquiring scheduler lock for {}", queues.join(", ")))
        }
        Event::SchedulerLockAcquired { queue } => line(Info, format!("Acquired scheduler lock for {queue}")),
        Event::SchedulerLockTakenOver { queue, holder } => {
            line(Warning, format!("Scheduler lock for {queue} taken over: scheduler {holder} is gone"))
        }
        Event::SchedulerLockReacquired { queue } => {
            line(Warning, format!("Scheduler lock for {queue} had expired; re-acquired"))
        }
        Event::SchedulerLocksLost { queues } => line(
            Warning,
            format!("Scheduler locks for {} were taken over by another scheduler", queues.join(", ")),
        ),
        _ => return None,
    }])
}

/// How a scheduler comes and goes.
fn life(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::SchedulerStarted { scheduler, pid, queues } => vec![
            line(Info, format!("Scheduler for {} started with PID {pid}", queues.join(", "))),
            line(Debug, format!("Scheduler {scheduler}: registering birth")),
        ],
        Event::SchedulerHeartbeatSent { queues } => {
            vec![line(Debug, format!("Scheduler sending heartbeat to {}", queues.join(", ")))]
        }
        Event::SchedulerHindered { pid, error, retry_in } => {
            let retrying = retry_in.map_or_else(String::new, retrying);
            vec![line(Error, format!("Scheduler [PID {pid}]: {error}{retrying}"))]
        }
        Event::SchedulerRecovered { pid, hindered } => {
            let seconds = hindered.as_secs_f64();
            vec![line(Info, format!("Scheduler [PID {pid}]: working again after {seconds:.1} seconds"))]
        }
        Event::SchedulerStopping { scheduler, queues } => vec![
            line(Info, format!("Scheduler stopping, releasing locks for {}...", queues.join(", "))),
            line(Debug, format!("Scheduler {scheduler}: registering death")),
        ],
        Event::SchedulerStopped { pid } => {
            vec![line(Info, format!("Scheduler with PID {pid} has stopped"))]
        }
        _ => return None,
    })
}

fn retrying(wait: Duration) -> String {
    format!(", retrying in {:.1} seconds...", wait.as_secs_f64())
}

/// What a scheduler moves. RQ says nothing of it.
fn due(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::DueJobsQueued { queue, jobs: 1 } => {
            line(Debug, format!("Queue {queue}: queued a job that was due"))
        }
        Event::DueJobsQueued { queue, jobs } => {
            line(Debug, format!("Queue {queue}: queued {jobs} jobs that were due"))
        }
        Event::DueJobPassed { queue, job } => line(
            Warning,
            format!(
                "Queue {queue}: job {job} was due, but is somewhere else already, or canceled; not queued"
            ),
        ),
        _ => return None,
    }])
}

//! What can be used as it is, but makes no sense together: told by `rq config check` and at start.

use super::Settings;
use super::resolved::Warning;
use super::section::{OnInterrupt, Queue, Strategy, Worker};

/// All that is doubtful.
pub(crate) fn doubts(settings: &Settings) -> Vec<Warning> {
    let queues = settings.queues.iter().flat_map(|(name, queue)| of_queue(name, queue));
    of_worker(&settings.worker).into_iter().chain(queues).collect()
}

fn of_worker(worker: &Worker) -> Vec<Warning> {
    let mut doubts = Vec::new();
    let mut doubt = |text: String| doubts.push(Warning(text));
    if let (Some(ttl), Some(most)) = (worker.failure_ttl, worker.max_failure_ttl)
        && exceeds(ttl, most)
    {
        doubt(format!("worker.failure_ttl of {ttl} is never reached, as worker.max_failure_ttl is {most}"));
    }
    let requeues = worker.on_interrupt == OnInterrupt::Requeue
        || worker.on_interrupt_queues.0.values().any(|policy| *policy == OnInterrupt::Requeue);
    if requeues && worker.max_interruptions == 0 {
        doubt("worker.on_interrupt = \"requeue\" has no effect, as worker.max_interruptions is 0".to_owned());
    }
    if !worker.queue_weights.is_empty() && worker.dequeue_strategy != Strategy::Weighted {
        doubt(
            "worker.queue_weights has no effect, as worker.dequeue_strategy is not \"weighted\"".to_owned(),
        );
    }
    doubts
}

fn of_queue(name: &str, queue: &Queue) -> Vec<Warning> {
    let mut doubts = Vec::new();
    let mut doubt = |text: String| doubts.push(Warning(text));
    if let (Some(timeout), Some(most)) = (queue.timeout, queue.max_timeout)
        && exceeds(timeout, most)
    {
        doubt(format!(
            "queue.{name}.timeout of {timeout} is never reached, as queue.{name}.max_timeout is {most}"
        ));
    }
    if queue.unset_timeout.is_some() && queue.timeout.is_none() {
        doubt(format!("queue.{name}.unset_timeout has no effect, as queue.{name}.timeout is not set"));
    }
    doubts
}

/// Whether a time is longer than another; -1 is the longest.
fn exceeds(seconds: i64, most: i64) -> bool {
    most >= 0 && (seconds < 0 || seconds > most)
}

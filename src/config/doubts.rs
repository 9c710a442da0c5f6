//! What can be used as it is, but makes no sense together: told by `rq config check` and at start.

use super::Settings;
use super::resolved::Warning;
use super::section::Queue;

/// All that is doubtful.
pub(crate) fn doubts(settings: &Settings) -> Vec<Warning> {
    settings.queues.iter().flat_map(|(name, queue)| of_queue(name, queue)).collect()
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

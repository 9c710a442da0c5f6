//! What nobody can do: refused by name, in RQ's words.

use super::args::WorkerArgs;
use super::exit::{Exit, Failure};
use crate::os::terminal::Stream;

/// Refuses strategies that nobody knows.
pub(super) fn refuse(args: &WorkerArgs) -> Result<(), Failure> {
    let strategy = args.work.dequeue_strategy.as_deref().unwrap_or("default");
    if ["default", "random", "round_robin", "weighted"].contains(&strategy) {
        return Ok(());
    }
    // RQ: these words, and 1 rather than 2.
    Err(Failure::verbatim(
        Exit::Failed,
        Stream::Error,
        "ERROR: Dequeue Strategy can only be one of `default`, `random` or `round_robin`.",
    ))
}

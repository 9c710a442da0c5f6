//! What RQ can do and we cannot yet: refused by name, never passed over in silence.

use clap::error::{ContextKind, ContextValue};

use super::args::WorkerArgs;
use super::exit::{Exit, Failure};
use crate::os::terminal::Stream;

/// Options whose value names a class: grammar, option, environment variable, and the values that change nothing.
const CLASSES: [(&str, &str, &str, &[&str]); 4] = [
    (
        "worker_class",
        "--worker-class",
        "RQ_WORKER_CLASS",
        &["rq.Worker", "rq.worker.Worker", "rq.worker.worker_classes.Worker"],
    ),
    ("job_class", "--job-class", "RQ_JOB_CLASS", &["rq.job.Job"]),
    ("queue_class", "--queue-class", "RQ_QUEUE_CLASS", &["rq.Queue", "rq.queue.Queue"]),
    (
        "connection_class",
        "--connection-class",
        "RQ_CONNECTION_CLASS",
        &["redis.Redis", "redis.StrictRedis", "redis.client.Redis"],
    ),
];

/// RQ's commands besides `worker`.
const COMMANDS: [&str; 7] = ["worker-pool", "info", "enqueue", "empty", "requeue", "suspend", "resume"];

/// What to say of a command of RQ's that is not supported yet, where that is why the command line was not understood.
pub(super) fn refuse_command(answer: &clap::Error) -> Option<Failure> {
    let Some(ContextValue::String(command)) = answer.get(ContextKind::InvalidSubcommand) else { return None };
    let known = COMMANDS.iter().any(|known| known == command);
    known.then(|| {
        unsupported(&format!("rq {command}"), &format!("use Python RQ's for now: python -m rq.cli {command}"))
    })
}

/// Refuses options that are not supported yet, and strategies that nobody knows.
pub(super) fn refuse(args: &WorkerArgs) -> Result<(), Failure> {
    let later = &args.later;
    if let Some(strategy) = args.work.dequeue_strategy.as_deref() {
        refuse_strategy(strategy)?;
    }
    let given = [&later.worker_class, &later.job_class, &later.queue_class, &later.connection_class];
    for ((id, option, variable, harmless), value) in CLASSES.into_iter().zip(given) {
        // RQ: a variable that is set to nothing counts as not set.
        let Some(value) = value.as_deref().filter(|value| !value.is_empty() && !harmless.contains(value))
        else {
            continue;
        };
        let (named, advice) = if later.is_from_environment(id) {
            (format!("{variable}={value} ({option}, from the environment)"), format!("unset {variable}"))
        } else {
            (format!("{option} {value}"), "remove the option".to_owned())
        };
        let default = harmless.first().copied().unwrap_or_default();
        return Err(unsupported(&named, &format!("{advice}; the default, {default}, is what works")));
    }
    Ok(())
}

/// Refuses strategies that nobody knows.
fn refuse_strategy(strategy: &str) -> Result<(), Failure> {
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

/// A known option that does nothing yet.
fn unsupported(option: &str, hint: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{option} is not supported yet")).with_hint(hint)
}

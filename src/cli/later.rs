//! What RQ can do and we cannot yet: refused by name, never passed over in silence.

use clap::error::{ContextKind, ContextValue};

use super::args::WorkerArgs;
use super::exit::{Exit, Failure};
use crate::os::terminal::Stream;

/// RQ's commands besides `worker`.
const COMMANDS: [&str; 6] = ["info", "enqueue", "empty", "requeue", "suspend", "resume"];

/// What to say of a command of RQ's that is not supported yet, where that is why the command line was not understood.
pub(super) fn refuse_command(answer: &clap::Error) -> Option<Failure> {
    let Some(ContextValue::String(command)) = answer.get(ContextKind::InvalidSubcommand) else { return None };
    if command == "top" && !cfg!(feature = "top") {
        let failure = Failure::new(Exit::Usage, "this build of rq has no terminal view");
        return Some(
            failure.with_hint("build it with the cargo feature top, or see rq status and rq job show"),
        );
    }
    let known = COMMANDS.iter().any(|known| known == command);
    known.then(|| {
        unsupported(&format!("rq {command}"), &format!("use Python RQ's for now: python -m rq.cli {command}"))
    })
}

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

/// A known option that does nothing yet.
fn unsupported(option: &str, hint: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{option} is not supported yet")).with_hint(hint)
}

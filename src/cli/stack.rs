//! `rq stack`.

use std::fmt::Write as _;
use std::time::Duration;

use super::args::StackArgs;
use super::control;
use super::exit::{Exit, Failure};
use super::output;
use super::settings_table::as_json;
use super::span::span_of;
use super::worker::{failure, sources};
use crate::supervisor::control::{DaemonStatus, Found, JobStack, Reply, Request, daemons, places};
use crate::supervisor::{self, Delivery};

/// How long an answer may take: a look at a process that is slow to answer, and the way through Redis.
const PATIENCE: Duration = Duration::from_secs(20);

/// Shows where a job is just now.
pub(super) fn run(args: &StackArgs) -> Result<Exit, Failure> {
    let here = if args.is_remote() { None } else { here(&args.of)? };
    let reply = match here {
        Some(reply) => reply,
        None => elsewhere(args)?,
    };
    match reply {
        Reply::Stack(stack) if args.json => output::print(&as_json(&stack)),
        Reply::Stack(stack) => output::print(&in_words(&stack)),
        other => return Err(Failure::new(Exit::Failed, control::done(&other, "", ""))),
    }
    Ok(Exit::Done)
}

/// Asks the daemon of this machine that has it in hand, if there is one.
fn here(of: &str) -> Result<Option<Reply>, Failure> {
    let found = daemons(&places());
    let questions = found.into_iter().map(|daemon| (daemon, Request::Status)).collect();
    for (daemon, reply) in control::ask(questions, control::STATUS_PATIENCE)? {
        if matches!(reply, Ok(Reply::Status(status)) if has(&status, of)) {
            return asked(daemon, of).map(Some);
        }
    }
    Ok(None)
}

fn asked(daemon: Found, of: &str) -> Result<Reply, Failure> {
    let question = Request::Stack { of: of.to_owned() };
    let answer =
        control::ask(vec![(daemon, question)], PATIENCE)?.pop().expect("each question has an answer");
    answer.1.map_err(|error| Failure::new(Exit::Failed, error))
}

/// Whether a daemon has that worker, or runs that job.
fn has(status: &DaemonStatus, of: &str) -> bool {
    let mut workers = status.groups.iter().flat_map(|group| &group.workers);
    workers.any(|worker| worker.name == of || worker.job.as_deref() == Some(of))
}

/// Asks through Redis.
fn elsewhere(args: &StackArgs) -> Result<Reply, Failure> {
    let sources = sources(args.sources.config(), args.sources.overrides())?;
    let told = supervisor::block_on(supervisor::look_elsewhere(sources, &args.of, PATIENCE));
    match told.map_err(|error| failure(&error))? {
        Delivery::Answered(reply) => Ok(*reply),
        Delivery::Failed(error) => Err(Failure::new(Exit::Failed, error)),
        Delivery::Heard => Err(Failure::new(Exit::Failed, "it did not answer")),
    }
}

/// A stack in words, fit for a terminal.
pub(super) fn in_words(stack: &JobStack) -> String {
    let JobStack { worker, queue, job, function, phase, elapsed, process, threads, note, .. } = stack;
    let function = function.as_deref().unwrap_or("its function is not known yet");
    let doing = if phase == "function" { String::new() } else { format!(" ({phase})") };
    let mut text = format!("job {job} of queue {queue}: {function}{doing}\n");
    let limit = match (stack.limit, stack.left) {
        (Some(limit), Some(left)) => format!("limit {}, {} left", span_of(limit), span_of(left)),
        _ => "no limit".to_owned(),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "worker {worker} for {}, {limit}", span_of(*elapsed));
    let waits = process.waits_in.as_ref().map(|place| format!(" in {place}")).unwrap_or_default();
    let _ = writeln!(
        text,
        "process {}: {}{waits}, {} of memory, {:.2}s of CPU, {} threads",
        process.pid,
        process.state,
        mebibytes(process.resident),
        process.cpu,
        process.threads
    );
    for thread in threads {
        let who = if thread.is_main { "main thread" } else { "thread" };
        let name = thread.name.as_ref().filter(|name| *name != "MainThread").map(|name| format!(" {name}"));
        let _ = writeln!(text, "\n{who}{}, the innermost call first", name.unwrap_or_default());
        for frame in &thread.frames {
            let _ = writeln!(text, "  {}:{} {}", frame.file, frame.line, frame.function);
        }
        if thread.frames.is_empty() {
            text += "  not in the job's code\n";
        }
        if thread.is_cut {
            text += "  and more\n";
        }
    }
    if let Some(note) = note {
        let _ = writeln!(text, "\n{note}");
    }
    output::safe(&text).into_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stack() -> JobStack {
        serde_json::from_value(json!({
            "worker": "w1", "queue": "high", "job": "j1", "execution": "e1", "function": "app.work\u{1b}[2J",
            "phase": "function", "elapsed": 12.4, "limit": 180.0, "left": 167.6,
            "process": {"pid": 7, "state": "sleeping", "waits_in": "do_poll", "resident": 43_000_000, "cpu": 0.31, "threads": 2},
            "threads": [
                {"name": "MainThread", "is_main": true, "frames": [
                    {"file": "app.py", "line": 3, "function": "fetch"}, {"file": "app.py", "line": 9, "function": "work"}]},
                {"name": "pool-0", "is_main": false, "frames": [], "is_cut": true},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn a_job_is_told_with_its_process_and_its_threads() {
        let expected = "\
job j1 of queue high: app.work\\x1b[2J
worker w1 for 12s, limit 3m 0s, 2m 47s left
process 7: sleeping in do_poll, 41.0 MiB of memory, 0.31s of CPU, 2 threads

main thread, the innermost call first
  app.py:3 fetch
  app.py:9 work

thread pool-0, the innermost call first
  not in the job's code
  and more
";

        assert_eq!(in_words(&stack()), expected);
    }

    #[test]
    fn what_is_missing_is_told() {
        let odd = JobStack {
            note: Some("no stack: why".to_owned()),
            limit: None,
            phase: "ending".to_owned(),
            ..stack()
        };

        let told = in_words(&odd);

        assert!(
            told.contains("(ending)") && told.contains("no limit") && told.ends_with("\nno stack: why\n"),
            "{told}"
        );
    }
}

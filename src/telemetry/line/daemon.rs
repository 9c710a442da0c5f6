//! What is said about commands, maintenance, the fork server and the configuration.

use super::{CONFIG, HORSE, LOGGING, Line, Part, REGISTRY, SENTRY};
use crate::event::Event;
use crate::telemetry::level::Level;
use crate::telemetry::python_text::datetime;

/// The lines of an event about the daemon; `None` for any other event.
pub(super) fn lines(event: &Event) -> Option<Vec<Line>> {
    let of_daemon = commanded(event).or_else(|| upkeep(event)).or_else(|| configuration(event));
    of_daemon.or_else(|| fork_server(event)).or_else(|| reports(event))
}

/// RQ: the lines of commands do not name the worker.
fn commanded(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::CommandUnreadable { worker, reason } => {
            vec![Line::warning(format!("Worker {worker}: ignored a message that is no command: {reason}"))]
        }
        Event::ShutdownCommanded { worker: _ } => {
            vec![Line::info("Received shutdown command, sending SIGINT signal.".to_owned())]
        }
        Event::KillHorseCommanded { worker: _, working } => vec![
            Line::info("Received kill horse command.".to_owned()),
            Line::info(if *working {
                "Killing horse...".to_owned()
            } else {
                "Worker is not working, kill horse command ignored".to_owned()
            }),
        ],
        Event::StopJobCommanded { worker: _, job, obeyed } => {
            let mut lines = vec![Line::debug(format!("Received command to stop job {job}"))];
            if !obeyed {
                lines.push(Line::warning(format!("Not working on job {job}, command ignored.")));
            }
            lines
        }
        Event::CommandNotMeant { worker: _, execution } => {
            vec![Line::warning(format!("Not running execution {execution}, command ignored."))]
        }
        Event::StopExecutionCommanded { worker: _, job, execution, obeyed } => {
            let mut lines =
                vec![Line::debug(format!("Received command to stop execution {execution} of job {job}"))];
            if !obeyed {
                lines.push(Line::warning(format!("Not running execution {execution}, command ignored.")));
            }
            lines
        }
        _ => return None,
    })
}

/// Cleaning up behind others.
fn upkeep(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::RegistriesCleaned { worker, queue } => {
            Line::info(format!("Worker {worker}: cleaning registries for queue: {queue}"))
        }
        Event::StrandedPutBack { queue, jobs } => Line::warning(match jobs.as_slice() {
            [job] => format!("Queue {queue}: put job {job} back, which a dead worker had left aside"),
            _ => format!(
                "Queue {queue}: put {} jobs back, which dead workers had left aside: {}",
                jobs.len(),
                jobs.join(", ")
            ),
        }),
        Event::StrandedFailed { queue, job, reason } => Line::warning(format!(
            "Queue {queue}: failed job {job}, which a dead worker had left aside: {reason}"
        )),
        Event::InterruptedPutBack { queue, job, reason } => {
            Line::warning(format!("Queue {queue}: put interrupted job {job} back: {reason}"))
        }
        Event::InterruptedFailed { queue, job, reason } => {
            Line::warning(format!("Queue {queue}: failed interrupted job {job}: {reason}"))
        }
        Event::GroupsCleaned { worker } => Line::info(format!("Worker {worker}: cleaning group registries")),
        Event::DaemonFoundGone { worker, workers, executions } => Line::warning(format!(
            "Worker {worker}: the daemon of worker {} is gone, {executions} of its jobs were cut off",
            workers.join(", ")
        )),
        Event::ChoreFailed { worker, chore, error } => {
            Line::warning(format!("Worker {worker}: maintenance could not {chore}: {error}"))
        }
        Event::AbandonedJobFailed { job, at, reason: _ } => Line::new(
            Level::Warning,
            REGISTRY,
            format!(
                "StartedJobRegistry cleanup: {job} Moved to FailedJobRegistry, due to AbandonedJobError, at {}",
                datetime(*at)
            ),
        ),
        _ => return None,
    }])
}

/// The configuration, and what became of reading it again.
fn configuration(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::Reloaded { asked_by, changes, pending, shadowed, renewed } => {
            let renewed = if *renewed { ", the application was loaded anew" } else { "" };
            let line = Line::info(format!("Configuration reloaded ({asked_by}){renewed}{}", list(changes)));
            return Some(std::iter::once(line).chain(left_out(pending, shadowed)).collect());
        }
        Event::ReloadTakenBack { failed } => Line::error(format!(
            "All {failed} jobs since the last reload have failed: the configuration of before comes back, and files are not heeded until \
             somebody asks for a reload"
        )),
        Event::ReloadChangedNothing { asked_by, pending, shadowed } => {
            let line = Line::info(format!("Configuration unchanged ({asked_by})"));
            return Some(std::iter::once(line).chain(left_out(pending, shadowed)).collect());
        }
        Event::ReloadRefused { asked_by, errors } => Line::error(format!(
            "Configuration refused ({asked_by}), everything stays as it was{}",
            list(errors)
        )),
        Event::FilesUnwatched { reason, interval } => {
            let seconds = interval.as_secs();
            let text = format!("The configuration is looked at every {seconds} seconds only: {reason}");
            Line::new(Level::Warning, CONFIG, text)
        }
        Event::PagesOpened { place } => {
            let text = format!("Metrics and health are told at {place}");
            Line::new(Level::Info, CONFIG, text)
        }
        Event::FileUnwritten { path, error } => {
            Line::new(Level::Error, CONFIG, format!("Cannot write {path}, trying again: {error}"))
        }
        Event::LogHindered { appender, lost, reason } => {
            let reason = reason.as_deref().unwrap_or("there was not time enough");
            let text = match lost {
                0 => format!("Log appender {appender}: {reason}; no line is lost so far"),
                1 => format!("Log appender {appender}: a line was lost: {reason}"),
                _ => format!("Log appender {appender}: {lost} lines were lost: {reason}"),
            };
            Line::new(Level::Warning, LOGGING, text)
        }
        Event::ConfigurationDoubted { warning } => Line::new(Level::Warning, CONFIG, warning.clone()),
        _ => return None,
    }])
}

/// The application's Python, and how it fares.
fn fork_server(event: &Event) -> Option<Vec<Line>> {
    // They are for those who count.
    if let Event::HorseForked { .. } | Event::HorseGone { .. } = event {
        return Some(Vec::new());
    }
    Some(vec![match event {
        Event::ForkServerStarted { pid, python, executable, modules, took } => Line::new(
            Level::Info,
            HORSE,
            format!(
                "Fork server started with PID {pid}: Python {} ({executable}), {modules} modules in {:.2} seconds",
                // The rest of `sys.version` tells the compiler and may have a line break in it.
                python.split_whitespace().next().unwrap_or_default(),
                took.as_secs_f64()
            ),
        ),
        Event::ForkServerLost { pid, reason } => Line::new(
            Level::Error,
            HORSE,
            format!("Fork server with PID {pid} is gone ({reason}), replacing it"),
        ),
        Event::ForkServerReplaced { lost_pid, pid } => Line::new(
            Level::Info,
            HORSE,
            format!("Fork server with PID {pid} took the place of the one with PID {lost_pid}"),
        ),
        Event::ForkServerFailed { error, traceback, retry_in } => {
            let line = Line::new(Level::Error, HORSE, format!("Fork server could not start: {error}"));
            let line = match retry_in {
                Some(wait) => line.then(Part::Plain(format!(", retrying in {} seconds...", wait.as_secs()))),
                None => line,
            };
            match traceback {
                Some(traceback) => line.with_appendix(traceback),
                None => line,
            }
        }
        Event::EngineChosen { engine, reason } => {
            Line::new(Level::Info, HORSE, format!("Jobs are run by the engine {engine}: {reason}"))
        }
        Event::PreloadThreadsFound { threads } => Line::new(
            Level::Warning,
            HORSE,
            format!(
                "Preloaded modules started {} that no work horse will have: {}",
                if threads.len() == 1 { "a thread" } else { "threads" },
                threads.join(", ")
            ),
        ),
        _ => return None,
    }])
}

/// What became of reports.
fn reports(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::ReportSent { what, outcome } => {
            Line::new(Level::Info, SENTRY, format!("Sentry: {what}: {outcome}"))
        }
        Event::ReportsLost { losses, trouble } => {
            let all: u64 = losses.iter().map(|(_, count)| count).sum();
            let told: Vec<String> = losses.iter().map(|(why, count)| format!("{count} {why}")).collect();
            let trouble = trouble.as_ref().map(|trouble| format!(" ({trouble})")).unwrap_or_default();
            let text = format!("Sentry: {all} reports were not sent: {}{trouble}", told.join(", "));
            Line::new(Level::Warning, SENTRY, text)
        }
        _ => return None,
    }])
}

/// What a reload leaves as it was, each with the reason.
fn left_out(pending: &[String], shadowed: &[String]) -> Vec<Line> {
    let pending = (!pending.is_empty())
        .then(|| Line::warning(format!("Waiting for a restart of the daemon{}", list(pending))));
    let shadowed = (!shadowed.is_empty())
        .then(|| Line::warning(format!("Changed, but something else is stronger{}", list(shadowed))));
    pending.into_iter().chain(shadowed).collect()
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() { String::new() } else { format!(": {}", texts.join("; ")) }
}

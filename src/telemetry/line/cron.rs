//! What is said about a cron scheduler.

use super::Line;
use crate::event::{CronEvent, Event};
use crate::telemetry::level::Level;
use crate::telemetry::python_text::datetime;

/// RQ: the logger of its cron scheduler.
const CRON: &str = "rq.cron";

/// The lines of an event about a cron scheduler; `None` for any other event.
pub(super) fn lines(event: &Event) -> Option<Vec<Line>> {
    let Event::Cron { scheduler, event } = event else { return None };
    let line = module(event).or_else(|| life(scheduler, event)).or_else(|| work(scheduler, event));
    Some(line.into_iter().collect())
}

fn say(level: Level, text: String) -> Line {
    Line::new(level, CRON, text)
}

/// While entries are gathered.
fn module(event: &CronEvent) -> Option<Line> {
    Some(match event {
        CronEvent::ModuleSpoke { level, message, traceback } => {
            let level = match level {
                0..=10 => Level::Debug,
                11..=20 => Level::Info,
                21..=30 => Level::Warning,
                31..=40 => Level::Error,
                41.. => Level::Critical,
            };
            let line = say(level, message.clone());
            match traceback {
                Some(traceback) => line.with_appendix(traceback),
                None => line,
            }
        }
        CronEvent::Registered { function, queue, cron: Some(cron), .. } => {
            say(Level::Info, format!("Registered '{function}' to run on {queue} with cron schedule '{cron}'"))
        }
        CronEvent::Registered { function, queue, interval, .. } => {
            let seconds = interval.unwrap_or_default().as_secs_f64();
            say(Level::Info, format!("Registered '{function}' to run on {queue} every {seconds} seconds"))
        }
        _ => return None,
    })
}

/// A scheduler's start and end.
fn life(scheduler: &str, event: &CronEvent) -> Option<Line> {
    let of = |text: &str| format!("CronScheduler {scheduler}: {text}");
    Some(match event {
        CronEvent::Started => say(Level::Info, of("starting...")),
        CronEvent::BirthBegan => say(Level::Info, of("registering birth...")),
        CronEvent::HeartbeatSent => say(Level::Debug, of("heartbeat sent successfully")),
        CronEvent::Reregistered => say(Level::Info, of("re-registered in scheduler registry")),
        CronEvent::ShutdownSignalled { signal } => {
            say(Level::Info, of(&format!("received shutdown signal {signal}")))
        }
        CronEvent::StopRequested => say(Level::Info, of("stop requested")),
        CronEvent::DeathBegan => say(Level::Info, of("registering death...")),
        CronEvent::ShutdownCompleted => say(Level::Info, of("shutdown complete")),
        CronEvent::RedisLost { error, retry_in } => {
            let wait = retry_in.as_secs_f64();
            let text =
                format!("could not connect to Redis instance: {error} retrying in {wait:.1} seconds...");
            say(Level::Error, of(&text))
        }
        CronEvent::RedisReturned { away } => {
            say(Level::Info, of(&format!("Redis is back after {:.1} seconds", away.as_secs_f64())))
        }
        _ => return None,
    })
}

/// What a scheduler does.
fn work(scheduler: &str, event: &CronEvent) -> Option<Line> {
    let of = |text: String| format!("CronScheduler {scheduler}: {text}");
    Some(match event {
        CronEvent::Enqueued { function, queue } => {
            say(Level::Info, format!("Enqueued job {function} to queue {queue}"))
        }
        CronEvent::RunsMissed { entry, last } => {
            let text =
                format!("dropped the runs of {entry} that were missed, the last at {}", datetime(*last));
            say(Level::Warning, of(text))
        }
        CronEvent::RunLeftOut { entry, job } => say(
            Level::Info,
            of(format!("left out a run of {entry}, as job {job} of the last one is not over")),
        ),
        CronEvent::RunRefused { entry, ahead } => say(
            Level::Warning,
            of(format!("did not enqueue {entry}: its time is {} s ahead of Redis' clock", ahead.as_secs())),
        ),
        CronEvent::LastRunDisbelieved { entry, last } => say(
            Level::Warning,
            of(format!(
                "the last run of {entry} is said to be at {last}, which is yet to come; going on without it"
            )),
        ),
        CronEvent::ClocksDiffer { ahead } => {
            let how = if *ahead > 0 { "ahead of" } else { "behind" };
            let text = format!("Redis' clock, which counts, is {} s {how} this machine's", ahead.abs());
            say(Level::Warning, of(text))
        }
        CronEvent::Exhausted { entry } => {
            say(Level::Warning, of(format!("{entry} is never due again within fifty years")))
        }
        CronEvent::Slept { span } => {
            say(Level::Debug, format!("Sleeping for {} seconds...", span.as_secs_f64()))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn text(event: CronEvent) -> String {
        let lines = lines(&Event::Cron { scheduler: "h:1:ab".to_owned(), event }).unwrap();
        assert_eq!(lines.len(), 1);
        format!("{} {} {}", lines[0].level, lines[0].logger, lines[0].message(false))
    }

    #[test]
    fn rqs_facts_have_rqs_words() {
        let registered = |cron: Option<&str>, seconds: Option<u64>| CronEvent::Registered {
            function: "tasks.add".to_owned(),
            queue: "default".to_owned(),
            cron: cron.map(str::to_owned),
            interval: seconds.map(Duration::from_secs),
        };
        let cases = [
            (CronEvent::Started, "INFO rq.cron CronScheduler h:1:ab: starting..."),
            (
                CronEvent::ShutdownSignalled { signal: 15 },
                "INFO rq.cron CronScheduler h:1:ab: received shutdown signal 15",
            ),
            (
                registered(None, Some(2)),
                "INFO rq.cron Registered 'tasks.add' to run on default every 2 seconds",
            ),
            (
                registered(Some("* * * * *"), None),
                "INFO rq.cron Registered 'tasks.add' to run on default with cron schedule '* * * * *'",
            ),
            (
                CronEvent::Enqueued { function: "add".to_owned(), queue: "default".to_owned() },
                "INFO rq.cron Enqueued job add to queue default",
            ),
            (
                CronEvent::ModuleSpoke { level: 40, message: "Failed".to_owned(), traceback: None },
                "ERROR rq.cron Failed",
            ),
        ];
        for (event, expected) in cases {
            assert_eq!(text(event), expected);
        }
    }
}

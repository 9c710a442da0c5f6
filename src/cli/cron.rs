//! `rq cron`.

use std::fmt::Write as _;

use super::args::CronArgs;
use super::exit::{Exit, Failure};
use super::output;
use super::worker::{failure, open_log, sources};
use crate::horse::StartError;
use crate::supervisor::{self, SupervisorError, Upcoming};

/// Enqueues what is due until a signal comes, or tells when that will be.
pub(super) fn run(args: &CronArgs) -> Result<Exit, Failure> {
    let sources = sources(args.sources.config(), args.overrides())?;
    let module = args.config_path.as_deref();
    if let Some(count) = args.list {
        let times = supervisor::cron_times(sources, module, usize::from(count));
        let times = times.map_err(|error| cron_failure(&error))?;
        output::print(&if args.json { as_json(&times) } else { in_words(&times) });
        return Ok(Exit::Done);
    }
    supervisor::run_cron(sources, module, open_log).map_err(|error| cron_failure(&error))?;
    Ok(Exit::Done)
}

/// RQ: a module that cannot be loaded ends the command with 1 and the traceback.
fn cron_failure(error: &SupervisorError) -> Failure {
    match error {
        SupervisorError::NothingToEnqueue => Failure::of(Exit::Usage, error).with_hint(
            "name a cron module, rq cron CONFIG_PATH, or write [cron.NAME] tables and name their file by -c",
        ),
        SupervisorError::Application(StartError::Refused(refused)) if refused.stage == "rq" => Failure::of(
            Exit::Failed,
            error,
        )
        .with_hint(
            "install rq for that interpreter, name another by --python, or write [cron.NAME] tables instead",
        ),
        SupervisorError::Application(StartError::Refused(refused)) if refused.stage == "cron" => {
            Failure::of(Exit::Failed, error).with_detail(&refused.traceback)
        }
        error => failure(error),
    }
}

fn as_json(times: &[Upcoming]) -> String {
    // Texts and numbers always have a JSON form.
    serde_json::to_string_pretty(times).expect("plain data has a JSON form") + "\n"
}

fn in_words(times: &[Upcoming]) -> String {
    let mut text = String::new();
    for entry in times {
        let when = match (&entry.cron, entry.interval) {
            (Some(cron), _) => format!("{cron} ({})", entry.time_zone.as_deref().unwrap_or("local")),
            (None, interval) => {
                format!("every {} seconds, from the last run on", interval.unwrap_or_default())
            }
        };
        let head = format!("{}: {} on {}, {when}", entry.name, entry.function, entry.queue);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", output::safe(&head));
        for time in &entry.next {
            let _ = writeln!(text, "  {time}");
        }
        if entry.next.is_empty() {
            let _ = writeln!(text, "  never within fifty years");
        }
    }
    text
}

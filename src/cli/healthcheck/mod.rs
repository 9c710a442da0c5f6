//! `rq healthcheck`: for probes. It reads no configuration and starts nothing.

mod page;

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::args::HealthcheckArgs;
use super::control;
use super::exit::{Exit, Failure};
use super::output;
use super::settings_table::as_json;
use crate::supervisor::control::{Reply, Request, daemons, places};
use crate::supervisor::health::Health;
use crate::supervisor::outlook::Heartbeat;

/// How a daemon is.
#[derive(Debug, Serialize)]
struct Judged {
    /// The process, where it is known.
    pid: Option<u32>,
    #[serde(flatten)]
    health: Health,
}

impl Judged {
    fn hung(pid: Option<u32>, reason: impl Into<String>) -> Self {
        Self { pid, health: Health::hung(reason.into()) }
    }
}

/// Tells whether daemons are well, in a line for each and by the exit code.
pub(super) fn run(args: &HealthcheckArgs) -> Result<Exit, Failure> {
    let patience = Duration::from_secs_f64(args.timeout);
    let judged = match (&args.url, &args.file) {
        (Some(url), _) => vec![page::ask(url, args.live, patience)?],
        (None, Some(path)) => vec![match Heartbeat::read(path) {
            Ok(beat) => Judged { pid: Some(beat.pid), health: beat.judged(SystemTime::now()) },
            Err(error) => Judged::hung(None, format!("cannot read {}: {error}", path.display())),
        }],
        (None, None) => asked(args, patience)?,
    };
    let is_good = |judged: &Judged| if args.live { judged.health.live } else { judged.health.ready };
    if args.json {
        output::print(&as_json(&judged));
    } else {
        let lines = judged.iter().map(|judged| line(judged, args.live));
        output::print(&lines.collect::<String>());
    }
    Ok(if judged.iter().all(is_good) { Exit::Done } else { Exit::Failed })
}

/// Asks the daemons of this machine by their sockets.
fn asked(args: &HealthcheckArgs, patience: Duration) -> Result<Vec<Judged>, Failure> {
    let is_meant = |pid: u32| args.pids.is_empty() || args.pids.contains(&pid);
    let found: Vec<_> = daemons(&places()).into_iter().filter(|daemon| is_meant(daemon.pid)).collect();
    let missing = args.pids.iter().filter(|pid| !found.iter().any(|daemon| daemon.pid == **pid));
    let mut judged: Vec<Judged> =
        missing.map(|pid| Judged::hung(Some(*pid), "there is no such daemon")).collect();
    if found.is_empty() && args.pids.is_empty() {
        judged.push(Judged::hung(None, "no rq daemon runs here (of this user)"));
    }
    let questions = found.into_iter().map(|daemon| (daemon, Request::Health)).collect();
    for (daemon, reply) in control::ask(questions, patience)? {
        let pid = Some(daemon.pid);
        judged.push(match reply {
            Ok(Reply::Health(health)) => Judged { pid, health },
            // One that answers lives, whatever it says.
            Ok(Reply::Refused { error }) => {
                Judged { pid, health: Health { live: true, ready: false, reasons: vec![error] } }
            }
            Err(error) => Judged::hung(pid, error),
            Ok(
                Reply::Status(_)
                | Reply::Reload(_)
                | Reply::Done { .. }
                | Reply::Configuration { .. }
                | Reply::Stack(_),
            ) => Judged::hung(pid, "it answered something else"),
        });
    }
    Ok(judged)
}

fn line(judged: &Judged, of_life: bool) -> String {
    let who = judged.pid.map(|pid| format!("daemon {pid}: ")).unwrap_or_default();
    let words = match &judged.health {
        Health { live: true, .. } if of_life => "live".to_owned(),
        health => health.in_words(),
    };
    let line = output::safe(&format!("{who}{words}")).replace('\n', " ");
    line + "\n"
}

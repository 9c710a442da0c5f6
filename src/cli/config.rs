//! `rq config check` and `rq config show`.

use super::args::{CheckArgs, Daemon, Generated, ShowArgs, SourceArgs};
use super::control as asking;
use super::exit::{Exit, Failure};
use super::output;
use super::settings_table::{self, CheckReport, Problem, ShownSetting};
use super::worker::{failure, sources};
use crate::config::{self, Effective, Origin, Resolved, Shadowed};
use crate::supervisor::control::{self, Reply, Request, Setting};
use crate::supervisor::{self, Purpose, Tried};
use crate::telemetry::metrics;

/// Tells whether the configuration is good, and all that is wrong with it.
pub(super) fn check(args: &CheckArgs) -> Exit {
    let checked = if args.connect {
        tried(&args.config.sources)
    } else {
        resolved(&args.config.sources, Purpose::Check).map(|resolved| (good(&resolved), Exit::Done))
    };
    let (report, exit) = checked.unwrap_or_else(|failure| (bad(&failure), failure.exit()));
    settings_table::check(&report, args.config.json);
    exit
}

/// What is found by doing what a start would do.
fn tried(args: &SourceArgs) -> Result<(CheckReport, Exit), Failure> {
    let sources = sources(args.config(), args.overrides())?;
    let tried = supervisor::block_on(supervisor::try_out(sources)).map_err(|error| failure(&error))?;
    let Tried { resolved, works, failures, doubts } = tried;
    let mut report = good(&resolved);
    report.works = works;
    report.warnings.extend(doubts);
    let mut exit = Exit::Done;
    for (error, about) in &failures {
        let failure = failure(error);
        // A server that refuses us is a matter of the configuration; one that is away may come back.
        let away = failure.exit() == Exit::Unavailable && matches!(exit, Exit::Done | Exit::Unavailable);
        exit = if away { Exit::Unavailable } else { Exit::Config };
        report
            .errors
            .extend(failure.problems().into_iter().map(|told| Problem::about(told, about.as_deref())));
    }
    Ok((report, exit))
}

/// Shows every setting in force.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let settings = match args.running {
        Some(daemon) => running(daemon)?,
        None => resolved(&args.config.sources, Purpose::Look)?.origins.iter().map(shown).collect(),
    };
    settings_table::show(&settings, args.config.json);
    Ok(Exit::Done)
}

/// The settings in force in a daemon that runs.
fn running(daemon: Daemon) -> Result<Vec<ShownSetting>, Failure> {
    let mut found = control::daemons(&control::places());
    found.retain(|found| daemon == Daemon::Only || daemon == Daemon::Pid(found.pid));
    let daemon = match found.len() {
        0 => return Err(asking::nobody()),
        1 => found.remove(0),
        _ => {
            let numbers: Vec<String> = found.iter().map(|daemon| daemon.pid.to_string()).collect();
            return Err(Failure::new(Exit::Usage, "several daemons run here")
                .with_hint(format!("name one: --running=PID of {}", numbers.join(", "))));
        }
    };
    let answers = asking::ask(vec![(daemon, Request::Configuration)], asking::STATUS_PATIENCE)?;
    match answers.into_iter().next() {
        Some((_, Ok(Reply::Configuration { settings, .. }))) => Ok(settings.into_iter().map(told).collect()),
        Some((_, Err(error))) => Err(Failure::new(Exit::Failed, error)),
        Some((_, Ok(_))) | None => Err(Failure::new(Exit::Failed, "the daemon answered something else")),
    }
}

fn told(setting: Setting) -> ShownSetting {
    let Setting { key, value, origin, shadows } = setting;
    ShownSetting { key, value, origin, shadows }
}

/// Prints a text that is made from the definitions of the settings.
pub(super) fn generate(text: Generated) -> Exit {
    output::print(&match text {
        Generated::RqToml => config::rq_toml(),
        Generated::Reference => config::reference(),
        Generated::Schema => format!("{:#}\n", config::schema()),
        Generated::Metrics => metrics::reference(),
    });
    Exit::Done
}

pub(super) fn resolved(args: &SourceArgs, purpose: Purpose) -> Result<Resolved, Failure> {
    let sources = sources(args.config(), args.overrides())?;
    let loaded = supervisor::block_on(supervisor::load_settings(sources, purpose));
    loaded.map(|loaded| loaded.resolved).map_err(|error| failure(&error))
}

fn good(resolved: &Resolved) -> CheckReport {
    let mut sources: Vec<String> = Vec::new();
    for effective in &resolved.origins {
        let origin = source(&effective.origin);
        if effective.origin != Origin::Default && !sources.contains(&origin) {
            sources.push(origin);
        }
    }
    let mut warnings = supervisor::doubts(resolved);
    warnings.extend(supervisor::doubt_interpreter(resolved));
    CheckReport { sources, warnings, ..CheckReport::default() }
}

fn bad(failure: &Failure) -> CheckReport {
    let errors = failure.problems().into_iter().map(Problem::of).collect();
    CheckReport { errors, ..CheckReport::default() }
}

fn shown(effective: &Effective) -> ShownSetting {
    ShownSetting {
        key: effective.key.to_owned(),
        value: effective.value.clone(),
        origin: effective.origin.to_string(),
        shadows: effective.shadowed.iter().map(shadow).collect(),
    }
}

pub(super) fn shadow(shadowed: &Shadowed) -> String {
    format!("{} from {}", shadowed.value, shadowed.origin)
}

/// An origin without the line in it.
fn source(origin: &Origin) -> String {
    match origin {
        Origin::File { path, .. } => path.display().to_string(),
        other => other.to_string(),
    }
}

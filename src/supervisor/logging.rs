//! What settings want of the log.

use std::path::Path;

use crate::config::{Appender, AppenderKind, DictConfig, Origin, Problem, Resolved};
use crate::os::terminal::Stream;
use crate::telemetry::LoggingOptions;

/// The options of the log.
pub(crate) fn options(resolved: &Resolved) -> LoggingOptions {
    let settings = &resolved.settings;
    // RQ: INFO that nobody asked for shows less than INFO that somebody did.
    let asked = resolved.origin("logging.level").is_some_and(|origin| *origin != Origin::Default);
    LoggingOptions {
        level: asked.then(|| settings.logging.level.into()),
        format: settings.logging.format.clone(),
        date_format: settings.logging.date_format.clone(),
        describe_jobs: settings.worker.describe_jobs,
        arguments: settings.logging.arguments,
        colour: Stream::Out.wants_colour(),
        appenders: settings.appenders.clone(),
        dict_config: settings.logging.dict_config.as_ref().map(|config| match config {
            DictConfig::Given(table) | DictConfig::InModule(table) => table.clone(),
        }),
    }
}

/// What cannot be used of it: formats, and files whose folder is not there.
pub(super) fn problems(resolved: &Resolved) -> Vec<Problem> {
    let misformed = options(resolved).misformed().into_iter();
    let misformed = misformed.map(|misformed| resolved.problem(&misformed.key, misformed.error.to_string()));
    let homeless =
        resolved.settings.appenders.iter().filter_map(|(name, table)| homeless(resolved, name, table));
    misformed.chain(homeless).collect()
}

fn homeless(resolved: &Resolved, name: &str, table: &Appender) -> Option<Problem> {
    let is_file = matches!(table.kind, Some(AppenderKind::File | AppenderKind::Rolling));
    let path = table.path.as_ref().filter(|_| is_file)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let problem = |text| resolved.problem(&format!("logging.appender.{name}.path"), text);
    if path.is_dir() {
        return Some(problem(format!("{} is a folder", path.display())).hint("name a file in it"));
    }
    let text = format!("there is no folder {}", folder.display());
    let hint = "make it, and give it to the user of the daemon; systemd does so by LogsDirectory=";
    (!folder.is_dir()).then(|| problem(text).hint(hint))
}

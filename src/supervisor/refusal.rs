//! Where a setting stands that the fork server refused, and where in the application's files it went wrong.

use std::path::PathBuf;

use super::SupervisorError;
use crate::config::{Origin, Resolved};
use crate::horse::StartError;

/// What the fork server refused, with the setting that asked for it where somebody gave one.
pub(super) fn attributed(resolved: &Resolved, error: StartError) -> SupervisorError {
    let StartError::Refused(refused) = &error else { return error.into() };
    let Some(key) = key(&refused.stage, &refused.what) else { return error.into() };
    let key = resolved.own_key(key);
    match resolved.origin(&key).filter(|origin| **origin != Origin::Default) {
        Some(origin) => SupervisorError::Setting { given: format!("{key} from {origin}"), error },
        None => error.into(),
    }
}

/// The setting behind a stage of the preparation.
fn key<'a>(stage: &str, what: &'a str) -> Option<&'a str> {
    match stage {
        "preload" => Some("horse.preload"),
        "serializer" => Some("worker.serializer"),
        "worker_class" => Some("worker.class"),
        "job_class" => Some("worker.job_class"),
        "queue_class" => Some("worker.queue_class"),
        "connection_class" => Some("worker.connection_class"),
        "engine" => Some("horse.engine"),
        "exception_handler" => Some("worker.exception_handlers"),
        "dict_config" => Some("logging.dict_config"),
        // It is told as `horse.setup = app.connect`.
        "hook" | "ground" | "limit" => what.split(' ').next(),
        _ => None,
    }
}

/// The places in files that the traceback of a refusal tells, the outermost first.
pub(super) fn places(error: &SupervisorError) -> Vec<(PathBuf, u32)> {
    match error {
        SupervisorError::Application(StartError::Refused(refused))
        | SupervisorError::Setting { error: StartError::Refused(refused), .. } => {
            refused.traceback.lines().filter_map(place).filter(|(file, _)| file.is_absolute()).collect()
        }
        _ => Vec::new(),
    }
}

/// Reads `File "/srv/app.py", line 3, in <module>`.
fn place(line: &str) -> Option<(PathBuf, u32)> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let number = rest.split(',').next()?;
    Some((file.into(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_the_line_of_a_traceback() {
        let table = [
            ("  File \"/srv/app.py\", line 3, in <module>", Some(("/srv/app.py", 3))),
            ("  File \"/srv/a b.py\", line 12", Some(("/srv/a b.py", 12))),
            ("    raise RuntimeError(\"File\")", None),
            ("  File \"/srv/app.py\"", None),
        ];

        for (line, expected) in table {
            assert_eq!(place(line), expected.map(|(file, line)| (PathBuf::from(file), line)), "{line}");
        }
    }
}

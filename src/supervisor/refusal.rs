//! Where a setting stands that the fork server refused.

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

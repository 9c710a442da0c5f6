//! Names that one might type, for shells that complete them.

use super::settling::{Purpose, load_settings};
use super::{SupervisorError, address};
use crate::config::Sources;
use crate::worker::WorkError;

/// In whose name Redis is asked.
const NAME: &str = "rq";

/// What has a name in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Queue,
    Worker,
}

/// The names in the Redis that the sources name, so many at most. It is asked once.
pub(crate) async fn names_in_redis(
    sources: Sources,
    kind: Named,
    most: usize,
) -> Result<Vec<String>, SupervisorError> {
    let resolved = load_settings(sources, Purpose::Look).await?.resolved;
    let store = address::store(&resolved, address::of(&resolved)?, NAME);
    let names = match kind {
        Named::Queue => store.some_queues(most).await,
        Named::Worker => {
            let names = store.worker_names().await;
            names.map(|names| names.iter().take(most).map(ToString::to_string).collect())
        }
    };
    Ok(names.map_err(WorkError::from)?)
}

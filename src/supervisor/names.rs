//! Names that one might type, for shells that complete them.

use super::settling::{Purpose, load_settings};
use super::{SupervisorError, address};
use crate::config::Sources;
use crate::job::QueueName;
use crate::store::Standing;
use crate::worker::WorkError;

/// In whose name Redis is asked.
const NAME: &str = "rq";

/// What has a name in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Queue,
    Worker,
    /// The newest jobs that stand so, of one queue or of any.
    Job {
        standings: &'static [Standing],
        queue: Option<String>,
    },
}

/// The names in the Redis that the sources name, so many at most. It is asked once or twice.
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
        Named::Job { standings, queue } => {
            let queues = match queue {
                Some(queue) => vec![queue],
                None => store.some_queues(most).await.map_err(WorkError::from)?,
            };
            store.newest(&queues.into_iter().map(QueueName::new).collect::<Vec<_>>(), standings, most).await
        }
    };
    Ok(names.map_err(WorkError::from)?)
}

//! Looking at what stands in Redis, for commands that start nothing.

use std::time::Duration;

use serde_json::Value;

use super::SupervisorError;
use super::address;
use super::loaded::application;
use super::redis::Patience;
use super::refusal::attributed;
use super::settling::{Purpose, Settled, load_settings};
use crate::config::Sources;
use crate::horse::{Opened, Wanted};
use crate::store::{Store, StoreError, Story};
use crate::worker::WorkError;

/// In whose name Redis is asked.
const NAME: &str = "rq";

/// How long the project's code may take to decode a job.
const DECODING: Duration = Duration::from_secs(30);

/// A Redis that was reached, and the settings that led there.
pub(crate) struct Looking {
    settled: Settled,
    store: Store,
}

/// Reaches the Redis that the sources name.
pub(crate) async fn look(sources: Sources) -> Result<Looking, SupervisorError> {
    let settled = load_settings(sources, Purpose::Look).await?;
    let store = address::store(&settled.resolved, address::of(&settled.resolved)?, NAME);
    Patience { worker: NAME, limit: Duration::ZERO }.reach(&store).await?;
    Ok(Looking { settled, store })
}

impl Looking {
    /// What is in that Redis.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The story of a job, without values of more than `most` bytes.
    pub(crate) async fn story(&self, id: &str, most: u64) -> Result<Option<Story>, SupervisorError> {
        let story: Result<_, StoreError> = self.store.story(id, most).await;
        Ok(story.map_err(WorkError::from)?)
    }

    /// What the project's Python makes of the values in a story. This runs the project's code.
    pub(crate) async fn decode(mut self, story: &Story) -> Result<Value, SupervisorError> {
        let resolved = &self.settled.resolved;
        let mut application = application(resolved, Purpose::Tell)?;
        application.key_prefix.clone_from(&resolved.settings.redis.key_prefix);
        application.serializer.clone_from(&resolved.settings.worker.serializer);
        let opened = match self.settled.opened.take() {
            Some(opened) => Ok(opened),
            None => Opened::open(&application, self.settled.leash.end()).await,
        };
        let mut opened = opened.map_err(|error| attributed(resolved, error))?;
        let decoded = opened.decode(&wanted(story), &application, DECODING).await;
        decoded.map_err(|error| attributed(resolved, error))
    }
}

/// The values that somebody has serialized. Those that are not there whole cannot be decoded.
fn wanted(story: &Story) -> Wanted<'_> {
    let field = |name: &str| story.fields.get(name).map(|bytes| (name.to_owned(), bytes.as_slice()));
    let of_job = ["data", "meta", "result"].into_iter().filter_map(field);
    let results = story.results.iter().filter(|entry| entry.is_whole("return_value")).filter_map(|entry| {
        let bytes = entry.fields.get("return_value")?;
        Some((format!("result {}", entry.id), bytes.as_slice()))
    });
    of_job.chain(results).collect()
}

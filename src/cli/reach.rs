//! Reaching Redis for a command that acts at once and ends.

use super::args::SourceArgs;
use super::args::settings::Override;
use super::exit::Failure;
use super::worker::{failure, sources};
use crate::store::{Store, StoreError};
use crate::supervisor::{self, Looking};
use crate::worker::WorkError;

/// Does something in the Redis that the options and settings name.
pub(super) fn at_redis<T>(
    args: &SourceArgs,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    at_redis_with(args, args.overrides(), async |looking| work(looking.store()).await)
}

/// The same for a command whose options override more than where Redis is.
pub(super) fn at_redis_with<T>(
    args: &SourceArgs,
    overrides: Vec<Override>,
    work: impl AsyncFnOnce(&Looking) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let sources = sources(args.config(), overrides)?;
    let done = supervisor::block_on(async {
        let looking = supervisor::look(sources).await?;
        Ok(work(&looking).await.map_err(WorkError::from)?)
    });
    done.map_err(|error| failure(&error))
}

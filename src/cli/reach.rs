//! Reaching Redis for a command that acts at once and ends.

use super::args::SourceArgs;
use super::exit::Failure;
use super::worker::{failure, sources};
use crate::store::{Store, StoreError};
use crate::supervisor;
use crate::worker::WorkError;

/// Does something in the Redis that the options and settings name.
pub(super) fn at_redis<T>(
    args: &SourceArgs,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let sources = sources(args.config(), args.overrides())?;
    let done = supervisor::block_on(async {
        let looking = supervisor::look(sources).await?;
        Ok(work(looking.store()).await.map_err(WorkError::from)?)
    });
    done.map_err(|error| failure(&error))
}

//! The client's end of the socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::message::{Reply, Request};
use super::wire::{self, LONGEST_REPLY};

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum ControlError {
    /// Nobody is there, or it is not for this user to ask.
    #[error("cannot ask the daemon at {0}")]
    Unreachable(PathBuf, #[source] io::Error),
    #[error("the daemon at {0} did not answer within {seconds}s", seconds = .1.as_secs_f64())]
    Silent(PathBuf, Duration),
    /// It ended in between.
    #[error("the daemon at {0} broke off")]
    Closed(PathBuf),
    /// An answer that this release does not understand.
    #[error("cannot understand the daemon at {0}: {1}")]
    Unreadable(PathBuf, String),
}

/// Asks the daemon that listens at a path.
pub(crate) async fn ask(path: &Path, request: &Request, patience: Duration) -> Result<Reply, ControlError> {
    let answer = timeout(patience, exchange(path, request)).await;
    answer.unwrap_or_else(|_| Err(ControlError::Silent(path.to_owned(), patience)))
}

async fn exchange(path: &Path, request: &Request) -> Result<Reply, ControlError> {
    let unreachable = |error| ControlError::Unreachable(path.to_owned(), error);
    let mut daemon = BufReader::new(UnixStream::connect(path).await.map_err(unreachable)?);
    // One that has no place for us closes at once; what it says first counts.
    let sent = daemon.write_all(&wire::line(request)).await;
    match wire::read_line(&mut daemon, LONGEST_REPLY).await {
        Ok(Some(line)) => {
            wire::parse(&line).map_err(|error| ControlError::Unreadable(path.to_owned(), error))
        }
        Ok(None) => Err(sent.err().map_or_else(|| ControlError::Closed(path.to_owned()), unreachable)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(ControlError::Unreadable(path.to_owned(), error.to_string()))
        }
        Err(error) => Err(unreachable(error)),
    }
}

//! The log records of a horse's jobs, each a message.

use std::future::pending;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};

use serde::Deserialize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os;

/// The largest message; what is cut off of a larger one makes it unreadable.
const LARGEST: usize = 64 << 10;

/// A log record, by a horse's word.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    /// Whose it is; none of a thread that some earlier job left behind.
    pub(super) execution: Option<String>,
    /// Python's number, 50 at most.
    pub(super) level: u8,
    pub(super) logger: String,
    #[serde(rename = "message")]
    pub(super) text: String,
    pub(super) traceback: Option<String>,
    /// Unix seconds.
    pub(super) created: Option<f64>,
    /// The job has written it to its standard error, too.
    pub(super) shown: bool,
    /// It would have done so, did nobody hear it.
    pub(super) unprinted: bool,
    /// How many records of this execution got lost so far.
    pub(super) lost: u64,
}

/// What was taken off the socket.
#[derive(Debug)]
pub(super) enum Taken {
    Message(Box<Message>),
    /// Something that is no record.
    Junk,
    /// Nothing, for now or for ever.
    Nothing,
}

/// The socket that they come over.
#[derive(Debug)]
pub(super) struct Messages {
    /// Nothing when there is nobody at the other end.
    socket: Option<AsyncFd<OwnedFd>>,
}

impl Messages {
    pub(super) fn new(socket: OwnedFd) -> Self {
        // Where it cannot be waited for, the job's records find no room after a while, and are counted there.
        Self { socket: os::watch(socket).ok() }
    }

    /// Waits until there is something to take.
    pub(super) async fn ready(&self) {
        match &self.socket {
            // It stays ready until taking finds nothing.
            Some(socket) => drop(socket.readable().await),
            None => pending().await,
        }
    }

    /// The next one, without waiting.
    pub(super) fn take(&mut self) -> Taken {
        let Some(socket) = &self.socket else { return Taken::Nothing };
        match os::receive_message(socket.as_fd(), LARGEST) {
            Ok(message) if message.is_empty() => self.socket = None,
            Ok(message) => return serde_json::from_slice(&message).map_or(Taken::Junk, Taken::Message),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => now_empty(socket),
            Err(_) => self.socket = None,
        }
        Taken::Nothing
    }
}

/// Notes that nothing is there, so that the next wait is one. What has come meanwhile wakes it.
///
/// Reading does not go by what was noted, because at the end of a job what has arrived may not be noted yet.
pub(super) fn now_empty<T: AsRawFd>(source: &AsyncFd<T>) {
    let _ = source.try_io(Interest::READABLE, |_| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
}

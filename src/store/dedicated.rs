//! A connection for commands that block.

use std::time::Duration;

use redis::Value;

use super::error::{self, StoreError};
use super::link::{self, Link};
use super::tap;

/// A connection that one task waits on. Dropping it closes the socket, so the server stops waiting, too.
pub(crate) struct Dedicated {
    link: Option<Link>,
    label: String,
    /// How late an answer may come; never short, because servers look at their clocks ten times a second.
    margin: Duration,
    id: Option<i64>,
}

impl Dedicated {
    pub(super) fn new(link: Link, label: String, margin: Duration) -> Self {
        Self { id: link.id, link: Some(link), label, margin }
    }

    /// The connection's `CLIENT ID`, for `Client::unblock`; `None` when the server does not let us ask.
    pub(crate) fn id(&self) -> Option<i64> {
        self.id
    }

    /// Whether a new one must be opened.
    pub(crate) fn is_closed(&self) -> bool {
        self.link.as_ref().is_none_or(Link::is_closed)
    }

    /// Waits up to `seconds` (0: without end) for an element of `source` and moves it from its head to the tail
    /// of `destination`. `None` when the time is over or someone unblocked us.
    ///
    /// After an error, or when the future was dropped, an element may have moved without our hearing.
    pub(crate) async fn blmove(
        &mut self,
        source: &str,
        destination: &str,
        seconds: f64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut command = redis::cmd("BLMOVE");
        command.arg(source).arg(destination).arg("LEFT").arg("RIGHT").arg(seconds);
        let limit = (seconds > 0.0).then(|| self.margin + Duration::from_secs_f64(seconds));
        match self.run(&command, limit).await? {
            Value::Nil => Ok(None),
            Value::BulkString(element) => Ok(Some(element)),
            _ => Err(StoreError::unexpected(&self.label, "BLMOVE gave no element")),
        }
    }

    /// Sends one command and waits for its answer, without end when there is no limit.
    pub(crate) async fn run(
        &mut self,
        command: &redis::Cmd,
        limit: Option<Duration>,
    ) -> Result<Value, StoreError> {
        // Taken out while it waits: when this future is dropped the connection closes, since an answer that
        // nobody hears must not be taken for the next command's.
        let Some(mut link) = self.link.take() else {
            let cause =
                std::io::Error::new(std::io::ErrorKind::NotConnected, "the connection was lost before");
            return Err(StoreError::sort(&self.label, cause.into()));
        };
        let answer = link.connection.send_packed_command(command);
        let answer = match limit {
            Some(limit) => tokio::time::timeout(limit, answer)
                .await
                .unwrap_or_else(|_| Err(link::timed_out("no answer", limit))),
            None => answer.await,
        };
        let answer = answer.and_then(Value::extract_error);
        if !answer.as_ref().is_err_and(error::breaks_connection) {
            self.link = Some(link);
        }
        answer.map_err(|cause| tap::told(StoreError::sort(&self.label, cause)))
    }
}

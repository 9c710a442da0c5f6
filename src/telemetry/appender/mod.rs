//! Where lines go: each place has a thread of its own, which alone writes there.
//!
//! The threads of the workers hand bytes to a bounded channel and go on. What does not fit is counted as lost; so is what the
//! thread has to give up.

mod buffer;
mod compress;
mod console;
mod definition;
mod file;
mod journald;
mod period;
mod rolling;
mod shelf;
mod syslog;
mod tally;
mod thread;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

pub(crate) use console::Streams;
pub(crate) use definition::{Definition, Misformed, Outlet, Place};
pub(crate) use file::FilePlan;
pub(crate) use period::Every;
pub(crate) use syslog::Address as SyslogAddress;
use tally::{Losses, Tally};

use super::emit;
use crate::event::Event;
use crate::os::terminal::Stream;

/// How many lines may wait for one appender.
const LINES: usize = 10_000;
/// How many bytes the lines may have that wait for one appender.
const BYTES: usize = 16 << 20;
/// What a thread needs: the files of time zones are read there.
const STACK: usize = 1 << 20;
/// How long an appender that is no longer wanted may take to write what it has.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// What is handed to an appender's thread.
#[derive(Debug, Clone)]
enum Message {
    /// A line that is ready to be written.
    Piece(Piece),
    /// There is something to heed beside the channel.
    Nudge,
}

/// A line that is ready to be written.
#[derive(Debug, Clone)]
struct Piece {
    bytes: Arc<[u8]>,
    /// Of a console, the stream.
    stream: Stream,
}

/// Why something could not be written.
#[derive(Debug)]
struct Trouble {
    reason: String,
    /// Whether it may be possible later.
    passes: bool,
}

impl Trouble {
    /// Trouble that may pass, while doing something.
    fn passing(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        Self { reason: format!("{what}: {error}"), passes: true }
    }
}

/// What writes to a place; it lives in the appender's thread.
trait Sink: Send {
    /// Takes a line, and may keep it until `flush`. One that is refused is not kept.
    fn take(&mut self, piece: &Piece) -> Result<(), Trouble>;

    /// Writes all that was kept.
    fn flush(&mut self) -> Result<(), Trouble> {
        Ok(())
    }

    /// Opens anew what has a name.
    fn reopen(&mut self) {}

    /// What went wrong and cost no line; asked once.
    fn complaint(&mut self) -> Option<String> {
        None
    }

    /// Gives up what was kept; returns how many lines that is.
    fn forget(&mut self) -> u64 {
        0
    }
}

/// A place that lines can be handed to.
#[derive(Debug)]
pub(crate) struct Appender {
    place: Place,
    messages: Option<SyncSender<Message>>,
    tally: Arc<Tally>,
}

impl Appender {
    /// Starts the thread for a place. `before` held the same name: what it has is written first, within the limit.
    pub(crate) fn start(name: &str, place: Place, before: Option<Self>) -> Self {
        let (messages, received) = sync_channel(LINES);
        let tally = Arc::new(Tally::new(name));
        let sink = place.sink();
        // A name from DICT_CONFIG may have anything in it, and that of a thread may not.
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let (own, named) = (Arc::clone(&tally), format!("log {plain}"));
        let work = move || {
            if let Some(before) = before {
                before.end();
            }
            let _end = own.at_end();
            thread::write(sink, &own, &received);
        };
        // Without a thread every line is lost, and counted.
        let started = std::thread::Builder::new().name(named).stack_size(STACK).spawn(work).is_ok();
        Self { place, messages: started.then_some(messages), tally }
    }

    /// What it writes to.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Hands a line over, or counts it as lost. Never waits.
    pub(crate) fn append(&self, bytes: &Arc<[u8]>, stream: Stream) {
        let size = bytes.len();
        let piece = Message::Piece(Piece { bytes: Arc::clone(bytes), stream });
        if !self.tally.admit(size, BYTES) {
            return self.tally.lose(1, "it does not keep up");
        }
        let sent = self.messages.as_ref().map(|messages| messages.try_send(piece));
        match sent {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => {
                self.tally.taken(size);
                self.tally.lose(1, "it does not keep up");
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                self.tally.taken(size);
                self.tally.lose(1, "it has no thread");
            }
        }
    }

    /// Has files opened anew.
    pub(crate) fn reopen(&self) {
        self.tally.ask_to_reopen();
        // A full channel is looked at without it.
        let _ = self.messages.as_ref().map(|messages| messages.try_send(Message::Nudge));
    }

    /// Whether half of the room is taken.
    pub(crate) fn is_behind(&self) -> bool {
        self.tally.waiting() > LINES as u64 / 2 || self.tally.waiting_bytes() > BYTES / 2
    }

    /// What became of lines.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Ends beside everything else, and tells what could not be written.
    pub(crate) fn end_aside(self) {
        // Without a thread it is dropped, and its own thread ends by itself.
        let _ = std::thread::Builder::new().name("log end".to_owned()).spawn(move || self.end());
    }

    fn end(self) {
        let (appender, left, losses) = self.close(Instant::now() + LIMIT);
        let lost = losses.as_ref().map_or(0, |losses| losses.lines) + left;
        if lost > 0 {
            emit(Event::LogHindered { appender, lost, reason: losses.and_then(|losses| losses.reason) });
        }
    }

    /// Writes what is there, until the deadline; returns its name, how many lines were left, and what else was not told yet.
    pub(crate) fn close(mut self, deadline: Instant) -> (String, u64, Option<Losses>) {
        self.let_go(deadline);
        // What gives up at the deadline still has to say how much that was.
        let left = if self.tally.wait_for_end(deadline + Duration::from_millis(50)) {
            0
        } else {
            self.tally.waiting()
        };
        (self.tally.name().to_owned(), left, self.tally.untold())
    }

    /// Tells the thread to come to its end.
    pub(crate) fn let_go(&mut self, deadline: Instant) {
        self.tally.end_at(deadline);
        self.messages = None;
    }
}

/// One that is no longer wanted ends by itself, beside everything else.
impl Drop for Appender {
    fn drop(&mut self) {
        if self.messages.is_some() {
            self.let_go(Instant::now() + LIMIT);
        }
    }
}

#[cfg(test)]
mod tests;

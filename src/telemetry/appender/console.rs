//! The console: standard output and standard error, in the order in which lines were told.

use std::io::ErrorKind;
use std::time::Duration;

use super::buffer::Buffer;
use super::{Piece, Sink, Trouble};
use crate::os::terminal::Stream;
use crate::telemetry::level::Level;

/// How long one attempt waits for a console that does not take anything.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which stream a line of the console goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    /// RQ: below ERROR to standard output, the rest to standard error.
    Split,
    /// All to this one.
    One(Stream),
}

impl Streams {
    pub(crate) fn of(self, level: Level) -> Stream {
        match self {
            Self::Split if level < Level::Error => Stream::Out,
            Self::Split => Stream::Error,
            Self::One(stream) => stream,
        }
    }
}

/// Writes to the standard streams.
#[derive(Debug)]
pub(super) struct Console {
    stream: Stream,
    /// What is to go to that stream.
    buffer: Buffer,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { stream: Stream::Out, buffer: Buffer::default() }
    }
}

impl Sink for Console {
    fn take(&mut self, piece: &Piece) -> Result<(), Trouble> {
        if self.stream != piece.stream || self.buffer.is_full() {
            self.flush()?;
            self.stream = piece.stream;
        }
        self.buffer.push(piece);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        let stream = self.stream;
        self.buffer.write_by(|bytes| stream.write_some(bytes, PATIENCE)).map_err(|error| {
            // A reader that went away does not come back.
            let passes = matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::TimedOut | ErrorKind::QuotaExceeded
            );
            Trouble { reason: format!("cannot write to {}: {error}", stream.name()), passes }
        })
    }

    fn forget(&mut self) -> u64 {
        self.buffer.forget()
    }
}

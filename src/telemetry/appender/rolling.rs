//! A new file for each period, by `tracing-appender`: `FILE.2026-11-24`, in UTC.

use std::io::Write as _;
use std::path::PathBuf;

use tracing_appender::rolling::{RollingFileAppender, Rotation};

use super::buffer::Buffer;
use super::period::Every;
use super::{Piece, Sink, Trouble};

/// Writes to the file of now.
#[derive(Debug)]
pub(super) struct Rolling {
    path: PathBuf,
    every: Option<Every>,
    keep: usize,
    open: Option<RollingFileAppender>,
    buffer: Buffer,
}

impl Rolling {
    pub(super) fn new(path: PathBuf, every: Option<Every>, keep: usize) -> Self {
        Self { path, every, keep, open: None, buffer: Buffer::default() }
    }

    fn opened(&self) -> Result<RollingFileAppender, Trouble> {
        let rotation = match self.every {
            None => Rotation::NEVER,
            Some(Every::Minute) => Rotation::MINUTELY,
            Some(Every::Hour) => Rotation::HOURLY,
            Some(Every::Day) => Rotation::DAILY,
            Some(Every::Week) => Rotation::WEEKLY,
        };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = self.path.parent().unwrap_or(std::path::Path::new("."));
        let builder = RollingFileAppender::builder().rotation(rotation).filename_prefix(name);
        // The file of now counts there, too.
        let built = builder.max_log_files(self.keep + 1).build(folder);
        built.map_err(|error| Trouble {
            reason: format!("cannot open {}: {error}", self.path.display()),
            passes: true,
        })
    }
}

impl Sink for Rolling {
    fn take(&mut self, piece: &Piece) -> Result<(), Trouble> {
        if self.buffer.is_full() {
            self.flush()?;
        }
        self.buffer.push(piece);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            self.open = Some(self.opened()?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        self.buffer.write_by(|bytes| open.write(bytes)).map_err(|error| {
            Trouble::passing(format_args!("cannot write to {}", self.path.display()), &error)
        })
    }

    fn reopen(&mut self) {
        self.open = None;
        self.buffer.begin_anew();
    }

    fn forget(&mut self) -> u64 {
        self.buffer.forget()
    }
}

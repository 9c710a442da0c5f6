//! A file: appended to, put aside by size and time, and opened anew when somebody else has moved it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use jiff::tz::TimeZone;

use super::buffer::Buffer;
use super::compress::Compressing;
use super::period::Every;
use super::shelf::put_aside;
use super::{Piece, Sink, Trouble};

/// How long to go on in the same file when it could not be put aside.
const NEXT_TRY: Duration = Duration::from_secs(60);

/// Which file, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePlan {
    pub(crate) path: PathBuf,
    /// The rights of a new file; those that the mask of the process leaves when unset.
    pub(crate) mode: Option<u32>,
    pub(crate) max_size: Option<u64>,
    pub(crate) every: Option<Every>,
    /// How many are kept that were put aside.
    pub(crate) keep: usize,
    pub(crate) compress: bool,
}

/// Writes to a file.
#[derive(Debug)]
pub(super) struct FileSink {
    plan: FilePlan,
    open: Option<Open>,
    buffer: Buffer,
    /// How many bytes the buffer has.
    buffered: u64,
    compressing: Option<Compressing>,
    complaint: Option<String>,
    /// When to try again to put the file aside.
    next_try: Option<Instant>,
}

/// The file that is written to now.
#[derive(Debug)]
struct Open {
    file: File,
    /// Device and number.
    identity: (u64, u64),
    size: u64,
    /// The stretch of time that it is for.
    label: Option<String>,
    /// When that was last looked at.
    second: u64,
}

impl FileSink {
    pub(super) fn new(plan: FilePlan) -> Self {
        Self {
            plan,
            open: None,
            buffer: Buffer::default(),
            buffered: 0,
            compressing: None,
            complaint: None,
            next_try: None,
        }
    }

    fn trouble(&self, what: &str, error: &io::Error) -> Trouble {
        Trouble::passing(format_args!("cannot {what} {}", self.plan.path.display()), error)
    }

    /// Sees to it that there is a file for so many more bytes.
    fn prepare(&mut self, size: u64) -> Result<(), Trouble> {
        if self.buffer.is_empty() && self.was_moved() {
            self.reopen();
        }
        let now = SystemTime::now();
        if self.is_due(size, now) {
            self.flush()?;
            self.rotate();
        }
        if self.open.is_none() {
            self.open = Some(self.opened(now).map_err(|error| self.trouble("open", &error))?);
            // It may be of another day.
            if self.is_due(size, now) {
                self.rotate();
                self.open = Some(self.opened(now).map_err(|error| self.trouble("open", &error))?);
            }
        }
        Ok(())
    }

    /// Whether what stands under the name is not what is written to: logrotate and its like move files.
    fn was_moved(&self) -> bool {
        let Some(open) = &self.open else { return false };
        fs::metadata(&self.plan.path).map_or(true, |now| (now.dev(), now.ino()) != open.identity)
    }

    fn is_due(&mut self, more: u64, now: SystemTime) -> bool {
        let Some(open) = &mut self.open else { return false };
        if self.next_try.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        let size = open.size + self.buffered;
        if size > 0 && self.plan.max_size.is_some_and(|most| size + more > most) {
            return true;
        }
        let Some(every) = self.plan.every else { return false };
        let second = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        if second == open.second {
            return false;
        }
        open.second = second;
        let label = every.label(now, &TimeZone::system());
        if size == 0 {
            open.label = Some(label);
            return false;
        }
        open.label.as_ref() != Some(&label)
    }

    /// Puts the file aside. Where that cannot be, it is written to as before, which is better than nothing; where somebody else
    /// has done it, another one stands there already.
    fn rotate(&mut self) {
        let was_moved = self.was_moved();
        let Some(open) = self.open.take().filter(|_| !was_moved) else { return };
        if let Some(Err(complaint)) = self.compressing.take().map(Compressing::wait) {
            self.complaint = Some(complaint);
        }
        let is_file = open.file.metadata().is_ok_and(|data| data.is_file());
        let label = self.plan.every.and(open.label.as_deref());
        match is_file.then(|| put_aside(&self.plan.path, label, self.plan.keep)) {
            Some(Ok(aside)) => {
                self.next_try = None;
                let aside = aside.filter(|_| self.plan.compress);
                self.compressing = aside.and_then(Compressing::begin);
            }
            Some(Err(error)) => {
                self.complaint = Some(format!("cannot put {} aside: {error}", self.plan.path.display()));
                self.next_try = Some(Instant::now() + NEXT_TRY);
            }
            // A pipe or a device has no size.
            None => self.next_try = Some(Instant::now() + NEXT_TRY),
        }
    }

    fn opened(&self, now: SystemTime) -> io::Result<Open> {
        let mut options = OpenOptions::new();
        options.append(true).mode(self.plan.mode.unwrap_or(0o666));
        let file = match options.clone().create_new(true).open(&self.plan.path) {
            Ok(file) => {
                // The mask of the process does not count here: the rights are what somebody wrote down.
                if let Some(mode) = self.plan.mode {
                    file.set_permissions(Permissions::from_mode(mode))?;
                }
                file
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                options.create(true).open(&self.plan.path)?
            }
            Err(error) => return Err(error),
        };
        let data = file.metadata()?;
        let size = if data.is_file() { data.len() } else { 0 };
        // What an earlier process wrote may be of an earlier stretch of time.
        let written = data.modified().ok().filter(|_| size > 0).unwrap_or(now);
        let label = self.plan.every.map(|every| every.label(written, &TimeZone::system()));
        Ok(Open { identity: (data.dev(), data.ino()), file, size, label, second: 0 })
    }
}

impl Sink for FileSink {
    fn take(&mut self, piece: &Piece) -> Result<(), Trouble> {
        let size = piece.bytes.len() as u64;
        // First, because a file that was moved is noticed when the buffer is empty.
        if self.buffer.is_full() {
            self.flush()?;
        }
        self.prepare(size)?;
        self.buffer.push(piece);
        self.buffered += size;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            let opened = self.opened(SystemTime::now());
            self.open = Some(opened.map_err(|error| self.trouble("open", &error))?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let written = self.buffer.write_by(|bytes| open.file.write(bytes));
        if written.is_ok() {
            open.size += std::mem::take(&mut self.buffered);
        }
        written.map_err(|error| self.trouble("write to", &error))
    }

    fn reopen(&mut self) {
        self.open = None;
        self.buffer.begin_anew();
    }

    fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    fn forget(&mut self) -> u64 {
        self.buffered = 0;
        self.buffer.forget()
    }
}

/// What is being compressed is waited for: the end of the process would cut it off.
impl Drop for FileSink {
    fn drop(&mut self) {
        // Nobody is left to be told; the file is there as it was.
        let _ = self.compressing.take().map(Compressing::wait);
    }
}

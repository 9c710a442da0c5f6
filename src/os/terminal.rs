//! The standard streams: whether a person watches, and how a line gets out whole.
#![expect(unsafe_code, reason = "waiting for a full pipe needs poll")]

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

/// Whether a terminal controls this process: one that closes takes its processes along.
pub(crate) fn is_controlled() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Stops the processes in the foreground of the terminal, this one among them, as its key for that does; goes on when they are
/// continued.
pub(crate) fn stop_here() -> io::Result<()> {
    let ours = nix::unistd::Pid::from_raw(0);
    Ok(nix::sys::signal::kill(ours, nix::sys::signal::Signal::SIGSTOP)?)
}

/// Whether a person can be asked: both ends are a terminal that can do more than print.
pub(crate) fn is_interactive() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|kind| kind.is_empty() || kind == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

/// One of the two streams that a process may write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

impl Stream {
    /// Whether the stream goes to a terminal.
    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Error => io::stderr().is_terminal(),
        }
    }

    /// Whether text on this stream may be coloured: on a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn wants_colour(self) -> bool {
        self.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// How people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Out => "standard output",
            Self::Error => "standard error",
        }
    }

    /// Writes as much of `bytes` as the other end takes in one call of the kernel, once it takes any.
    pub(crate) fn write_some(self, bytes: &[u8], patience: Duration) -> io::Result<usize> {
        match self {
            Self::Out => write_some(io::stdout().as_fd(), bytes, Instant::now() + patience),
            Self::Error => write_some(io::stderr().as_fd(), bytes, Instant::now() + patience),
        }
    }

    /// Writes all of `bytes`, in one call of the kernel where the other end takes them.
    ///
    /// A stream that does not block (another program may have set it so on a terminal that we share) is waited for until
    /// `patience` ends. What was written by then stays written.
    pub(crate) fn write_whole(self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        match self {
            Self::Out => write_whole(io::stdout().as_fd(), bytes, patience),
            Self::Error => write_whole(io::stderr().as_fd(), bytes, patience),
        }
    }
}

/// Writes all of `bytes` to a descriptor, past interruptions and a full pipe.
pub(crate) fn write_whole(to: BorrowedFd<'_>, bytes: &[u8], patience: Duration) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = write_some(to, rest, deadline)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Writes some of `bytes`, past interruptions and a full pipe.
fn write_some(to: BorrowedFd<'_>, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
    loop {
        match nix::unistd::write(to, bytes) {
            Ok(written) => return Ok(written),
            Err(nix::Error::EINTR) => {}
            Err(nix::Error::EAGAIN) => wait_until_writable(to, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for room, until the deadline.
fn wait_until_writable(to: BorrowedFd<'_>, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1);
    let mut waiting = libc::pollfd { fd: to.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: the pointer is to one live `pollfd`, the count says one, and the borrow keeps the descriptor open.
    let ready = unsafe { libc::poll(&raw mut waiting, 1, milliseconds) };
    if ready < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_stream_that_does_not_block_still_gets_the_whole_text() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let text = vec![b'x'; 4 << 20];
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).map(|_| all.len())
        });

        write_whole(ours.as_fd(), &text, Duration::from_secs(20)).unwrap();
        drop(ours);

        assert_eq!(reader.join().unwrap().unwrap(), text.len());
    }

    #[test]
    fn a_reader_that_never_reads_costs_no_more_than_the_patience() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();

        let error = write_whole(ours.as_fd(), &vec![b'x'; 4 << 20], Duration::from_millis(20)).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_reader_that_went_away_is_an_error_and_no_signal() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);

        let error = write_whole(ours.as_fd(), b"x", Duration::ZERO).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}

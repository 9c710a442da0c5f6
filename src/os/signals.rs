//! Signals, as a stream that the event loop reads.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream as StdStream;
use std::pin::Pin;
use std::task::Poll;

use nix::sys::signal::SigSet;
use signal_hook::consts;
use signal_hook::low_level::pipe;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, ReadBuf};
use tokio::net::UnixStream;

/// A signal that the daemon acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGCHLD: a child ended.
    Child,
    /// SIGHUP: the terminal is gone, or somebody wants the configuration to be read again.
    Hangup,
    /// SIGTSTP: take no more work.
    Quiet,
    /// SIGCONT: take work again.
    Resume,
    /// SIGUSR1: open log files anew.
    Reopen,
    /// SIGUSR2: load the application anew.
    Renew,
}

impl Signal {
    /// The name that people know.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Child => "SIGCHLD",
            Self::Hangup => "SIGHUP",
            Self::Quiet => "SIGTSTP",
            Self::Resume => "SIGCONT",
            Self::Reopen => "SIGUSR1",
            Self::Renew => "SIGUSR2",
        }
    }
}

/// The signals that came and were not read yet; several of one kind may count as one.
pub(crate) struct Signals {
    interrupt: UnixStream,
    terminate: UnixStream,
    child: UnixStream,
    /// What not everybody heeds, each with its signal.
    of_worker: Vec<(Signal, UnixStream)>,
}

impl Signals {
    /// Takes the signals over from their default actions. Needs a running event loop.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: listen(consts::SIGINT)?,
            terminate: listen(consts::SIGTERM)?,
            child: listen(consts::SIGCHLD)?,
            of_worker: Vec::new(),
        })
    }

    /// Keeps a hangup waiting that comes before somebody can heed it: it would end us. To be called before there is a second
    /// thread.
    pub(crate) fn hold_hangup() -> io::Result<()> {
        Ok(hangup().thread_block()?)
    }

    /// Takes over the one that has log files opened anew, which would end us otherwise.
    pub(crate) fn with_reopen(mut self) -> io::Result<Self> {
        self.of_worker.push((Signal::Reopen, listen(consts::SIGUSR1)?));
        Ok(self)
    }

    /// Takes over what a worker heeds besides. A hangup that is ignored stays so: whoever started us by `nohup` wants that.
    pub(crate) fn of_worker(mut self) -> io::Result<Self> {
        self.of_worker.push((Signal::Quiet, listen(consts::SIGTSTP)?));
        self.of_worker.push((Signal::Resume, listen(consts::SIGCONT)?));
        self = self.with_reopen()?;
        self.of_worker.push((Signal::Renew, listen(consts::SIGUSR2)?));
        if !is_ignored(consts::SIGHUP) {
            self.of_worker.push((Signal::Hangup, listen(consts::SIGHUP)?));
        }
        hangup().thread_unblock()?;
        Ok(self)
    }

    /// Waits for the next signal. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Signal {
        let (mut a, mut b, mut c) = ([0; 1], [0; 1], [0; 64]);
        tokio::select! {
            _ = self.interrupt.read(&mut a) => Signal::Interrupt,
            _ = self.terminate.read(&mut b) => Signal::Terminate,
            _ = self.child.read(&mut c) => Signal::Child,
            signal = first_of(&mut self.of_worker) => signal,
        }
    }
}

/// The first of these signals that comes.
async fn first_of(signals: &mut [(Signal, UnixStream)]) -> Signal {
    std::future::poll_fn(|context| {
        for (signal, stream) in &mut *signals {
            let mut byte = [0; 1];
            if Pin::new(stream).poll_read(context, &mut ReadBuf::new(&mut byte)).is_ready() {
                return Poll::Ready(*signal);
            }
        }
        Poll::Pending
    })
    .await
}

fn hangup() -> SigSet {
    SigSet::from(nix::sys::signal::Signal::SIGHUP)
}

/// Whether a signal was ignored when we started.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

fn listen(signal: i32) -> io::Result<UnixStream> {
    let (reader, writer) = StdStream::pair()?;
    reader.set_nonblocking(true)?;
    writer.set_nonblocking(true)?;
    pipe::register(signal, writer)?;
    UnixStream::from_std(reader)
}

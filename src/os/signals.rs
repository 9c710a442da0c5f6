//! Signals, as a stream that the event loop reads.

use std::io;
use std::os::unix::net::UnixStream as StdStream;

use signal_hook::consts;
use signal_hook::low_level::pipe;
use tokio::io::AsyncReadExt as _;
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
}

impl Signal {
    /// The name that people know.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Child => "SIGCHLD",
        }
    }
}

/// The signals that came and were not read yet; several of one kind may count as one.
pub(crate) struct Signals {
    interrupt: UnixStream,
    terminate: UnixStream,
    child: UnixStream,
}

impl Signals {
    /// Takes the signals over from their default actions. Needs a running event loop.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: listen(consts::SIGINT)?,
            terminate: listen(consts::SIGTERM)?,
            child: listen(consts::SIGCHLD)?,
        })
    }

    /// Waits for the next signal. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Signal {
        let (mut a, mut b, mut c) = ([0; 1], [0; 1], [0; 64]);
        tokio::select! {
            _ = self.interrupt.read(&mut a) => Signal::Interrupt,
            _ = self.terminate.read(&mut b) => Signal::Terminate,
            _ = self.child.read(&mut c) => Signal::Child,
        }
    }
}

fn listen(signal: i32) -> io::Result<UnixStream> {
    let (reader, writer) = StdStream::pair()?;
    reader.set_nonblocking(true)?;
    writer.set_nonblocking(true)?;
    pipe::register(signal, writer)?;
    UnixStream::from_std(reader)
}

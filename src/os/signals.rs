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
    /// SIGTSTP: take no more work.
    Quiet,
    /// SIGCONT: take work again.
    Resume,
}

impl Signal {
    /// The name that people know.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Child => "SIGCHLD",
            Self::Quiet => "SIGTSTP",
            Self::Resume => "SIGCONT",
        }
    }
}

/// The signals that came and were not read yet; several of one kind may count as one.
pub(crate) struct Signals {
    interrupt: UnixStream,
    terminate: UnixStream,
    child: UnixStream,
    /// SIGTSTP and SIGCONT, where they are taken over.
    pause: Option<(UnixStream, UnixStream)>,
}

impl Signals {
    /// Takes the signals over from their default actions. Needs a running event loop.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: listen(consts::SIGINT)?,
            terminate: listen(consts::SIGTERM)?,
            child: listen(consts::SIGCHLD)?,
            pause: None,
        })
    }

    /// Takes over the signals to pause and to go on, too.
    pub(crate) fn with_pause(self) -> io::Result<Self> {
        Ok(Self { pause: Some((listen(consts::SIGTSTP)?, listen(consts::SIGCONT)?)), ..self })
    }

    /// Waits for the next signal. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Signal {
        let (mut a, mut b, mut c) = ([0; 1], [0; 1], [0; 64]);
        let pause = paused_or_resumed(&mut self.pause);
        tokio::select! {
            _ = self.interrupt.read(&mut a) => Signal::Interrupt,
            _ = self.terminate.read(&mut b) => Signal::Terminate,
            _ = self.child.read(&mut c) => Signal::Child,
            signal = pause => signal,
        }
    }
}

async fn paused_or_resumed(pause: &mut Option<(UnixStream, UnixStream)>) -> Signal {
    let Some((quiet, resume)) = pause else { return std::future::pending().await };
    let (mut a, mut b) = ([0; 1], [0; 1]);
    tokio::select! {
        _ = quiet.read(&mut a) => Signal::Quiet,
        _ = resume.read(&mut b) => Signal::Resume,
    }
}

fn listen(signal: i32) -> io::Result<UnixStream> {
    let (reader, writer) = StdStream::pair()?;
    reader.set_nonblocking(true)?;
    writer.set_nonblocking(true)?;
    pipe::register(signal, writer)?;
    UnixStream::from_std(reader)
}

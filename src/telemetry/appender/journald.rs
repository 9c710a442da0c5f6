//! The journal, in its native protocol: a datagram for each entry, or a memory file for one that is too large.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use super::{Piece, Sink, Trouble};
use crate::os;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// How long to wait for a journal that does not take anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends to the journal.
#[derive(Debug)]
pub(super) struct Journald {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Journald {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, socket: None }
    }

    fn send(&mut self, entry: &[u8]) -> io::Result<()> {
        let socket = if let Some(socket) = self.socket.take() {
            socket
        } else {
            let socket = UnixDatagram::unbound()?;
            socket.connect(&self.path)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            socket
        };
        match socket.send(entry) {
            Ok(_) => {}
            // EMSGSIZE, ENOBUFS.
            Err(error) if matches!(error.raw_os_error(), Some(90 | 105)) => {
                let file = os::sealed_memory_file(c"rq-journal", entry)?;
                os::send_with_descriptors(socket.as_fd(), &[], &[file.as_fd()])?;
            }
            Err(error) => return Err(error),
        }
        self.socket = Some(socket);
        Ok(())
    }
}

impl Sink for Journald {
    fn take(&mut self, piece: &Piece) -> Result<(), Trouble> {
        self.send(&piece.bytes)
            .map_err(|error| Trouble::passing(format_args!("cannot send to {}", self.path.display()), &error))
    }

    fn reopen(&mut self) {
        self.socket = None;
    }
}

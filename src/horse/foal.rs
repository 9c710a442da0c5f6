//! A horse that is being made: from the order to fork it to its first word.

use std::os::fd::OwnedFd;

use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::fork_server::Memory;
use super::frame::{self, Frame};
use super::protocol::{HorseReport, VERSION};
use super::work_horse::Exit;

/// A horse that is being made.
pub(super) struct Foal {
    pub(super) pid: Option<u32>,
    pub(super) stream: Option<UnixStream>,
    pub(super) exit: Option<oneshot::Receiver<Exit>>,
    pub(super) files: Memory,
    /// Where its log records come from.
    pub(super) records: OwnedFd,
    /// The number of the file for stacks in it.
    pub(super) window: Option<u32>,
}

/// The first word of a new horse, and what it came over.
pub(super) struct Word {
    pub(super) stream: UnixStream,
    pub(super) window: Option<u32>,
}

/// Waits for a new horse's first word and checks that it leads its own process group.
pub(super) async fn until_ready(mut stream: UnixStream, number: u64) -> Result<Word, String> {
    match frame::read::<HorseReport>(&mut stream).await {
        Ok(Frame { head: HorseReport::Ready { protocol: VERSION, horse, pid, pgid, window }, .. })
            if horse == number && pid == pgid =>
        {
            Ok(Word { stream, window })
        }
        Ok(Frame { head, .. }) => Err(format!("its first word was {head:?}")),
        Err(error) => Err(error.to_string()),
    }
}

//! The socket of a horse: its frames, each way.

use std::os::fd::{AsFd as _, OwnedFd};

use tokio::io::{AsyncWriteExt as _, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::horse::frame::{self, FrameError};
use crate::horse::protocol::HorseReport;
use crate::os;

/// What the task that reads a horse's socket heard.
pub(super) type Word = Result<(HorseReport, Vec<u8>), FrameError>;

/// Reads a horse's socket in a task of its own, because reading a frame must not be interrupted.
pub(super) fn attend(stream: UnixStream) -> (OwnedWriteHalf, mpsc::Receiver<Word>, JoinHandle<()>) {
    let (reader, writer) = stream.into_split();
    // A frame comes in one piece, mostly: one call to the kernel for it instead of four.
    let mut reader = BufReader::new(reader);
    let (tell, heard) = mpsc::channel(4);
    let listener = tokio::task::spawn_local(async move {
        loop {
            let frame = frame::read::<HorseReport>(&mut reader).await.map(|frame| (frame.head, frame.body));
            let over = frame.is_err();
            if tell.send(frame).await.is_err() || over {
                return;
            }
        }
    });
    (writer, heard, listener)
}

/// Writes a frame; the descriptors go with its first byte. A horse that does not take it shows as its death, or is overdue.
pub(super) async fn write_with(
    mut writer: OwnedWriteHalf,
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
) -> OwnedWriteHalf {
    let mut sent = 0;
    if !descriptors.is_empty() {
        let stream: &UnixStream = writer.as_ref();
        let borrowed: Vec<_> = descriptors.iter().map(OwnedFd::as_fd).collect();
        let give = || os::send_with_descriptors(stream.as_fd(), &bytes, &borrowed);
        sent = stream.async_io(Interest::WRITABLE, give).await.unwrap_or(0);
    }
    // Who has them now is the horse alone: only so its end is the end of what it writes.
    drop(descriptors);
    let _ = writer.write_all(&bytes[sent..]).await;
    writer
}

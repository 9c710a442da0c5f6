//! What comes over a horse's socket.

use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::frame::{self, FrameError};
use super::protocol::HorseReport;

/// What the task that reads a horse's socket heard.
pub(super) type Heard = Result<(HorseReport, Vec<u8>), FrameError>;

/// Reads a horse's socket in a task of its own, because reading a frame must not be interrupted.
pub(super) fn attend(stream: UnixStream) -> (OwnedWriteHalf, mpsc::Receiver<Heard>, JoinHandle<()>) {
    let (mut reader, writer) = stream.into_split();
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

//! Frames: two lengths, a JSON head, raw bytes. Everything that arrives is untrusted.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The most bytes that a head may have.
pub(super) const HEAD_LIMIT: u32 = 4 << 20;
/// The most bytes that a body may have: what Redis takes as one value.
pub(super) const BODY_LIMIT: u32 = 512 << 20;

/// A frame that arrived.
#[derive(Debug, PartialEq)]
pub(super) struct Frame<T> {
    pub(super) head: T,
    pub(super) body: Vec<u8>,
}

/// Why no frame arrived.
#[derive(Debug, Error)]
pub(crate) enum FrameError {
    /// The other side is gone.
    #[error("the connection ended")]
    Closed,
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// What arrived is not the protocol.
    #[error("{0}")]
    Junk(String),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Self::Closed
            }
            _ => Self::Broken(error),
        }
    }
}

/// Reads one frame. Not cancel-safe: a reader that may be dropped lives in a task of its own.
pub(super) async fn read<T: DeserializeOwned>(
    source: &mut (impl AsyncRead + Unpin),
) -> Result<Frame<T>, FrameError> {
    let head_length = source.read_u32().await?;
    let body_length = source.read_u32().await?;
    if head_length > HEAD_LIMIT {
        return Err(FrameError::Junk(format!("a head of {head_length} bytes, more than {HEAD_LIMIT}")));
    }
    if body_length > BODY_LIMIT {
        return Err(FrameError::Junk(format!("a body of {body_length} bytes, more than {BODY_LIMIT}")));
    }
    let head = read_exactly(source, head_length).await?;
    let body = read_exactly(source, body_length).await?;
    let head =
        serde_json::from_slice(&head).map_err(|error| FrameError::Junk(format!("a head that is {error}")))?;
    Ok(Frame { head, body })
}

/// Memory grows with what arrives, not with what was announced.
async fn read_exactly(source: &mut (impl AsyncRead + Unpin), length: u32) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::with_capacity(length.min(1 << 20) as usize);
    source.take(u64::from(length)).read_to_end(&mut bytes).await?;
    if bytes.len() == length as usize { Ok(bytes) } else { Err(FrameError::Closed) }
}

/// A frame's bytes.
pub(super) fn encode(head: &impl Serialize, body: &[&[u8]]) -> Result<Vec<u8>, FrameError> {
    let head = serde_json::to_vec(head).map_err(|error| FrameError::Junk(error.to_string()))?;
    let body_length: usize = body.iter().map(|part| part.len()).sum();
    let (Ok(head_length), Ok(body_length)) = (u32::try_from(head.len()), u32::try_from(body_length)) else {
        return Err(FrameError::Junk("a frame that is too long to send".to_owned()));
    };
    if head_length > HEAD_LIMIT || body_length > BODY_LIMIT {
        return Err(FrameError::Junk("a frame that is too long to send".to_owned()));
    }
    let mut bytes = Vec::with_capacity(8 + head.len() + body_length as usize);
    bytes.extend_from_slice(&head_length.to_be_bytes());
    bytes.extend_from_slice(&body_length.to_be_bytes());
    bytes.extend_from_slice(&head);
    for part in body {
        bytes.extend_from_slice(part);
    }
    Ok(bytes)
}

/// Writes one frame.
pub(super) async fn write(
    sink: &mut (impl AsyncWrite + Unpin),
    head: &impl Serialize,
    body: &[&[u8]],
) -> Result<(), FrameError> {
    sink.write_all(&encode(head, body)?).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Frame<Value>, FrameError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(read(&mut &bytes[..]))
    }

    #[test]
    fn what_is_encoded_reads_back() {
        let bytes = encode(&json!({"order": "quit"}), &[b"ab", b"c"]).unwrap();

        let frame = parse(&bytes).unwrap();

        assert_eq!(frame, Frame { head: json!({"order": "quit"}), body: b"abc".to_vec() });
    }

    #[test]
    fn announced_lengths_beyond_the_limits_are_junk() {
        for (head, body) in [(HEAD_LIMIT + 1, 0), (2, BODY_LIMIT + 1), (u32::MAX, u32::MAX)] {
            let bytes = [head.to_be_bytes(), body.to_be_bytes()].concat();

            assert!(matches!(parse(&bytes), Err(FrameError::Junk(_))));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn a_cut_frame_is_never_taken_for_a_whole_one(cut in 0usize..30, body in proptest::collection::vec(any::<u8>(), 0..20)) {
            let bytes = encode(&json!({"report": "ready"}), &[&body]).unwrap();
            let cut = cut.min(bytes.len() - 1);

            prop_assert!(matches!(parse(&bytes[..cut]), Err(FrameError::Closed)));
        }
    }
}

//! A message as a line.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::message::{Envelope, Reply, VERSION};

/// The longest question.
pub(super) const LONGEST_REQUEST: u64 = 64 << 10;

/// The longest answer: a daemon with thousands of workers, or every setting there is.
pub(super) const LONGEST_REPLY: u64 = 8 << 20;

/// Reads a line of at most so many bytes; `None` where there is none but the end.
pub(super) async fn read_line(
    from: &mut (impl AsyncBufRead + Unpin),
    longest: u64,
) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(longest).read_until(b'\n', &mut line).await?;
    match line.last() {
        Some(b'\n') => Ok(Some(line)),
        None => Ok(None),
        Some(_) if line.len() as u64 >= longest => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {longest} bytes in a line")))
        }
        Some(_) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a line without an end")),
    }
}

/// Understands a line, or says in words why it cannot be.
pub(super) fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let envelope: Envelope<serde_json::Value> =
        serde_json::from_slice(line).map_err(|error| format!("this is no message: {error}"))?;
    if envelope.version != VERSION {
        let theirs = envelope.version;
        return Err(format!(
            "this is version {theirs} of the control protocol, only version {VERSION} is known here"
        ));
    }
    serde_json::from_value(envelope.message).map_err(|error| format!("this is not understood: {error}"))
}

/// An answer as a text, for whoever asked through Redis.
pub(crate) fn reply_text(reply: &Reply) -> String {
    String::from_utf8(line(reply)).expect("JSON is UTF-8").trim_end().to_owned()
}

/// Understands such a text, or says in words why it cannot be.
pub(crate) fn read_reply(text: &str) -> Result<Reply, String> {
    parse(text.as_bytes())
}

/// A message as a line, with its end.
pub(super) fn line<T: Serialize>(message: T) -> Vec<u8> {
    let envelope = Envelope { version: VERSION, message };
    let mut line = serde_json::to_vec(&envelope).expect("texts, numbers and lists have a JSON form");
    line.push(b'\n');
    line
}

/// Writes a message and says that there is nothing more to come.
pub(super) async fn write<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), message: T) -> io::Result<()> {
    to.write_all(&line(message)).await?;
    to.shutdown().await
}

//! Lines on their way to a file or stream: several in one write, none in halves.

use std::io;

use super::Piece;

/// How many bytes are kept at most before they are written.
const ROOM: usize = 32 << 10;

/// Bytes that are to be written, and where in them each line ends.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    /// Whether the last thing that was written is a piece of a line.
    torn: bool,
}

impl Buffer {
    pub(super) fn push(&mut self, piece: &Piece) {
        if std::mem::take(&mut self.torn) {
            self.bytes.push(b'\n');
        }
        self.bytes.extend_from_slice(&piece.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= ROOM
    }

    /// Writes all, and goes on where it stopped when it failed before. Returns how many bytes went now.
    pub(super) fn write_by(&mut self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        while self.written < self.bytes.len() {
            match write(self.bytes.get(self.written..).unwrap_or_default()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.clear();
        Ok(())
    }

    /// What is left goes to another file: a line of which a piece was written goes there whole.
    pub(super) fn begin_anew(&mut self) {
        let whole = self.ends.iter().copied().filter(|end| *end <= self.written).max().unwrap_or(0);
        self.bytes.drain(..whole);
        self.ends.retain(|end| *end > whole);
        self.ends.iter_mut().for_each(|end| *end -= whole);
        self.written = 0;
    }

    /// Gives up what was not written; returns how many lines that is.
    pub(super) fn forget(&mut self) -> u64 {
        let left = self.ends.iter().filter(|end| **end > self.written).count();
        self.torn |= self.written > 0 && !self.ends.contains(&self.written);
        self.clear();
        left as u64
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.written = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::os::terminal::Stream;

    fn buffer(lines: &[&str]) -> Buffer {
        let mut buffer = Buffer::default();
        for line in lines {
            buffer.push(&Piece { bytes: Arc::from(line.as_bytes()), stream: Stream::Out });
        }
        buffer
    }

    /// A disk that has room for so many bytes.
    fn small(room: usize, got: &mut Vec<u8>) -> impl FnMut(&[u8]) -> io::Result<usize> {
        move |bytes| {
            let fits = bytes.len().min(room - got.len());
            got.extend(&bytes[..fits]);
            if fits == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(fits) }
        }
    }

    #[test]
    fn what_was_cut_off_goes_on_where_it_stopped() {
        let mut buffer = buffer(&["one\n", "two\n"]);
        let mut got = Vec::new();

        assert!(buffer.write_by(small(6, &mut got)).is_err());
        buffer.write_by(small(99, &mut got)).unwrap();

        assert_eq!(got, b"one\ntwo\n");
        assert!(buffer.is_empty());
    }

    #[test]
    fn what_is_given_up_is_counted_and_the_next_line_begins_on_one_of_its_own() {
        let mut buffer = buffer(&["one\n", "two\n", "three\n"]);
        let mut got = Vec::new();

        assert!(buffer.write_by(small(6, &mut got)).is_err());
        assert_eq!(buffer.forget(), 2);
        buffer.push(&Piece { bytes: Arc::from(b"four\n".as_slice()), stream: Stream::Out });
        buffer.write_by(small(99, &mut got)).unwrap();

        assert_eq!(got, b"one\ntw\nfour\n");
    }

    #[test]
    fn a_line_that_was_cut_off_goes_whole_to_another_file() {
        let mut buffer = buffer(&["one\n", "two\n"]);
        let (mut got, mut other) = (Vec::new(), Vec::new());

        assert!(buffer.write_by(small(6, &mut got)).is_err());
        buffer.begin_anew();
        buffer.write_by(small(99, &mut other)).unwrap();

        assert_eq!(other, b"two\n");
    }
}

//! The last bytes of what a job wrote.

/// Keeps the end of what comes, however much that is.
#[derive(Debug)]
pub(super) struct Tail {
    most: usize,
    bytes: Vec<u8>,
}

impl Tail {
    /// A tail of so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, bytes: Vec::new() }
    }

    /// Adds what was written.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(&bytes[bytes.len().saturating_sub(self.most)..]);
        // Not at each portion, because what is kept has to move.
        if self.bytes.len() > self.most.saturating_mul(2) {
            self.cut();
        }
    }

    /// What is kept, as text that is not longer; nothing when nothing was written.
    pub(super) fn text(mut self) -> Option<String> {
        self.cut();
        // A character that was cut in its middle is left out.
        let start = self.bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
        let text = String::from_utf8_lossy(&self.bytes[start..]).into_owned();
        // Bytes that are no text take more room as such.
        let cut = (text.len().saturating_sub(self.most)..=text.len()).find(|at| text.is_char_boundary(*at));
        Some(text[cut.unwrap_or_default()..].to_owned()).filter(|text| !text.is_empty())
    }

    fn cut(&mut self) {
        self.bytes.drain(..self.bytes.len().saturating_sub(self.most));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(most: usize, portions: &[&[u8]]) -> Option<String> {
        let mut tail = Tail::new(most);
        for portion in portions {
            tail.push(portion);
        }
        tail.text()
    }

    #[test]
    fn the_end_is_kept_and_no_more() {
        assert_eq!(kept(4, &[]), None);
        assert_eq!(kept(4, &[b"ab"]).as_deref(), Some("ab"));
        assert_eq!(kept(4, &[b"abc", b"def"]).as_deref(), Some("cdef"));
        assert_eq!(kept(4, &[b"abcdefgh", b"", b"i"]).as_deref(), Some("fghi"));
    }

    #[test]
    fn no_character_is_torn_and_bytes_that_are_no_text_take_no_more_room() {
        assert_eq!(kept(3, &["aéé".as_bytes()]).as_deref(), Some("é"));
        assert_eq!(kept(4, &[b"\xff\xff\xff"]).as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn memory_does_not_grow_with_what_is_written() {
        let mut tail = Tail::new(1 << 10);

        for _ in 0..10_000 {
            tail.push(&[b'x'; 512]);
        }

        assert!(tail.bytes.capacity() <= 4 << 10);
    }
}

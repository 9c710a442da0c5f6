//! Bytes of a stream as lines.

/// The longest line; a longer one is told in pieces.
const LONGEST: usize = 8 << 10;

/// Puts lines together from whatever portions they come in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    /// The last byte was a carriage return, so that a line feed now belongs to it.
    returned: bool,
}

impl Lines {
    /// The lines that are whole with these bytes. A carriage return ends one too, as of progress bars; nothing stands between
    /// two of them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' => {
                    let is_second = self.partial.is_empty() && (byte == b'\r' || self.returned);
                    if !is_second {
                        lines.push(self.take());
                    }
                }
                byte => {
                    self.partial.push(byte);
                    if self.partial.len() >= LONGEST {
                        lines.push(self.cut());
                    }
                }
            }
            self.returned = byte == b'\r';
        }
        lines
    }

    /// What was begun and not ended.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        text(&std::mem::take(&mut self.partial))
    }

    /// The first piece of a line that is too long; a character that is not whole yet waits for its end.
    fn cut(&mut self) -> String {
        let at = whole(&self.partial);
        let rest = self.partial.split_off(at);
        text(&std::mem::replace(&mut self.partial, rest))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// How many bytes are left without a character at the end that is not whole.
fn whole(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    for at in (start..bytes.len()).rev() {
        let needs = match bytes[at] {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            0x80.. => continue,
            _ => 1,
        };
        return if bytes.len() - at < needs { at } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(portions: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut told: Vec<_> = portions.iter().flat_map(|portion| lines.push(portion)).collect();
        told.extend(lines.rest());
        told
    }

    #[test]
    fn lines_are_told_without_their_ends() {
        let table: [(&[&[u8]], &[&str]); 8] = [
            (&[b"a\nb\n"], &["a", "b"]),
            (&[b"a", b"b\nc"], &["ab", "c"]),
            (&[b"a\r\nb\r", b"\nc"], &["a", "b", "c"]),
            (&[b"10%\r20%\r\r30%\n"], &["10%", "20%", "30%"]),
            (&[b"\n\n"], &["", ""]),
            (&[b"a\xff\n"], &["a\u{fffd}"]),
            (&["é".as_bytes().split_at(1).0, "é".as_bytes().split_at(1).1], &["é"]),
            (&[], &[]),
        ];

        for (portions, expected) in table {
            assert_eq!(all(portions), expected, "{portions:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_told_in_pieces_and_no_character_is_torn() {
        let long = "é".repeat(LONGEST) + "x";

        let told = all(&[b"a", long.as_bytes()]);

        assert!(told.iter().all(|piece| piece.len() <= LONGEST));
        assert_eq!(told.concat(), format!("a{long}"));
    }

    proptest! {
        #[test]
        fn how_bytes_are_portioned_does_not_matter(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..100),
            cut in 0usize..100,
        ) {
            let cut = cut.min(bytes.len());

            prop_assert_eq!(all(&[&bytes]), all(&[&bytes[..cut], &bytes[cut..]]));
        }
    }
}

//! Texts and bytes of Python's, in all their quotes.

use super::Reader;
use crate::job::call::plain::Plain;

/// What stands before the quotes.
#[derive(Clone, Copy, Default)]
struct Prefix {
    is_raw: bool,
    is_bytes: bool,
}

impl Reader<'_> {
    /// A text or bytes, if there are any; several beside each other are one.
    pub(super) fn string(&mut self) -> Result<Option<Plain>, String> {
        let mut whole: Option<(String, bool)> = None;
        while let Some(prefix) = self.prefix()? {
            let part = self.quoted(prefix)?;
            match &mut whole {
                None => whole = Some((part, prefix.is_bytes)),
                Some((text, is_bytes)) if *is_bytes == prefix.is_bytes => text.push_str(&part),
                Some(_) => return Err(self.wrong("texts and bytes cannot be joined, before this")),
            }
            self.skip_blanks();
        }
        Ok(whole.map(|(text, is_bytes)| {
            if !is_bytes {
                return Plain::Text(text);
            }
            // Every character of bytes is one of the first 256.
            Plain::Bytes(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or_default()).collect())
        }))
    }

    /// What stands before a quote; it is passed over.
    fn prefix(&mut self) -> Result<Option<Prefix>, String> {
        let rest = self.rest();
        let Some(length) = rest.find(['"', '\'']).filter(|length| *length <= 2) else { return Ok(None) };
        let letters = rest[..length].to_ascii_lowercase();
        let prefix = match letters.as_str() {
            "" | "u" => Prefix::default(),
            "r" => Prefix { is_raw: true, is_bytes: false },
            "b" => Prefix { is_raw: false, is_bytes: true },
            "br" | "rb" => Prefix { is_raw: true, is_bytes: true },
            "f" | "fr" | "rf" | "t" | "tr" | "rt" => {
                return Err(self.wrong("a text that is computed is no literal"));
            }
            _ => return Ok(None),
        };
        self.at += length;
        Ok(Some(prefix))
    }

    fn quoted(&mut self, prefix: Prefix) -> Result<String, String> {
        let quote = if self.rest().starts_with("\"\"\"") || self.rest().starts_with("'''") { 3 } else { 1 };
        let end = self.rest()[..quote].to_owned();
        self.at += quote;
        let mut text = String::new();
        loop {
            if self.take(&end) {
                return Ok(text);
            }
            let c = self.peek().ok_or_else(|| self.wrong("a text does not end"))?;
            match c {
                '\\' if prefix.is_raw => {
                    // A quote behind it does not end the text, and both stay.
                    text.push(c);
                    self.at += 1;
                    let next = self.peek().ok_or_else(|| self.wrong("a text does not end"))?;
                    self.literal(next, prefix, &mut text)?;
                }
                '\\' => self.escape(prefix, &mut text)?,
                '\n' if quote == 1 => return Err(self.wrong("a text does not end on its line")),
                '\0' => return Err(self.wrong("there must be no NUL")),
                c => self.literal(c, prefix, &mut text)?,
            }
        }
    }

    fn literal(&mut self, c: char, prefix: Prefix, text: &mut String) -> Result<(), String> {
        if prefix.is_bytes && !c.is_ascii() {
            return Err(self.wrong("bytes are written in ASCII, and others as \\xff"));
        }
        self.at += c.len_utf8();
        text.push(c);
        Ok(())
    }

    fn escape(&mut self, prefix: Prefix, text: &mut String) -> Result<(), String> {
        let start = self.at;
        self.at += 1;
        let c = self.peek().ok_or_else(|| self.wrong("a text does not end"))?;
        let simple = "\\'\"abfnrtv".find(c).and_then(|at| "\\'\"\u{7}\u{8}\u{c}\n\r\t\u{b}".chars().nth(at));
        let code = match c {
            '\n' => {
                self.at += 1;
                return Ok(());
            }
            '0'..='7' => {
                let digits =
                    self.rest().bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let code = u32::from_str_radix(&self.rest()[..digits], 8).unwrap_or_default();
                self.at += digits;
                // RQ: Python's bytes take the lowest eight bits.
                if prefix.is_bytes { code & 0xff } else { code }
            }
            'x' => self.hexadecimal(2)?,
            'u' if !prefix.is_bytes => self.hexadecimal(4)?,
            'U' if !prefix.is_bytes => self.hexadecimal(8)?,
            'N' if !prefix.is_bytes => {
                return Err(self.wrong("characters by name cannot be read without Python"));
            }
            _ => {
                if let Some(simple) = simple {
                    self.at += 1;
                    text.push(simple);
                    return Ok(());
                }
                // What is no escape stays as it is.
                text.push('\\');
                return self.literal(c, prefix, text);
            }
        };
        let character = char::from_u32(code);
        self.at = if character.is_some() { self.at } else { start };
        text.push(character.ok_or_else(|| self.wrong("half a character cannot be written"))?);
        Ok(())
    }

    /// So many digits behind a letter.
    fn hexadecimal(&mut self, count: usize) -> Result<u32, String> {
        let digits =
            self.rest().get(1..=count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.wrong(&format!("{count} hexadecimal digits were expected")))?;
        self.at += 1 + count;
        Ok(code)
    }
}

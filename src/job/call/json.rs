//! Reading JSON as Python's `json.loads` does: whole numbers of any size, `NaN` and `Infinity`, and the last of equal keys.

use super::plain::Plain;
use super::whole::Whole;

/// How deep lists and objects may stand in each other.
const DEEP: usize = 200;

/// The value of a text, or what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Plain, String> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    let value = reader.value(0)?;
    reader.skip_blanks();
    if reader.at < text.len() { Err(reader.wrong("the end was expected")) } else { Ok(value) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Plain, String> {
        if depth > DEEP {
            return Err(format!("it is nested more than {DEEP} deep"));
        }
        match self.peek() {
            Some('"') => Ok(Plain::Text(self.string()?)),
            Some('[') => self.list(depth),
            Some('{') => self.object(depth),
            _ => self.word().map_or_else(|| self.number(), Ok),
        }
    }

    fn word(&mut self) -> Option<Plain> {
        let words = [
            ("null", Plain::None),
            ("true", Plain::Bool(true)),
            ("false", Plain::Bool(false)),
            ("NaN", Plain::Float(f64::NAN)),
            ("Infinity", Plain::Float(f64::INFINITY)),
            ("-Infinity", Plain::Float(f64::NEG_INFINITY)),
        ];
        words.into_iter().find_map(|(word, value)| self.take(word).then_some(value))
    }

    fn list(&mut self, depth: usize) -> Result<Plain, String> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_blanks();
        if self.take("]") {
            return Ok(Plain::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_blanks();
            if self.take("]") {
                return Ok(Plain::List(items));
            }
            self.expect(",")?;
            self.skip_blanks();
        }
    }

    fn object(&mut self, depth: usize) -> Result<Plain, String> {
        let mut pairs = Vec::new();
        self.at += 1;
        self.skip_blanks();
        if !self.take("}") {
            loop {
                if self.peek() != Some('"') {
                    return Err(self.wrong("a key in double quotes was expected"));
                }
                let key = self.string()?;
                self.skip_blanks();
                self.expect(":")?;
                self.skip_blanks();
                pairs.push((Plain::Text(key), self.value(depth + 1)?));
                self.skip_blanks();
                if self.take("}") {
                    break;
                }
                self.expect(",")?;
                self.skip_blanks();
            }
        }
        Ok(Plain::table(pairs).expect("a text can be a key"))
    }

    fn number(&mut self) -> Result<Plain, String> {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let sign = usize::from(rest.starts_with('-'));
        let whole = if rest[sign..].starts_with('0') { 1 } else { digits(&rest[sign..]) };
        if whole == 0 {
            return Err(self.wrong("a value was expected"));
        }
        let mut end = sign + whole;
        let fraction = rest[end..].strip_prefix('.').map_or(0, digits);
        if fraction > 0 {
            end += 1 + fraction;
        }
        if let Some(power) = rest[end..].strip_prefix(['e', 'E']) {
            let signed = usize::from(power.starts_with(['+', '-']));
            let count = digits(&power[signed..]);
            end += if count > 0 { 1 + signed + count } else { 0 };
        }
        let text = &rest[..end];
        if end > sign + whole {
            let number = text.parse().expect("these are digits of a float");
            self.at += end;
            return Ok(Plain::Float(number));
        }
        let number = Whole::parse(&text[sign..], 10).ok_or_else(|| self.wrong("the number is too long"))?;
        self.at += end;
        Ok(Plain::Int(if sign > 0 { number.negated() } else { number }))
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let c = self.peek().ok_or_else(|| self.wrong("a text does not end"))?;
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                '\0'..='\x1f' => {
                    return Err(self.wrong("control characters in texts are written as \\n or \\u000a"));
                }
                c => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let escaped = self.rest().chars().nth(1);
        let plain =
            escaped.and_then(|c| "\"\\/bfnrt".find(c).and_then(|at| "\"\\/\u{8}\u{c}\n\r\t".chars().nth(at)));
        if let Some(plain) = plain {
            self.at += 2;
            return Ok(plain);
        }
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.wrong("half a character cannot be written"));
        }
        let second = if self.rest().starts_with("\\u") { self.unit()? } else { 0 };
        let pair =
            char::decode_utf16([first, second].map(|unit| u16::try_from(unit).unwrap_or_default())).next();
        pair.and_then(Result::ok).ok_or_else(|| self.wrong("half a character cannot be written"))
    }

    /// `\uXXXX`.
    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.rest().strip_prefix("\\u").and_then(|rest| rest.get(..4));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wrong("no such escape"))?;
        self.at += 6;
        Ok(unit)
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) { Ok(()) } else { Err(self.wrong(&format!("{word:?} was expected"))) }
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} at character {}", self.text[..self.at].chars().count() + 1)
    }
}

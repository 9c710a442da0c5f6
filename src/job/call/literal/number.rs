//! Numbers of Python's: whole ones in four bases, floats, and underscores between digits.

use super::Reader;
use crate::job::call::plain::Plain;
use crate::job::call::whole::Whole;

impl Reader<'_> {
    /// A number without a sign.
    pub(super) fn number(&mut self) -> Result<Plain, String> {
        let rest = self.rest();
        if rest.starts_with("...") {
            return Err(self.wrong("an ellipsis cannot be written without Python"));
        }
        let length = length(rest);
        let text = &rest[..length];
        if text.ends_with(['j', 'J']) {
            return Err(self.wrong("complex numbers cannot be written without Python"));
        }
        let value = based(text)
            .or_else(|| decimal(text))
            .ok_or_else(|| self.wrong("this is no number of Python's, or one of more than 4300 digits,"))?;
        self.at += length;
        Ok(value)
    }
}

/// How far all reaches that could belong to a number.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_based = text.get(..2).is_some_and(|head| ["0x", "0X", "0o", "0O", "0b", "0B"].contains(&head));
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let after_power = !is_based && at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        let belongs = byte.is_ascii_alphanumeric()
            || *byte == b'_'
            || (*byte == b'.' && !is_based)
            || (matches!(byte, b'+' | b'-') && after_power);
        if !belongs {
            break;
        }
        at += 1;
    }
    at
}

/// `0xff`, `0o17`, `0b1`.
fn based(text: &str) -> Option<Plain> {
    let base = match text.get(..2)? {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return None,
    };
    let digits = &text[2..];
    // One underscore may follow the base.
    let digits = digits.strip_prefix('_').unwrap_or(digits);
    Whole::parse(&joined(digits)?, base).map(Plain::Int)
}

fn decimal(text: &str) -> Option<Plain> {
    let (mantissa, power) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| joined(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    if power.is_none() && fraction.is_none() {
        let whole = digits(whole)?;
        // Python: zeros in front are allowed for zero alone.
        let is_octal_of_old = whole.starts_with('0') && whole.bytes().any(|byte| byte != b'0');
        return Whole::parse(&whole, 10).filter(|_| !is_octal_of_old).map(Plain::Int);
    }
    let or_nothing = |text: &str| if text.is_empty() { Some(String::new()) } else { digits(text) };
    let (whole, fraction) = (or_nothing(whole)?, or_nothing(fraction.unwrap_or_default())?);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let power = match power {
        None => "0".to_owned(),
        Some(power) => {
            let sign = if power.starts_with('-') { "-" } else { "" };
            sign.to_owned() + &digits(power.strip_prefix(['+', '-']).unwrap_or(power))?
        }
    };
    format!("{whole}.{fraction}e{power}").parse().ok().map(Plain::Float)
}

/// Digits without their underscores, each of which stands between two digits; nothing when there is none.
fn joined(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('_').collect();
    parts.iter().all(|part| !part.is_empty()).then(|| parts.concat())
}

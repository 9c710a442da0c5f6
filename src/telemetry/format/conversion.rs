//! How one value is shown: what follows `%(field)` in a format.

use super::FormatError;
use super::field::Value;

/// The greatest width or precision that a format may ask for.
pub(super) const WIDEST: usize = 1_000;

/// Flags, width, precision and letter of a conversion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conversion {
    fill: Fill,
    /// What stands before a number that is not negative.
    sign: &'static str,
    /// Whether the base of a number is told.
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

/// What makes a short value as wide as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fill {
    /// Blanks before it.
    #[default]
    Before,
    /// Blanks behind it.
    Behind,
    /// Zeros between the sign and the digits; blanks before a text.
    Zeros,
}

impl Conversion {
    /// Reads a conversion and returns what follows it; `None` when there is none.
    pub(super) fn parse(text: &str) -> Result<Option<(Self, &str)>, FormatError> {
        let mut conversion = Self::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next().filter(|c| "-0+ #".contains(*c)) {
            match flag {
                '-' => conversion.fill = Fill::Behind,
                '0' if conversion.fill == Fill::Before => conversion.fill = Fill::Zeros,
                '+' => conversion.sign = "+",
                ' ' if conversion.sign.is_empty() => conversion.sign = " ",
                '#' => conversion.alternate = true,
                // A flag that another one overrules.
                _ => {}
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        (conversion.width, rest) = number(rest)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after)?;
            conversion.precision = Some(precision);
            rest = after;
        }
        let Some(letter) = rest.chars().next().filter(|c| "diouxXeEfFgGsra".contains(*c)) else {
            return Ok(None);
        };
        conversion.letter = letter;
        Ok(Some((conversion, rest.get(1..).unwrap_or_default())))
    }

    /// The letter: which notation is asked for.
    pub(super) fn letter(&self) -> char {
        self.letter
    }

    /// Appends a value in this notation.
    pub(super) fn write(&self, value: &Value<'_>, line: &mut String) {
        match self.letter {
            's' | 'r' | 'a' => self.write_text(value, line),
            letter => {
                let digits = self.digits(value, letter);
                self.write_number(&digits, line);
            }
        }
    }

    /// Appends a value as text, cut to the precision and filled to the width.
    fn write_text(&self, value: &Value<'_>, line: &mut String) {
        let text = match value {
            Value::Text(text) => (*text).to_owned(),
            Value::Owned(text) => text.clone(),
            Value::Whole(number) => number.to_string(),
            // Both languages print the shortest decimal that reads back as the same number.
            Value::Broken(number) => format!("{number:?}"),
        };
        let quotes = self.letter != 's' && matches!(value, Value::Text(_) | Value::Owned(_));
        let text = if quotes { repr(&text) } else { text };
        let text: String = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        };
        let missing = self.width.saturating_sub(text.chars().count());
        let (before, behind) = if self.fill == Fill::Behind { (0, missing) } else { (missing, 0) };
        line.extend(std::iter::repeat_n(' ', before));
        line.push_str(&text);
        line.extend(std::iter::repeat_n(' ', behind));
    }

    /// The digits of a value; no field is ever negative.
    fn digits(&self, value: &Value<'_>, letter: char) -> String {
        match (letter, value) {
            ('x' | 'X' | 'o', Value::Whole(number)) => self.in_base(*number, letter),
            ('d' | 'i' | 'u', Value::Whole(number)) => self.with_least_digits(number.to_string()),
            ('d' | 'i' | 'u', Value::Broken(number)) => {
                self.with_least_digits(format!("{:.0}", number.trunc()))
            }
            #[expect(clippy::cast_precision_loss, reason = "Python converts to a float as well")]
            (_, Value::Whole(number)) => self.with_fraction(*number as f64, letter),
            (_, Value::Broken(number)) => self.with_fraction(*number, letter),
            // `LineFormat::parse` refuses letters that do not suit the field.
            (_, Value::Text(_) | Value::Owned(_)) => String::new(),
        }
    }

    /// A whole number in base 16 or 8.
    fn in_base(&self, number: u64, letter: char) -> String {
        let (mark, digits) = match letter {
            'x' => ("0x", format!("{number:x}")),
            'X' => ("0X", format!("{number:X}")),
            _ => ("0o", format!("{number:o}")),
        };
        let digits = self.with_least_digits(digits);
        if self.alternate { format!("{mark}{digits}") } else { digits }
    }

    /// Digits with zeros in front, up to the precision.
    fn with_least_digits(&self, digits: String) -> String {
        let least = self.precision.unwrap_or(0);
        if digits.len() >= least { digits } else { "0".repeat(least - digits.len()) + &digits }
    }

    /// A number in one of C's three notations for fractions.
    fn with_fraction(&self, number: f64, letter: char) -> String {
        let precision = self.precision.unwrap_or(6);
        let text = match letter.to_ascii_lowercase() {
            'f' => format!("{number:.precision$}"),
            'e' => exponential(number, precision),
            _ => general(number, precision.max(1)),
        };
        if letter.is_ascii_uppercase() { text.to_uppercase() } else { text }
    }

    /// Appends sign and digits, filled to the width.
    fn write_number(&self, digits: &str, line: &mut String) {
        let missing = self.width.saturating_sub(self.sign.len() + digits.len());
        let (before, zeros, behind) = match self.fill {
            Fill::Before => (missing, 0, 0),
            Fill::Zeros => (0, missing, 0),
            Fill::Behind => (0, 0, missing),
        };
        line.extend(std::iter::repeat_n(' ', before));
        line.push_str(self.sign);
        line.extend(std::iter::repeat_n('0', zeros));
        line.push_str(digits);
        line.extend(std::iter::repeat_n(' ', behind));
    }
}

/// Reads digits, which may be none.
fn number(text: &str) -> Result<(usize, &str), FormatError> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((0, rest));
    }
    match digits.parse() {
        Ok(number) if number <= WIDEST => Ok((number, rest)),
        _ => Err(FormatError::TooWide { found: digits.to_owned() }),
    }
}

/// A text in quotes, as Python's `repr` has it.
fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c == quote => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

/// C's `%e`: the exponent has a sign and at least two digits.
fn exponential(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// C's `%g`: the shorter of the two notations, without zeros at the end.
fn general(number: f64, precision: usize) -> String {
    let scientific = exponential(number, precision - 1);
    let exponent: i32 = scientific.rsplit_once('e').and_then(|(_, text)| text.parse().ok()).unwrap_or(0);
    let in_range = i32::try_from(precision).is_ok_and(|most| (-4..most).contains(&exponent));
    let (mantissa, tail) = if in_range {
        let decimals =
            usize::try_from(i32::try_from(precision).unwrap_or(i32::MAX) - 1 - exponent).unwrap_or(0);
        (format!("{number:.decimals$}"), String::new())
    } else {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        (mantissa.to_owned(), format!("e{exponent}"))
    };
    let short =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { &mantissa };
    format!("{short}{tail}")
}

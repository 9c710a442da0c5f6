//! Whole numbers of any size, as Python has them: read from digits, written in decimals or as two's complement.

use std::fmt;

/// The most decimal digits that Python itself reads and writes.
const DIGITS: usize = 4300;

/// A whole number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    is_negative: bool,
    /// Its size in base 2³², the lowest first, without zeros at the end.
    limbs: Vec<u32>,
}

impl Whole {
    /// The number that these digits of a base (2 to 36) say; nothing when one is no digit, or Python would refuse it for its
    /// length.
    pub(super) fn parse(digits: &str, base: u32) -> Option<Self> {
        // No base up to 36 needs more digits than base 2 does, which is four times as many as base 10 at most.
        if digits.is_empty() || digits.len() > 4 * DIGITS {
            return None;
        }
        let mut whole = Self { is_negative: false, limbs: Vec::new() };
        for digit in digits.chars() {
            whole.push(digit.to_digit(base)?, base);
        }
        (whole.decimals().len() <= DIGITS).then_some(whole)
    }

    /// The same size below zero.
    pub(super) fn negated(mut self) -> Self {
        self.is_negative = !self.is_negative && !self.limbs.is_empty();
        self
    }

    /// Little-endian two's complement of as few bytes as hold it, as pickles have it; none for zero.
    pub(super) fn complement(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        bytes.push(0);
        if self.is_negative {
            let mut carry = true;
            for byte in &mut bytes {
                let (next, overflow) = (!*byte).overflowing_add(u8::from(carry));
                (*byte, carry) = (next, overflow);
            }
        }
        let sign = if self.is_negative { 0xff } else { 0 };
        while let [.., before, last] = bytes[..]
            && last == sign
            && (before >> 7 == 1) == self.is_negative
        {
            bytes.pop();
        }
        if bytes == [0] { Vec::new() } else { bytes }
    }

    /// As a machine's number, when it fits.
    pub(super) fn small(&self) -> Option<i64> {
        self.to_string().parse().ok()
    }

    fn push(&mut self, digit: u32, base: u32) {
        let mut carry = u64::from(digit);
        for limb in &mut self.limbs {
            let wide = u64::from(*limb) * u64::from(base) + carry;
            *limb = low(wide);
            carry = wide >> 32;
        }
        if carry > 0 {
            self.limbs.push(low(carry));
        }
    }

    /// The size in decimals.
    fn decimals(&self) -> String {
        const PART: u64 = 1_000_000_000;
        let mut limbs = self.limbs.clone();
        let mut parts = Vec::new();
        while !limbs.is_empty() {
            let mut rest = 0;
            for limb in limbs.iter_mut().rev() {
                let wide = (rest << 32) | u64::from(*limb);
                *limb = low(wide / PART);
                rest = wide % PART;
            }
            parts.push(rest);
            while limbs.last() == Some(&0) {
                limbs.pop();
            }
        }
        let first = parts.pop().unwrap_or_default().to_string();
        parts.iter().rev().fold(first, |text, part| format!("{text}{part:09}"))
    }
}

/// The lower half.
fn low(wide: u64) -> u32 {
    u32::try_from(wide & u64::from(u32::MAX)).expect("it was cut to 32 bits")
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_negative { "-" } else { "" })?;
        f.write_str(&self.decimals())
    }
}

impl From<u64> for Whole {
    fn from(number: u64) -> Self {
        let mut limbs = vec![low(number), low(number >> 32)];
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Self { is_negative: false, limbs }
    }
}

impl From<i64> for Whole {
    fn from(number: i64) -> Self {
        let size = Self::from(number.unsigned_abs());
        if number < 0 { size.negated() } else { size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_base_are_written_in_decimals() {
        for (digits, base, decimals) in [
            ("0", 10, "0"),
            ("000", 10, "0"),
            ("340282366920938463463374607431768211456", 10, "340282366920938463463374607431768211456"),
            ("ffffffffffffffffff", 16, "4722366482869645213695"),
            ("1000000000", 10, "1000000000"),
            ("777", 8, "511"),
            ("101", 2, "5"),
        ] {
            assert_eq!(Whole::parse(digits, base).unwrap().to_string(), decimals);
        }
        assert_eq!(Whole::parse("12a", 10), None);
        assert_eq!(Whole::parse("", 10), None);
        assert!(Whole::parse(&"9".repeat(DIGITS), 10).is_some());
        assert_eq!(Whole::parse(&"9".repeat(DIGITS + 1), 10), None);
    }

    #[test]
    fn the_complement_is_as_short_as_can_be() {
        for number in [0_i64, 1, 127, 128, 255, 256, -1, -128, -129, -256, i64::MAX, i64::MIN] {
            let bytes = Whole::from(number).complement();

            let sign = if number < 0 { 0xff } else { 0 };
            let mut whole = [sign; 8];
            whole[..bytes.len()].copy_from_slice(&bytes);
            assert_eq!(i64::from_le_bytes(whole), number);
            let needed =
                (1..=8).find(|bytes| number == number << (64 - bytes * 8) >> (64 - bytes * 8)).unwrap();
            assert_eq!(bytes.len(), if number == 0 { 0 } else { needed }, "{number}");
        }
    }
}

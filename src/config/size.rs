//! Numbers of bytes as people write them.

use serde_json::Value;

use super::kind::describe;
use super::problem::Mismatch;

const EXPECTED: &str = "bytes, or a number with a unit (\"64KiB\", \"256MiB\", \"1GiB\", \"1MB\")";

/// The units in which sizes are shown, the largest first.
const SHOWN: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Reads a number of bytes or a text with a unit, within bounds.
pub(crate) fn read(raw: &Value, least: u64, most: u64) -> Result<u64, Mismatch> {
    let bytes = match raw {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => parse(text.trim()),
        _ => None,
    };
    match bytes {
        Some(bytes) if (least..=most).contains(&bytes) => Ok(bytes),
        Some(_) => Err(Mismatch::new(format!("from {} to {}", show(least), show(most)), describe(raw))),
        None => Err(Mismatch::new(EXPECTED, describe(raw))),
    }
}

/// `1048576`, `64MiB`, `1 GiB`, `1MB`; none when it is anything else.
fn parse(text: &str) -> Option<u64> {
    let number_ends = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(number_ends);
    number.parse::<u64>().ok()?.checked_mul(bytes_in(unit.trim_start())?)
}

fn bytes_in(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    })
}

/// The form in which sizes are shown: the largest unit that loses nothing.
pub(crate) fn show(bytes: u64) -> String {
    let fits = |unit: &&(&str, u64)| bytes >= unit.1 && bytes.is_multiple_of(unit.1);
    SHOWN
        .iter()
        .find(fits)
        .map_or_else(|| format!("{bytes}B"), |(unit, size)| format!("{}{unit}", bytes / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_bytes_or_a_number_with_a_unit() {
        let cases = [
            ("0", Some(0)),
            ("1048576", Some(1 << 20)),
            ("12B", Some(12)),
            ("64KiB", Some(64 << 10)),
            ("64 mib", Some(64 << 20)),
            ("1GiB", Some(1 << 30)),
            ("3m", Some(3 << 20)),
            ("5MB", Some(5_000_000)),
            ("", None),
            ("MiB", None),
            ("-1", None),
            ("1.5GiB", None),
            ("12 parsecs", None),
            ("99999999999999999999GiB", None),
            ("18446744073709551615GiB", None),
        ];

        for (text, bytes) in cases {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for (bytes, shown) in [(1, "1B"), (1500, "1500B"), (64 << 10, "64KiB"), (384 << 20, "384MiB")] {
            assert_eq!((show(bytes).as_str(), parse(shown)), (shown, Some(bytes)));
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_told_with_them() {
        let mismatch = read(&"1GiB".into(), 1, 384 << 20).unwrap_err();

        assert_eq!(mismatch, Mismatch::new("from 1B to 384MiB", "\"1GiB\""));
    }
}

//! Spans of time as people write them.

use std::time::Duration;

use serde_json::Value;

use super::kind::describe;
use super::problem::Mismatch;

/// The longest span that a setting may be: a hundred years, which every clock here can add to now.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

const EXPECTED: &str = "seconds, or a number with a unit (\"250ms\", \"10s\", \"5m\", \"1h30m\", \"2d\")";

/// Reads a number of seconds or a text with units; nothing below `least`.
pub(crate) fn read(raw: &Value, least: Duration) -> Result<Duration, Mismatch> {
    let span = match raw {
        Value::Number(number) => {
            number.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        }
        Value::String(text) => parse(text.trim()),
        _ => None,
    };
    let negative = raw.as_f64().is_some_and(|seconds| seconds < 0.0)
        || raw
            .as_str()
            .is_some_and(|text| text.trim().starts_with('-') && parse(&text.trim()[1..]).is_some());
    match span {
        Some(span) if span < least => Err(Mismatch::new(at_least(least), describe(raw))),
        Some(span) if span > LONGEST => Err(Mismatch::new("at most 100 years", describe(raw))),
        Some(span) => Ok(span),
        None if negative => Err(Mismatch::new(at_least(least), describe(raw))),
        None => Err(Mismatch::new(EXPECTED, describe(raw))),
    }
}

fn at_least(least: Duration) -> String {
    format!("at least {}", show(least))
}

/// `90`, `1.5`, `90s`, `1h30m`, `250ms`; none when it is anything else.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain(text) {
        return Duration::try_from_secs_f64(text.parse().ok()?).ok();
    }
    let mut rest = text;
    let mut whole = Duration::ZERO;
    while !rest.is_empty() {
        let number_ends = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number_ends);
        let unit_ends = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_ends);
        if !plain(number) {
            return None;
        }
        let seconds = number.parse::<f64>().ok()? * unit_seconds(unit)?;
        whole = whole.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = tail.trim_start();
    }
    (!text.is_empty()).then_some(whole)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "ms" => 0.001,
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    })
}

/// The form in which spans are shown: seconds, or milliseconds where seconds would lose something.
pub(crate) fn show(span: Duration) -> String {
    if span.subsec_nanos() == 0 { format!("{}s", span.as_secs()) } else { format!("{}ms", span.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_seconds_or_a_number_with_units() {
        let cases = [
            ("0", Some(0)),
            ("90", Some(90_000)),
            ("1.5", Some(1_500)),
            ("250ms", Some(250)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("1h 30m", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("", None),
            ("s", None),
            ("10 parsecs", None),
            ("1..5s", None),
            ("-5s", None),
            ("1e400", None),
            ("99999999999999999999999999s", None),
        ];

        for (text, expected) in cases {
            assert_eq!(parse(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn what_is_too_short_is_told_with_the_least() {
        let mismatch = read(&"0s".into(), Duration::from_secs(1)).unwrap_err();

        assert_eq!(mismatch, Mismatch::new("at least 1s", "\"0s\""));
    }
}

//! Times and numbers of RQ's options.

use std::time::Duration;

use crate::cli::exit::{Exit, Failure};
use crate::job::Timestamp;
use crate::job::calendar::Zone;

/// Seconds, as a number or with a unit.
pub(in crate::cli) fn seconds(option: &str, text: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let told = number(text).or_else(|| {
        let unit = text.chars().next_back()?;
        let factor = match unit.to_ascii_lowercase() {
            'd' => 86400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        number(&text[..text.len() - unit.len_utf8()])?.checked_mul(factor)
    });
    told.map(Some).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{option} {text:?} is no time"))
            .with_hint("write seconds, or digits and a unit: 90s, 5m, 2h, 1d")
    })
}

/// The time limit: not zero.
pub(super) fn timeout(text: Option<&str>) -> Result<Option<i64>, Failure> {
    match seconds("--timeout", text)? {
        Some(0) => Err(Failure::new(Exit::Usage, "0 timeout is not allowed").with_hint("-1 is without end")),
        timeout => Ok(timeout),
    }
}

/// How long the job may wait: more than nothing.
pub(super) fn ttl(text: Option<&str>) -> Result<Option<i64>, Failure> {
    match seconds("--ttl", text)? {
        Some(ttl) if ttl <= 0 => Err(Failure::new(Exit::Usage, "--ttl must be greater than 0")),
        ttl => Ok(ttl),
    }
}

/// Retries and their intervals.
pub(super) fn retry(most: i64, intervals: &[i64]) -> Result<Option<(i64, Vec<i64>)>, Failure> {
    if most <= 0 {
        return Ok(None);
    }
    if intervals.iter().any(|interval| *interval < 0) {
        return Err(Failure::new(Exit::Usage, "--retry-interval must not be negative"));
    }
    Ok(Some((most, if intervals.is_empty() { vec![0] } else { intervals.to_vec() })))
}

/// When the job is to be enqueued; nothing for at once.
pub(super) fn due(
    after: Option<&str>,
    at: Option<&str>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    if after.is_some() && at.is_some() {
        return Err(Failure::new(Exit::Usage, "you can't specify both --schedule-in and --schedule-at"));
    }
    if let Some(seconds) = seconds("--schedule-in", after)? {
        let span = Duration::from_secs(seconds.unsigned_abs());
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        return Ok(Some(now.moved(if seconds < 0 { -micros } else { micros })));
    }
    let Some(at) = at else { return Ok(None) };
    Zone::local().moment(at).map(Some).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("--schedule-at {at:?} is no time"))
            .with_hint("write it as 2027-05-27T21:45:00; it is the time of this machine's zone")
    })
}

/// RQ: a number as Python reads it, with underscores and blanks around it.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number =
        digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if is_number { text.replace('_', "").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_rq_reads_them() {
        for (text, expected) in [
            ("90", Some(90)),
            ("-1", Some(-1)),
            (" 1_000 ", Some(1000)),
            ("5m", Some(300)),
            ("2H", Some(7200)),
            ("1d", Some(86400)),
            ("10s", Some(10)),
            ("", None),
            ("m", None),
            ("5 weeks", None),
            ("1.5", None),
            ("99999999999999999999d", None),
            ("5ü", None),
        ] {
            assert_eq!(seconds("--ttl", Some(text)).ok().flatten(), expected, "{text}");
        }
    }
}

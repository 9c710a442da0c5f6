//! Times as Python prints them.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

/// A duration as `str(datetime.timedelta)` tells it.
pub(crate) fn timedelta(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let days = seconds / 86_400;
    let mut text = match days {
        0 => String::new(),
        1 => "1 day, ".to_owned(),
        _ => format!("{days} days, "),
    };
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    // Writing to a string cannot fail.
    let _ = write!(text, "{hours}:{minutes:02}:{seconds:02}");
    if duration.subsec_micros() > 0 {
        let _ = write!(text, ".{:06}", duration.subsec_micros());
    }
    text
}

/// A time as `str(datetime.now(timezone.utc))` tells it.
pub(crate) fn datetime(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    if at.microsecond() > 0 {
        let _ = write!(text, ".{:06}", at.microsecond());
    }
    text.push_str("+00:00");
    text
}

/// A time as RFC 3339 has it, in UTC and with six digits.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.microsecond()
    )
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_duration_reads_as_a_timedelta() {
        for (microseconds, text) in [
            (3_397, "0:00:00.003397"),
            (0, "0:00:00"),
            (61_000_000, "0:01:01"),
            (86_400_000_000, "1 day, 0:00:00"),
            (180_000_000_001, "2 days, 2:00:00.000001"),
        ] {
            assert_eq!(timedelta(Duration::from_micros(microseconds)), text);
        }
    }

    #[test]
    fn a_time_reads_as_an_aware_datetime() {
        let second = UNIX_EPOCH + Duration::from_secs(1_795_332_720);

        assert_eq!(datetime(second), "2026-11-22 07:32:00+00:00");
        assert_eq!(datetime(second + Duration::from_micros(120)), "2026-11-22 07:32:00.000120+00:00");
    }
}

//! Stretches of time after which a file is put aside.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How long one file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Every {
    Minute,
    Hour,
    Day,
    Week,
}

impl Every {
    /// The name of the stretch that a time is in, by the clock of that zone. Later ones come later in the alphabet.
    pub(super) fn label(self, at: SystemTime, zone: &TimeZone) -> String {
        let at = Timestamp::try_from(at).unwrap_or_default().to_zoned(zone.clone());
        let date = at.date();
        match self {
            Self::Minute => format!("{date}_{:02}-{:02}", at.hour(), at.minute()),
            Self::Hour => format!("{date}_{:02}", at.hour()),
            Self::Day => date.to_string(),
            Self::Week => {
                let week = date.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_stretch_has_the_name_that_the_local_clock_gives_it() {
        // A Sunday evening in UTC, which is Monday already where the sun is earlier.
        let at = UNIX_EPOCH + Duration::from_secs(1_795_389_660);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();

        for (every, utc, local) in [
            (Every::Minute, "2026-11-22_23-21", "2026-11-23_00-21"),
            (Every::Hour, "2026-11-22_23", "2026-11-23_00"),
            (Every::Day, "2026-11-22", "2026-11-23"),
            (Every::Week, "2026-W47", "2026-W48"),
        ] {
            assert_eq!(
                (every.label(at, &TimeZone::UTC), every.label(at, &berlin)),
                (utc.into(), local.into())
            );
        }
    }
}

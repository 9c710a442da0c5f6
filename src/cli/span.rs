//! Spans of time as a person says them.

/// So many seconds: the two largest units.
pub(super) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// The same of a number that may be anything: a clock that was set back gives none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is cut to whole seconds above zero"
)]
pub(super) fn span_of(seconds: f64) -> String {
    span(seconds.max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_their_two_largest_units() {
        for (seconds, told) in [
            (-3.0, "0s"),
            (59.9, "59s"),
            (61.0, "1m 1s"),
            (7384.0, "2h 3m"),
            (360_000.0, "4d 4h"),
            (f64::NAN, "0s"),
        ] {
            assert_eq!(span_of(seconds), told);
        }
    }
}

//! The wall clock as C tells it: local time, in the user's own format.
#![expect(unsafe_code, reason = "the standard library knows no local time")]

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest text that a date format may make; more is cut off to nothing rather than grown without bound.
const LONGEST: usize = 4096;

/// A format of C's `strftime`, checked to be one that can be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateFormat(CString);

impl DateFormat {
    /// Takes a format; `None` when it has a zero byte, which C cannot see past.
    pub(crate) fn new(format: &str) -> Option<Self> {
        CString::new(format).ok().map(Self)
    }

    /// Tells `at` in local time. A time outside of what C can express becomes an empty text.
    pub(crate) fn local(&self, at: SystemTime) -> String {
        let Some(broken_down) = local_time(at) else { return String::new() };
        let mut text = vec![0_u8; 128];
        while text.len() <= LONGEST {
            // SAFETY: the buffer is writable for the length given, the format ends with a zero byte, and `tm` was filled by
            // `localtime_r`, whose `tm_zone` points to memory that libc keeps.
            let written = unsafe {
                libc::strftime(text.as_mut_ptr().cast(), text.len(), self.0.as_ptr(), &raw const broken_down)
            };
            if written > 0 {
                text.truncate(written);
                return String::from_utf8_lossy(&text).into_owned();
            }
            // Nothing written is either an empty result (`%p` in some locales) or a buffer too small.
            text.resize(text.len() * 4, 0);
        }
        String::new()
    }
}

/// Breaks a time down into the fields of the local calendar.
fn local_time(at: SystemTime) -> Option<libc::tm> {
    let seconds = match at.duration_since(UNIX_EPOCH) {
        Ok(since) => libc::time_t::try_from(since.as_secs()).ok()?,
        // A time before the epoch counts down from its whole second, as Python's `localtime` does.
        Err(before) => {
            let before = before.duration();
            let whole = libc::time_t::try_from(before.as_secs()).ok()?;
            -whole - libc::time_t::from(before.subsec_nanos() > 0)
        }
    };
    let mut broken_down = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right type; the call writes the second and keeps neither.
    let filled = unsafe { libc::localtime_r(&raw const seconds, broken_down.as_mut_ptr()) };
    if filled.is_null() {
        return None;
    }
    // SAFETY: `localtime_r` did not fail, so it filled the whole structure.
    Some(unsafe { broken_down.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_reads_as_pythons_strftime_tells_it() {
        let at = UNIX_EPOCH + Duration::from_millis(1_795_332_720_500);
        for format in ["%H:%M:%S", "%Y-%m-%d %H:%M:%S %z", "%A %d %B %y, week %V", "plain", "100%%"] {
            let python = std::process::Command::new("python3")
                .args([
                    "-c",
                    "import sys, time; print(time.strftime(sys.argv[1], time.localtime(1795332720.5)))",
                ])
                .arg(format)
                .output()
                .unwrap();

            let ours = DateFormat::new(format).unwrap().local(at);

            assert_eq!(ours, String::from_utf8(python.stdout).unwrap().trim_end_matches('\n'));
        }
    }

    #[test]
    fn an_empty_result_and_a_long_one_both_come_out_whole() {
        let at = UNIX_EPOCH + Duration::from_secs(1);

        assert_eq!(DateFormat::new("").unwrap().local(at), "");
        assert_eq!(DateFormat::new(&"x".repeat(1000)).unwrap().local(at).len(), 1000);
        assert!(DateFormat::new("a\0b").is_none());
    }

    #[test]
    fn a_time_that_c_cannot_tell_is_no_text() {
        let far = UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);

        assert_eq!(DateFormat::new("%Y").unwrap().local(far), "");
        assert_eq!(DateFormat::new("%S").unwrap().local(UNIX_EPOCH - Duration::from_millis(500)), "59");
    }
}

//! A job's hash, read defensively: whatever stands in it, the worker goes on.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::job::{Fields, Job, JobId, Keep, LONGEST, LimitBy, QueueName, whole_seconds};

/// RQ: the limit of a job that names none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(180);

/// Statuses that RQ 3.0 knows; its clients raise on any other.
const STATUSES: [&str; 11] = [
    "created",
    "queued",
    "deferred",
    "ready_to_enqueue",
    "rate_limited",
    "scheduled",
    "started",
    "finished",
    "failed",
    "stopped",
    "canceled",
];

/// Moments that clients parse; one that they cannot read makes them raise.
const MOMENTS: [&str; 3] = ["created_at", "enqueued_at", "ended_at"];

/// The job that a hash holds, or why it cannot be read.
pub(super) fn parse(id: JobId, origin: QueueName, fields: Fields) -> Result<Job, String> {
    let view = View(fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect());
    if let Some(status) = view.text("status")?.filter(|status| !STATUSES.contains(status)) {
        return Err(format!("its status {status:?} is none that RQ knows"));
    }
    for name in MOMENTS {
        view.moment(name)?;
    }
    let (timeout, limit_by) = view.timeout()?;
    Ok(Job {
        id,
        origin,
        description: view.text("description")?.map(str::to_owned),
        timeout,
        limit_by,
        result_ttl: view.number::<i64>("result_ttl")?.map(Keep::from_seconds),
        retries_left: view.number("retries_left")?.unwrap_or(0),
        retry_intervals: view.numbers("retry_intervals")?,
        retry_at_front: view.text("enqueue_at_front_on_retry")? == Some("1"),
        // Ours alone: junk in it is no reason to refuse the job.
        interruptions: view.number("rqd_interruptions").ok().flatten().unwrap_or(0),
        asked_retries: view.number("number_of_retries")?.unwrap_or(0),
        repeats_left: view.number("repeats_left")?.unwrap_or(0),
        repeat_intervals: view.numbers("repeat_intervals")?,
        fields,
    })
}

struct View<'a>(HashMap<&'a [u8], &'a [u8]>);

impl<'a> View<'a> {
    /// A field's text; an absent and an empty field say the same.
    fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        let Some(bytes) = self.0.get(name.as_bytes()).filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        std::str::from_utf8(bytes).map(Some).map_err(|_| format!("its {name} is not UTF-8"))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| format!("its {name} {text:?} is not a number that fits"))
    }

    fn numbers(&self, name: &str) -> Result<Vec<u64>, String> {
        let Some(text) = self.text(name)? else { return Ok(Vec::new()) };
        let list: Vec<Value> =
            serde_json::from_str(text).map_err(|_| format!("its {name} {text:?} is not a JSON list"))?;
        list.iter()
            .map(|item| {
                item.as_f64()
                    .map(whole_seconds)
                    .ok_or_else(|| format!("its {name} holds {item}, which is no number"))
            })
            .collect()
    }

    fn timeout(&self) -> Result<(Option<Duration>, LimitBy), String> {
        let Some(seconds) = self.number::<i64>("timeout")?.filter(|seconds| *seconds != 0) else {
            return Ok((Some(DEFAULT_TIMEOUT), LimitBy::Default));
        };
        let limit = u64::try_from(seconds).ok().map(|seconds| Duration::from_secs(seconds.min(LONGEST)));
        Ok((limit, LimitBy::Job))
    }

    /// RQ: `YYYY-MM-DDTHH:MM:SS`, then nothing or one to six digits, then `Z`.
    fn moment(&self, name: &str) -> Result<(), String> {
        let Some(text) = self.text(name)? else { return Ok(()) };
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let bytes = text.as_bytes();
        let is_moment = bytes.len() >= shape.len()
            && shape.iter().zip(bytes).all(|(s, b)| if *s == b'd' { b.is_ascii_digit() } else { s == b })
            && match bytes[shape.len()..].strip_suffix(b"Z") {
                Some([]) => true,
                Some([b'.', digits @ ..]) => {
                    (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
                }
                _ => false,
            };
        if is_moment { Ok(()) } else { Err(format!("its {name} {text:?} is not a moment that RQ can read")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job(fields: &[(&str, &str)]) -> Result<Job, String> {
        let fields =
            fields.iter().map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into())).collect();
        parse(JobId::new("j"), QueueName::new("default"), fields)
    }

    #[test]
    fn an_empty_field_says_as_little_as_an_absent_one() {
        let empty = job(&[("result_ttl", ""), ("ended_at", ""), ("timeout", ""), ("retries_left", "")]);

        assert_eq!(empty.unwrap().result_ttl, None);
    }

    #[test]
    fn limits_are_read_as_rq_reads_them() {
        for (text, limit) in [("30", Some(30)), ("-1", None), ("0", Some(180)), ("", Some(180))] {
            assert_eq!(job(&[("timeout", text)]).unwrap().timeout, limit.map(Duration::from_secs));
        }
    }

    #[test]
    fn what_clients_cannot_read_is_told_by_field() {
        let table = [
            ("status", "strange"),
            ("timeout", "5m"),
            ("created_at", "2026-11-22T07:31:55.1234567Z"),
            ("enqueued_at", "2026-11-22T07:31:55+00:00"),
            ("retry_intervals", "{}"),
            ("retries_left", "99999999999"),
        ];

        for (field, value) in table {
            assert!(job(&[(field, value)]).unwrap_err().contains(field), "{field}");
        }
    }

    #[test]
    fn moments_have_up_to_six_digits() {
        for text in ["2026-11-22T07:31:55Z", "2026-11-22T07:31:55.1Z", "2026-11-22T07:31:55.123456Z"] {
            assert!(job(&[("created_at", text)]).is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_hash_makes_the_reader_panic(fields in proptest::collection::vec(
            (proptest::sample::select(vec!["status", "timeout", "created_at", "retry_intervals", "webhooks", "ttl"]),
             proptest::collection::vec(any::<u8>(), 0..40)), 0..8)) {
            let fields = fields.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect();
            let _ = parse(JobId::new("j"), QueueName::new("q"), fields);
        }
    }
}

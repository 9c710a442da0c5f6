//! Check-ins of cron jobs: Sentry is told that a run began and how it ended, and misses those that do not come.

use serde_json::{Value, json};

use super::Options;
use crate::job::CronMark;

/// One word about a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckIn {
    /// The same for the begin and the end of a run.
    pub(super) id: String,
    pub(super) mark: CronMark,
    pub(super) status: &'static str,
    /// Seconds, at the end.
    pub(super) duration: Option<f64>,
}

impl CheckIn {
    /// In Sentry's form.
    pub(super) fn payload(&self, options: &Options) -> Value {
        let mut payload = json!({
            "check_in_id": self.id,
            "monitor_slug": slug(&self.mark.monitor),
            "status": self.status,
            "environment": options.environment,
        });
        if let Some(release) = &options.release {
            payload["release"] = release.as_str().into();
        }
        if let Some(duration) = self.duration {
            payload["duration"] = duration.into();
        }
        if let Some(config) = config(&self.mark) {
            payload["monitor_config"] = config;
        }
        payload
    }
}

/// A monitor's name as Sentry takes it.
fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    name.chars().take(50).map(plain).collect()
}

/// How Sentry is to watch the runs; nothing where it could not say the schedule, so that a monitor made by hand counts.
fn config(mark: &CronMark) -> Option<Value> {
    if let (Some(crontab), Some(zone)) = (&mark.crontab, &mark.zone) {
        let five = crontab.split_whitespace().count() == 5;
        return five.then(|| json!({"schedule": {"type": "crontab", "value": crontab}, "timezone": zone}));
    }
    let units = [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let seconds = mark.interval.filter(|seconds| *seconds > 0)?;
    let (unit, length) = units.into_iter().find(|(_, length)| seconds % length == 0)?;
    Some(json!({"schedule": {"type": "interval", "value": seconds / length, "unit": unit}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(crontab: Option<&str>, zone: Option<&str>, interval: Option<u64>) -> CronMark {
        let text = |text: Option<&str>| text.map(str::to_owned);
        CronMark {
            monitor: "Tasks.Clean up/ü".to_owned(),
            crontab: text(crontab),
            interval,
            zone: text(zone),
        }
    }

    #[test]
    fn a_schedule_is_told_where_sentry_has_words_for_it() {
        let nightly =
            json!({"schedule": {"type": "crontab", "value": "0 3 * * *"}, "timezone": "Europe/Berlin"});
        let every =
            |value: u64, unit: &str| json!({"schedule": {"type": "interval", "value": value, "unit": unit}});
        let table = [
            (mark(Some("0 3 * * *"), Some("Europe/Berlin"), None), Some(nightly)),
            (mark(Some("0 3 * * * 30"), Some("UTC"), None), None),
            (mark(Some("0 3 * * *"), None, None), None),
            (mark(None, None, Some(7_200)), Some(every(2, "hour"))),
            (mark(None, None, Some(5_400)), Some(every(90, "minute"))),
            (mark(None, None, Some(90)), None),
            (mark(None, None, Some(0)), None),
        ];

        for (mark, told) in table {
            assert_eq!(config(&mark), told, "{mark:?}");
        }
        assert_eq!(slug("Tasks.Clean up/ü"), "tasks-clean-up--");
    }
}

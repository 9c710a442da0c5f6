//! Whose words they are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::messages::Message;
use crate::event::{Event, OutputStream};
use crate::job::Timestamp;
use crate::telemetry::emit;

/// The execution whose words are heard.
#[derive(Debug)]
pub(super) struct Whose {
    pub(super) worker: String,
    pub(super) job: String,
    pub(super) execution: String,
}

impl Whose {
    /// Tells a line of its output.
    pub(super) fn wrote(&self, stream: OutputStream, line: &str) {
        emit(Event::OutputWritten {
            worker: self.worker.clone(),
            job: self.job.clone(),
            execution: self.execution.clone(),
            stream,
            line: line.to_owned(),
        });
    }

    /// Tells a log record; one that names no execution comes from a thread that some earlier job left behind.
    pub(super) fn logged(&self, message: Message) {
        let is_own = message.execution.is_some();
        emit(Event::JobLogged {
            worker: self.worker.clone(),
            job: is_own.then(|| self.job.clone()),
            execution: message.execution,
            level: message.level,
            logger: message.logger,
            message: message.text,
            traceback: message.traceback,
            created: moment(message.created),
            shown: message.shown,
        });
    }
}

fn moment(seconds: Option<f64>) -> SystemTime {
    // No other moment can be written as a date.
    let moment =
        seconds.and_then(Timestamp::from_seconds).and_then(|moment| u64::try_from(moment.micros()).ok());
    moment.map_or_else(SystemTime::now, |micros| UNIX_EPOCH + Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_is_no_date_is_now() {
        let before = SystemTime::now();

        assert_eq!(moment(Some(1.5)), UNIX_EPOCH + Duration::from_millis(1500));
        for odd in [None, Some(1e12), Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            let found = moment(odd);
            assert!((before..=SystemTime::now()).contains(&found), "{odd:?}");
        }
    }
}

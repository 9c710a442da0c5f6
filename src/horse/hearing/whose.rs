//! Whose words they are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::messages::Message;
use crate::event::{Event, OutputStream};
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
    let since = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    since.and_then(|since| UNIX_EPOCH.checked_add(since)).unwrap_or_else(SystemTime::now)
}

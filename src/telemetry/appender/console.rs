//! The console: standard output and standard error, shared out as RQ does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Appender;
use crate::os::clock::DateFormat;
use crate::os::terminal::Stream;
use crate::telemetry::format::{LineFormat, Scene, date_format};
use crate::telemetry::level::Level;
use crate::telemetry::line::{JOB, Line, REGISTRY, WEBHOOK};
use crate::telemetry::losses::{self, Loss};
use crate::telemetry::{FormatError, LoggingOptions, Record};

/// How long one line may wait for a console that does not take it, before it is dropped.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes lines to the standard streams: below ERROR to standard output, the rest to standard error.
#[derive(Debug)]
pub(crate) struct Console {
    format: LineFormat,
    date_format: Option<DateFormat>,
    level: Option<Level>,
    colour: bool,
    torn: AtomicBool,
}

impl Console {
    /// Builds the console that the options describe.
    pub(crate) fn new(options: &LoggingOptions, colour: bool) -> Result<Self, FormatError> {
        losses::know("console");
        Ok(Self {
            format: LineFormat::parse(&options.format)?,
            date_format: date_format(&options.date_format)?,
            level: options.level,
            colour,
            torn: AtomicBool::new(false),
        })
    }

    /// The text of a line and the stream that it belongs to; `None` when it is too quiet.
    fn render(&self, record: &Record<'_>) -> Option<(Stream, String)> {
        let line = record.line;
        if [REGISTRY, WEBHOOK].contains(&&*line.logger) {
            // RQ: this logger has no handler, so Python's last resort takes it: warnings, bare, on standard error.
            return (line.level >= Level::Warning).then(|| (Stream::Error, bare(line)));
        }
        if line.level < self.threshold(&line.logger) {
            return None;
        }
        let stream = if line.level < Level::Error { Stream::Out } else { Stream::Error };
        let message = line.message(self.colour);
        let mut text = self.format.render(&Scene {
            created: record.created,
            date_format: self.date_format.as_ref(),
            level: line.level,
            logger: &line.logger,
            message: &message,
        });
        if let Some(appendix) = line.appendix() {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&appendix);
        }
        text.push('\n');
        Some((stream, text))
    }

    /// The least level that a logger's lines need.
    fn threshold(&self, logger: &str) -> Level {
        // RQ: `rq.job` has no level of its own, so it has the root logger's.
        self.level.unwrap_or(if logger == JOB { Level::Warning } else { Level::Info })
    }
}

impl Appender for Console {
    fn append(&self, record: &Record<'_>) {
        let Some((stream, mut text)) = self.render(record) else { return };
        if self.torn.swap(false, Ordering::Relaxed) {
            // The last line may have been cut in the middle.
            text.insert(0, '\n');
        }
        if stream.write_whole(text.as_bytes(), PATIENCE).is_err() {
            self.torn.store(true, Ordering::Relaxed);
            losses::count(Loss::Line("console"));
        }
    }
}

/// A line as Python's last resort writes it: the message and nothing else.
pub(crate) fn bare(line: &Line) -> String {
    let mut text = line.message(false);
    if let Some(appendix) = line.appendix() {
        text.push('\n');
        text.push_str(&appendix);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::event::Event;
    use crate::telemetry::About;
    use crate::telemetry::line::lines;

    fn written(event: &Event, level: Option<Level>) -> Vec<(Stream, String)> {
        let options = LoggingOptions {
            level,
            format: "%(levelname)s %(message)s".to_owned(),
            ..LoggingOptions::default()
        };
        let console = Console::new(&options, false).unwrap();
        let lines = lines(event, true);
        let about = About::default();
        let record = |line| Record { created: UNIX_EPOCH, line, about: &about };
        lines.iter().filter_map(|line| console.render(&record(line))).collect()
    }

    #[test]
    fn errors_go_to_standard_error_and_the_rest_to_standard_output() {
        let lost = Event::LoopBroke { worker: "w".to_owned(), error: "it".to_owned() };
        let done = Event::QueuesDrained { worker: "w".to_owned() };

        assert_eq!(
            written(&lost, None),
            [(Stream::Error, "ERROR Worker w: found an unhandled exception, quitting...\nit\n".to_owned())]
        );
        assert_eq!(written(&done, None), [(Stream::Out, "INFO Worker w: done, quitting\n".to_owned())]);
        assert_eq!(written(&done, Some(Level::Warning)), []);
    }

    #[test]
    fn lines_of_rq_job_need_a_level_that_was_asked_for() {
        let retry = Event::RetryEnqueued { job: "j".to_owned(), remaining: 2 };

        assert_eq!(written(&retry, None), []);
        assert_eq!(
            written(&retry, Some(Level::Info)),
            [(Stream::Out, "INFO Job j: enqueued for retry, 2 remaining\n".to_owned())]
        );
    }

    #[test]
    fn lines_of_the_registries_are_bare_whatever_the_level() {
        let abandoned = Event::AbandonedJobFailed { job: "j".to_owned(), at: UNIX_EPOCH };

        let [(stream, text)] = written(&abandoned, Some(Level::Critical)).try_into().unwrap();

        assert_eq!(stream, Stream::Error);
        assert!(text.starts_with("StartedJobRegistry cleanup: j Moved"), "{text}");
    }

    #[test]
    fn an_error_stands_below_its_line() {
        let broke = Event::LoopBroke { worker: "w".to_owned(), error: "first\nsecond\n".to_owned() };

        assert_eq!(
            written(&broke, None)[0].1,
            "ERROR Worker w: found an unhandled exception, quitting...\nfirst\nsecond\n"
        );
    }
}

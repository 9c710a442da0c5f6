//! What a job's own code says, by logging or by writing to its standard streams.

use super::{HORSE, Line, Part};
use crate::event::{Event, OutputStream};
use crate::telemetry::level::Level;

/// The lines of an event about what was heard of a job; `None` for any other event.
pub(super) fn lines(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::JobLogged { level, logger, message, traceback, shown, .. } => {
            let line = Line::new(Level::of_number(*level), logger.clone(), message.clone());
            let line = Line { shown: *shown, ..line };
            match traceback {
                Some(traceback) => line.with_appendix(traceback),
                None => line,
            }
        }
        Event::OutputWritten { job, stream, line, .. } => {
            let (level, logger) = match stream {
                OutputStream::Stdout => (Level::Info, "rq.job.stdout"),
                OutputStream::Stderr => (Level::Warning, "rq.job.stderr"),
            };
            // A block, because tabs may stay.
            Line::new(level, logger, format!("Job {job}: ")).then(Part::Block(line.clone()))
        }
        Event::OutputNotRead { job, error, .. } => {
            Line::warning(format!("Job {job}: cannot read its output, it goes where the daemon's goes: {error}"))
                .by(HORSE)
        }
        Event::RecordsLost { job: Some(job), records, .. } => {
            Line::warning(format!("Job {job}: {records} of its log records got lost")).by(HORSE)
        }
        Event::RecordsLost { job: None, worker, records } => Line::warning(format!(
            "Worker {worker}: {records} log records of jobs that had ended, or that cannot be read, were left out"
        ))
        .by(HORSE),
        _ => return None,
    }])
}

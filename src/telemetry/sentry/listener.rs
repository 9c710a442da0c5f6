//! From facts to reports: who hears, in the thread of the workers.

use std::sync::{Mutex, PoisonError};

use super::jobs::{Jobs, Wishes};
use super::report::{Parcel, Report, Subject};
use super::{desk, send};
use crate::telemetry::line::SENTRY;
use crate::telemetry::line_listener::LineListener;
use crate::telemetry::listener::{Fact, Listener};
use crate::telemetry::{Level, Record};

/// The jobs in hand, whatever the options of now are: a reload forgets none.
static JOBS: Mutex<Option<Jobs>> = Mutex::new(None);

/// Who hears for Sentry.
pub(super) struct Ear;

impl Listener for Ear {
    fn hear(&self, fact: &Fact<'_>) {
        let Some(desk) = desk() else { return };
        let wishes = Wishes::of(desk.options());
        let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
        let parcels = jobs.get_or_insert_default().hear(fact, wishes);
        drop(jobs);
        for parcel in parcels {
            desk.take(parcel);
        }
    }
}

impl LineListener for Ear {
    fn hear_line(&self, record: &Record<'_>) {
        // What is said of reports would be reported for ever.
        if record.line.logger == SENTRY {
            return;
        }
        let level = match record.line.level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "fatal",
        };
        let (logger, words) = (record.line.logger.clone().into_owned(), record.line.message(false));
        let subject = Subject::Logged { level, logger, words };
        let about = record.about.clone();
        send(Parcel::Report(Box::new(Report { at: record.created, about, job: None, subject })));
    }
}

//! Reports to Sentry: what jobs raised, what killed them, and what went wrong in the daemon.
//!
//! The listener hears facts in the thread of the workers and only takes note. A report goes through a bounded channel to one
//! thread, which makes an event of it, scrubs it and sends it; a Sentry that is slow or gone fills the channel, and what does not
//! fit is counted. No client of Sentry's own is used: it could not say all that a Python event says, nor how much it lost.

mod check_in;
mod courier;
mod death;
mod envelope;
mod event;
mod exception;
mod limits;
mod listener;
pub(crate) mod losses;
mod modules;
mod report;
mod scrub;
mod storm;
mod trace;
mod transport;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::line_listener::{self, LineListener};
use super::listener::{Listener, Seat, seat};
use crate::config::Dsn;
use courier::Desk;
use listener::Ear;
use report::{Parcel, Report, Subject};
use transport::Transport;

/// What the user wants of reports. It has no `Debug`, as it holds secrets.
#[derive(Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) dsn: Dsn,
    pub(crate) environment: String,
    pub(crate) release: Option<String>,
    pub(crate) server_name: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) sample_rate: f64,
    pub(crate) traces_sample_rate: f64,
    pub(crate) cron_check_ins: bool,
    pub(crate) include_arguments: bool,
    pub(crate) max_breadcrumbs: usize,
    pub(crate) in_app_include: Vec<String>,
    pub(crate) in_app_exclude: Vec<String>,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) ca_certs: Option<PathBuf>,
    pub(crate) debug: bool,
    /// Texts that are in no report, wherever they come from.
    pub(crate) secrets: Vec<String>,
}

/// Why reports cannot be sent as they should be.
#[derive(Debug, Error)]
pub(crate) enum SentryError {
    #[error("cannot read the certificates: {0}")]
    Certificates(std::io::Error),
    #[error("there is no certificate in it")]
    NoCertificate,
    #[error("cannot start a thread for reports: {0}")]
    Thread(std::io::Error),
}

/// Who sends reports now.
static DESK: Mutex<Option<Arc<Desk>>> = Mutex::new(None);

/// Reports as they are to be sent from a moment on that is not there yet.
pub(crate) struct Prepared(Change);

enum Change {
    /// All is as it was.
    None,
    Off,
    To(Desk),
}

/// Makes ready what the options ask for; without options, nothing is reported any more.
pub(crate) fn prepare(options: Option<Options>) -> Result<Prepared, SentryError> {
    let known = DESK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let change = match (known, options) {
        (None, None) => Change::None,
        (Some(desk), Some(options)) if *desk.options() == options => Change::None,
        (Some(_), None) => Change::Off,
        (_, Some(options)) => {
            let transport = Transport::new(&options)?;
            Change::To(Desk::open(options, transport).map_err(SentryError::Thread)?)
        }
    };
    Ok(Prepared(change))
}

impl Prepared {
    /// Brings it into force. What was there before goes on until it has sent what it has.
    pub(crate) fn apply(self) {
        let desk = match self.0 {
            Change::None => return,
            Change::Off => None,
            Change::To(desk) => Some(Arc::new(desk)),
        };
        let is_on = desk.is_some();
        *DESK.lock().unwrap_or_else(PoisonError::into_inner) = desk;
        listen(is_on);
    }
}

/// Has facts and lines heard, or not.
fn listen(is_on: bool) {
    seat(Seat::Sentry, is_on.then(|| -> Arc<dyn Listener> { Arc::new(Ear) }));
    line_listener::seat(is_on.then(|| -> Arc<dyn LineListener> { Arc::new(Ear) }));
}

/// Hands something over to who sends, if anybody does. Never waits.
fn send(parcel: Parcel) {
    if let Some(desk) = desk() {
        desk.take(parcel);
    }
}

/// Who sends now.
fn desk() -> Option<Arc<Desk>> {
    DESK.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Reports a mistake of our own.
pub(crate) fn report_panic(message: &str, place: Option<&str>) {
    let subject =
        Subject::Panicked { message: message.to_owned(), place: place.unwrap_or_default().to_owned() };
    send(Parcel::Report(Box::new(Report::of_daemon(SystemTime::now(), subject))));
}

/// Ends reporting: waits until all is sent, but no longer than the options say.
pub(crate) fn close() {
    listen(false);
    let desk = DESK.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(desk) = desk {
        desk.close();
    }
}

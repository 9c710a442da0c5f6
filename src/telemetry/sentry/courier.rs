//! The thread that makes events of reports and sends them, one after the other.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use super::Options;
use super::envelope::{Item, pack};
use super::event::{Surroundings, event, transaction};
use super::limits::Limits;
use super::losses::{LOSSES, Loss, count, counts};
use super::modules::Shelf;
use super::report::{Parcel, Report, Span, Subject};
use super::scrub::scrub;
use super::storm::{self, Storm};
use super::transport::Transport;
use crate::event::Event;
use crate::telemetry::emit;

/// How many reports may wait.
const ROOM: usize = 100;
/// How often losses are told.
const PERIOD: Duration = Duration::from_secs(60);

/// Where reports are handed in.
pub(super) struct Desk {
    options: Arc<Options>,
    /// Nothing once it is closed.
    door: Mutex<Option<SyncSender<Parcel>>>,
    /// How many were taken in and are not sent yet.
    waiting: Arc<AtomicU64>,
    done: Mutex<Receiver<()>>,
}

impl Desk {
    /// Starts the thread.
    pub(super) fn open(options: Options, transport: Transport) -> io::Result<Self> {
        let options = Arc::new(options);
        let (door, parcels) = sync_channel(ROOM);
        let (tell, done) = sync_channel(1);
        let waiting = Arc::new(AtomicU64::new(0));
        let mut courier = Courier {
            options: Arc::clone(&options),
            transport,
            limits: Limits::default(),
            storm: Storm::default(),
            shelf: Shelf::default(),
            around: Surroundings::default(),
            trouble: None,
            told: counts(),
        };
        let left = Arc::clone(&waiting);
        thread::Builder::new().name("sentry".to_owned()).spawn(move || {
            courier.work(&parcels, &left);
            let _ = tell.send(());
        })?;
        Ok(Self { options, door: Mutex::new(Some(door)), waiting, done: Mutex::new(done) })
    }

    /// What it was opened with.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Takes something in, or counts it as lost where there is no room.
    pub(super) fn take(&self, parcel: Parcel) {
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(door) = &*door else { return };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = door.try_send(parcel) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            count(Loss::Full, 1);
        }
    }

    /// Takes nothing in any more, and waits until all is sent, or its time is over.
    pub(super) fn close(&self) {
        drop(self.door.lock().unwrap_or_else(PoisonError::into_inner).take());
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.recv_timeout(self.options.shutdown_timeout) == Err(RecvTimeoutError::Timeout) {
            let left = self.waiting.load(Ordering::Relaxed);
            count(Loss::Left, left);
            emit(Event::ReportsLost { losses: vec![("not sent before the end", left)], trouble: None });
        }
    }
}

/// Who sends.
struct Courier {
    options: Arc<Options>,
    transport: Transport,
    limits: Limits,
    storm: Storm,
    shelf: Shelf,
    /// As far as reports have told of them.
    around: Surroundings,
    /// What went wrong last.
    trouble: Option<String>,
    /// The losses that were told.
    told: [u64; LOSSES.len()],
}

impl Courier {
    /// Sends what comes until nothing can come any more.
    fn work(&mut self, parcels: &Receiver<Parcel>, waiting: &AtomicU64) {
        let mut due = Instant::now() + PERIOD;
        loop {
            match parcels.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(parcel) => {
                    self.deliver(parcel);
                    waiting.fetch_sub(1, Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                self.tell_losses();
                due = Instant::now() + PERIOD;
            }
        }
        self.tell_losses();
    }

    fn deliver(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Report(report) => self.report(&report),
            Parcel::Span(span) => self.span(&span),
            Parcel::CheckIn(check_in) => {
                let what = format!("check-in of {}, {}", check_in.mark.monitor, check_in.status);
                self.send(Item::CheckIn, &check_in.payload(&self.options), &what);
            }
        }
    }

    fn span(&mut self, span: &Span) {
        let rate = self.options.traces_sample_rate;
        if rate <= 0.0 || !span.trace.sampled.unwrap_or_else(|| chance(rate)) {
            return;
        }
        let id = Uuid::new_v4().simple().to_string();
        let mut event = transaction(span, &id, &self.options, &self.around);
        scrub(&mut event, &self.options.secrets);
        self.send(Item::Transaction, &event, &format!("transaction {id}"));
    }

    fn report(&mut self, report: &Report) {
        let (kind, allowance) = kind(report);
        if !chance(self.options.sample_rate) {
            return;
        }
        if !self.storm.allows(&kind, allowance, Instant::now()) {
            return count(Loss::Storm, 1);
        }
        self.look_around(report);
        let id = Uuid::new_v4().simple().to_string();
        let mut event = event(report, &id, &self.options, &self.around);
        scrub(&mut event, &self.options.secrets);
        self.send(Item::Event, &event, &format!("event {id}, {kind}"));
    }

    /// Keeps what a report tells of the interpreter, for those that tell nothing of it.
    fn look_around(&mut self, report: &Report) {
        if let Subject::Raised { evidence: Some(evidence), .. } = &report.subject {
            self.around.python.clone_from(&evidence.python);
            self.around.modules = self.shelf.of(&evidence.path);
        }
    }

    fn send(&mut self, item: Item, payload: &Value, what: &str) {
        if !self.limits.allow(item.category(), Instant::now()) {
            return count(Loss::Limited, 1);
        }
        let answer = match self.transport.send(&pack(item, payload)) {
            Ok(answer) => answer,
            Err(error) => {
                self.debug(what, &error);
                self.trouble = Some(error);
                return count(Loss::Unreachable, 1);
            }
        };
        self.debug(what, &format!("answered with {}", answer.status));
        let (limits, after) = (answer.rate_limits.as_deref(), answer.retry_after.as_deref());
        self.limits.heed(answer.status, limits, after, Instant::now());
        match answer.status {
            200..=299 => {}
            429 => count(Loss::Limited, 1),
            status => {
                self.trouble = Some(format!("the answer was {status}"));
                count(Loss::Refused, 1);
            }
        }
    }

    fn debug(&self, what: &str, outcome: &str) {
        if self.options.debug {
            emit(Event::ReportSent { what: what.to_owned(), outcome: outcome.to_owned() });
        }
    }

    fn tell_losses(&mut self) {
        let now = counts();
        let new = LOSSES.iter().zip(now).zip(self.told).map(|(((_, words), now), told)| (*words, now - told));
        let losses: Vec<_> = new.filter(|(_, count)| *count > 0).collect();
        self.told = now;
        if !losses.is_empty() {
            emit(Event::ReportsLost { losses, trouble: self.trouble.take() });
        }
    }
}

/// What kind of report it is, and how many of one kind are sent.
fn kind(report: &Report) -> (String, storm::Allowance) {
    let function = report.about.function.as_deref().unwrap_or_default();
    match &report.subject {
        Subject::Raised { evidence, .. } => {
            let raised = evidence.as_ref().and_then(|evidence| evidence.exceptions.last());
            let raised = raised.map_or("an exception", |thrown| thrown.kind.as_str());
            (format!("{raised} in {function}"), storm::JOBS)
        }
        Subject::Died { status, .. } => (format!("death {status:?} in {function}"), storm::JOBS),
        Subject::Failed { kind, .. } => (format!("{kind} {function}"), storm::JOBS),
        Subject::Daemon { cause, .. } => ((*cause).to_owned(), storm::DAEMON),
        Subject::Logged { logger, words, .. } => {
            (format!("{logger}: {}", words.chars().take(40).collect::<String>()), storm::JOBS)
        }
        Subject::Panicked { place, .. } => (format!("panic at {place}"), storm::DAEMON),
    }
}

/// Whether something is among the part that is sent.
fn chance(rate: f64) -> bool {
    let [a, b, c, d, ..] = Uuid::new_v4().into_bytes();
    rate >= 1.0 || f64::from(u32::from_be_bytes([a, b, c, d])) < rate * f64::from(u32::MAX)
}

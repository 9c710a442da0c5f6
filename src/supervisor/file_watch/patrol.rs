//! The thread that looks at the files: what it is told, when it looks, and what it makes of that.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::content::Scan;
use super::folders::folders;
use super::notifier::Notifier;
use crate::event::Event;
use crate::telemetry::emit;

/// How long nothing may happen before it is read.
const QUIET: Duration = Duration::from_millis(250);

/// How long a burst may put that off.
const BURST: Duration = Duration::from_secs(2);

/// What the thread is told.
pub(super) enum Order {
    /// Watch these; answered when they are.
    Set(Vec<PathBuf>, Sender<()>),
    /// Something may have changed.
    Hint,
    Stop,
}

/// What an order means for what is going on.
#[derive(PartialEq, Eq)]
enum Heard {
    Hint,
    Nothing,
    Stop,
}

/// The thread's state.
pub(super) struct Patrol {
    interval: Duration,
    orders: Receiver<Order>,
    /// Where the kernel's hints go, if they are wanted.
    hints: Option<Sender<Order>>,
    report: watch::Sender<()>,
    paths: Vec<PathBuf>,
    /// What was last reported, or found at first.
    base: Scan,
    notifier: Option<Notifier>,
    /// Whether a hint waits among the orders, which then needs no second one.
    pub(super) hinted: Arc<AtomicBool>,
    limit_told: bool,
}

impl Patrol {
    pub(super) fn new(
        interval: Duration,
        orders: Receiver<Order>,
        hints: Option<Sender<Order>>,
        report: watch::Sender<()>,
    ) -> Self {
        Self {
            interval,
            orders,
            hints,
            report,
            paths: Vec::new(),
            base: Scan::default(),
            notifier: None,
            hinted: Arc::default(),
            limit_told: false,
        }
    }

    /// Looks until it is told to stop.
    pub(super) fn run(mut self) {
        let mut next = Instant::now() + self.interval;
        loop {
            let heard = match self.orders.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {
                    next = Instant::now() + self.interval;
                    self.poll()
                }
                Err(RecvTimeoutError::Disconnected) => Heard::Stop,
            };
            let heard = match heard {
                // Without hints, nothing tells that a file is still being written.
                Heard::Hint => self.settle(self.notifier.is_none().then(|| self.base.clone())),
                heard => heard,
            };
            if heard == Heard::Stop {
                return;
            }
        }
    }

    fn obey(&mut self, order: Order) -> Heard {
        match order {
            Order::Set(paths, answer) => {
                let (kept, new): (Vec<_>, Vec<_>) =
                    paths.iter().cloned().partition(|path| self.paths.contains(path));
                self.paths = paths;
                self.open_notifier();
                // First the watches, then the reading: what changes in between is seen by either.
                self.follow();
                self.base = std::mem::take(&mut self.base).kept(&kept, Scan::take(&new, None));
                // Nobody waits any more when a file system kept us so long.
                let _ = answer.send(());
                Heard::Hint
            }
            Order::Hint => {
                self.hinted.store(false, Ordering::SeqCst);
                Heard::Hint
            }
            Order::Stop => Heard::Stop,
        }
    }

    /// Looks from the outside, and inside only where that looks different.
    fn poll(&mut self) -> Heard {
        self.follow();
        let scan = Scan::take(&self.paths, Some(&self.base));
        if scan.is_steady && scan.equals(&self.base) {
            self.base = scan;
            return Heard::Nothing;
        }
        self.settle(Some(scan))
    }

    /// Waits until nothing happens any more, and reports a change if there was one. Without hints, what was `found` and
    /// what is found then have to agree.
    fn settle(&mut self, mut found: Option<Scan>) -> Heard {
        let latest = Instant::now() + BURST;
        loop {
            if self.wait_for_quiet(latest) == Heard::Stop {
                return Heard::Stop;
            }
            self.follow();
            let scan = Scan::take(&self.paths, None);
            let is_quiet = scan.is_steady
                && !self.hinted.load(Ordering::SeqCst)
                && found.as_ref().is_none_or(|found| found.equals(&scan));
            if is_quiet || Instant::now() >= latest {
                let is_change = !scan.equals(&self.base);
                self.base = scan;
                if is_change {
                    self.report.send_replace(());
                }
                return Heard::Nothing;
            }
            found = found.map(|_| scan);
        }
    }

    fn wait_for_quiet(&mut self, latest: Instant) -> Heard {
        let mut until = Instant::now() + QUIET;
        loop {
            let left = until.min(latest).saturating_duration_since(Instant::now());
            match self.orders.recv_timeout(left) {
                Ok(order) => match self.obey(order) {
                    Heard::Hint => until = Instant::now() + QUIET,
                    Heard::Nothing => {}
                    Heard::Stop => return Heard::Stop,
                },
                Err(RecvTimeoutError::Timeout) => return Heard::Nothing,
                Err(RecvTimeoutError::Disconnected) => return Heard::Stop,
            }
            // A flood of orders does not put it off for ever.
            if Instant::now() >= latest {
                return Heard::Nothing;
            }
        }
    }

    /// Watches the folders that the paths lead through now.
    fn follow(&mut self) {
        let Some(notifier) = &mut self.notifier else { return };
        if let Err(limit) = notifier.follow(&folders(&self.paths)) {
            self.notifier = None;
            self.tell_limit(limit);
        }
    }

    fn open_notifier(&mut self) {
        let Some(hints) = self.hints.as_ref().filter(|_| self.notifier.is_none()) else { return };
        let (hints, hinted) = (hints.clone(), Arc::clone(&self.hinted));
        let tell = move || {
            if !hinted.swap(true, Ordering::SeqCst) {
                // A thread that is gone needs no hint.
                let _ = hints.send(Order::Hint);
            }
        };
        match Notifier::new(tell) {
            Ok(notifier) => self.notifier = Some(notifier),
            Err(limit) => self.tell_limit(limit),
        }
    }

    /// Once, however often it is tried again.
    fn tell_limit(&mut self, reason: String) {
        if !std::mem::replace(&mut self.limit_told, true) {
            emit(Event::FilesUnwatched { reason, interval: self.interval });
        }
    }
}

//! What an appender and its thread know of each other: how much waits, how much is lost, and what to heed.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counters and wishes, shared by an appender and its thread.
#[derive(Debug)]
pub(crate) struct Tally {
    name: String,
    bytes: AtomicUsize,
    lines: AtomicU64,
    lost: AtomicU64,
    reopen: AtomicBool,
    /// Whether there may be something to tell.
    news: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When the thread has to end.
    deadline: Option<Instant>,
    /// What hinders it now.
    trouble: Option<String>,
    /// What hindered it last, for whoever tells of losses.
    reason: Option<String>,
    /// How many losses were told.
    told: u64,
    /// Whether the trouble of now was told.
    is_told: bool,
    /// What went wrong and cost no line.
    complaint: Option<String>,
    /// Whether the thread is over.
    ended: bool,
}

/// What is to be told of an appender.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Lines that were lost since it was last told.
    pub(crate) lines: u64,
    /// What hinders it, or hindered it.
    pub(crate) reason: Option<String>,
}

/// The end of a thread, however it comes.
pub(super) struct End<'a>(&'a Tally);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.changed.notify_all();
    }
}

impl Tally {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            bytes: AtomicUsize::new(0),
            lines: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            reopen: AtomicBool::new(false),
            news: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many lines were lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Lets a line wait, if there is room.
    pub(super) fn admit(&self, size: usize, most: usize) -> bool {
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > most {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            return false;
        }
        self.lines.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// A line waits no longer.
    pub(super) fn taken(&self, size: usize) {
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        self.lines.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many lines wait.
    pub(super) fn waiting(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// How many bytes they have.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts lines as lost.
    pub(super) fn lose(&self, lines: u64, reason: &str) {
        if lines > 0 {
            self.lost.fetch_add(lines, Ordering::Relaxed);
            let mut state = self.state();
            self.news.store(true, Ordering::Relaxed);
            if state.trouble.is_none() {
                state.reason = Some(reason.to_owned());
            }
        }
    }

    /// Something hinders the thread.
    pub(super) fn troubled(&self, reason: &str) {
        let mut state = self.state();
        if state.trouble.as_deref() != Some(reason) {
            self.news.store(true, Ordering::Relaxed);
            state.trouble = Some(reason.to_owned());
            state.reason = Some(reason.to_owned());
        }
    }

    /// Nothing hinders it any more.
    pub(super) fn recovered(&self) {
        let mut state = self.state();
        if state.trouble.take().is_some() {
            state.is_told = false;
        }
    }

    /// Something went wrong that costs no line.
    pub(super) fn complain(&self, complaint: String) {
        self.state().complaint = Some(complaint);
        self.news.store(true, Ordering::Relaxed);
    }

    /// Whether there may be something to tell.
    pub(crate) fn has_news(&self) -> bool {
        self.news.load(Ordering::Relaxed)
    }

    /// What was not told yet; it counts as told then.
    pub(crate) fn untold(&self) -> Option<Losses> {
        self.news.store(false, Ordering::Relaxed);
        let lost = self.lost();
        let mut state = self.state();
        let lines = lost - state.told;
        let has_trouble = state.trouble.is_some() && !state.is_told;
        let complaint = state.complaint.take();
        if lines == 0 && !has_trouble {
            return complaint.map(|complaint| Losses { lines, reason: Some(complaint) });
        }
        state.told = lost;
        state.is_told = state.trouble.is_some();
        Some(Losses { lines, reason: state.reason.clone() })
    }

    pub(super) fn ask_to_reopen(&self) {
        self.reopen.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// Whether to open anew; asked once.
    pub(super) fn is_to_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Acquire)
    }

    pub(super) fn end_at(&self, deadline: Instant) {
        self.state().deadline = Some(deadline);
        self.changed.notify_all();
    }

    /// Tells the end of the thread when it is dropped.
    pub(super) fn at_end(&self) -> End<'_> {
        End(self)
    }

    /// Waits for the end of the thread, until the deadline; returns whether it came.
    pub(super) fn wait_for_end(&self, deadline: Instant) -> bool {
        let mut state = self.state();
        while !state.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Whether the thread has no time left.
    pub(super) fn is_over(&self) -> bool {
        self.state().deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Waits before another attempt: not so long when the end is near, and not at all when something is to be heeded.
    pub(super) fn pause(&self, time: Duration) {
        let mut left = time;
        let state = self.state();
        if let Some(deadline) = state.deadline {
            left =
                left.min(deadline.saturating_duration_since(Instant::now())).min(Duration::from_millis(100));
        }
        if !self.reopen.load(Ordering::Acquire) {
            drop(self.changed.wait_timeout(state, left));
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

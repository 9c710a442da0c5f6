//! What those who watch the daemon see of it: pages, files, answers about its health. The loop itself only answers briefly.

mod cache;
mod file;
mod gather;
mod heartbeat;
mod lag;
mod view;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::Input;
use super::health::Health;
use super::pages::{Door, Rules};
use crate::config::{Health as HealthSection, Metrics as MetricsSection, Settings};
use crate::store::{self, Traffic};
use crate::telemetry::metrics::{self, Form, Metric};
use file::Kept;
pub(crate) use heartbeat::Heartbeat;
pub(crate) use view::{Scene, View};

/// All that is shown of the daemon, as the settings in force say.
pub(super) struct Outlook {
    pub(super) view: Rc<View>,
    rules: Rc<RefCell<Rules>>,
    heart: RefCell<Option<Heart>>,
    textfile: RefCell<Option<Textfile>>,
    lag: RefCell<Option<AbortHandle>>,
    /// A heart began to beat, or another way.
    changed: Notify,
}

/// The heartbeat file, and when it is due.
struct Heart {
    file: Rc<Kept>,
    interval: Duration,
    next: Instant,
    /// As it was last looked at.
    health: Rc<RefCell<Health>>,
}

/// The metrics as a file, written by a task of its own.
struct Textfile {
    file: Rc<Kept>,
    task: AbortHandle,
}

impl Outlook {
    pub(super) fn new(inputs: mpsc::UnboundedSender<Input>) -> Self {
        Self {
            view: Rc::new(View::new(inputs)),
            rules: Rc::default(),
            heart: RefCell::default(),
            textfile: RefCell::default(),
            lag: RefCell::default(),
            changed: Notify::new(),
        }
    }

    /// Shows what the settings want to be shown, at a door that is ready for it.
    pub(super) fn show(&self, settings: &Settings, door: Option<&Rc<Door>>) {
        *self.rules.borrow_mut() = Rules::of(&settings.http);
        self.view.max_lag.set(settings.health.max_lag);
        self.count(settings.http.listen.is_some() || settings.metrics.file.is_some());
        if let Some(door) = door {
            door.open(&self.view, &self.rules);
        }
        self.keep_beating(&settings.health);
        self.keep_writing(&settings.metrics);
    }

    /// Nothing is there any more to be looked at.
    pub(super) fn end(&self) {
        self.heart.take();
        if let Some(textfile) = self.textfile.take() {
            textfile.task.abort();
        }
        self.count(false);
    }

    /// Waits until a sign of life is due.
    pub(super) async fn due(&self) {
        loop {
            let next = self.heart.borrow().as_ref().map(|heart| heart.next);
            let Some(next) = next else {
                self.changed.notified().await;
                continue;
            };
            tokio::select! {
                () = sleep_until(next) => return,
                () = self.changed.notified() => {}
            }
        }
    }

    /// Gives a sign of life, from the loop that does the work.
    pub(super) fn beat(&self) {
        let mut heart = self.heart.borrow_mut();
        let Some(Heart { file, interval, next, health }) = &mut *heart else { return };
        *next = Instant::now() + *interval;
        // Redis may take its time, and a sign of life may not.
        file.put(Heartbeat::now(health.borrow().clone(), *interval).text());
        let (view, health) = (Rc::clone(&self.view), Rc::downgrade(health));
        let (file, interval) = (Rc::downgrade(file), *interval);
        tokio::task::spawn_local(async move {
            let fresh = view.health().await;
            let (Some(health), Some(file)) = (health.upgrade(), file.upgrade()) else { return };
            if health.replace(fresh.clone()) != fresh {
                file.put(Heartbeat::now(fresh, interval).text());
            }
        });
    }

    /// Counts from now on, or not.
    fn count(&self, wanted: bool) {
        metrics::count(wanted);
        store::tap(wanted.then(|| Arc::new(note) as _));
        let mut measuring = self.lag.borrow_mut();
        match (&*measuring, wanted) {
            (None, true) => {
                let lag = Rc::clone(&self.view.lag);
                let task = tokio::task::spawn_local(async move { lag.measure().await });
                *measuring = Some(task.abort_handle());
            }
            (Some(task), false) => {
                task.abort();
                *measuring = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn keep_beating(&self, settings: &HealthSection) {
        let mut heart = self.heart.borrow_mut();
        let interval = settings.heartbeat_interval;
        let next = Instant::now();
        self.changed.notify_one();
        *heart = match (&settings.heartbeat_file, heart.take()) {
            (None, _) => None,
            (Some(path), Some(heart)) if heart.file.path() == path => Some(Heart { interval, next, ..heart }),
            (Some(path), _) => {
                let health = Rc::new(RefCell::new(Health::starting()));
                Some(Heart { file: Rc::new(Kept::new(path)), interval, next, health })
            }
        };
    }

    fn keep_writing(&self, settings: &MetricsSection) {
        let mut textfile = self.textfile.borrow_mut();
        let interval = settings.interval;
        let before = textfile.take();
        if let Some(before) = &before {
            before.task.abort();
        }
        let Some(path) = &settings.file else { return };
        let same = before.filter(|before| before.file.path() == path).map(|before| before.file);
        let file = same.unwrap_or_else(|| Rc::new(Kept::new(path)));
        let task = tokio::task::spawn_local(write(Rc::clone(&self.view), Rc::clone(&file), interval));
        *textfile = Some(Textfile { file, task: task.abort_handle() });
    }
}

/// Writes the metrics down, again and again.
async fn write(view: Rc<View>, file: Rc<Kept>, interval: Duration) {
    loop {
        if let Ok(text) = view.metrics(Form::Plain).await {
            file.put(text);
        }
        sleep(interval).await;
    }
}

/// Counts what goes on between the daemon and Redis.
fn note(traffic: Traffic) {
    let Some(book) = metrics::book() else { return };
    match traffic {
        Traffic::Connected => book.count(Metric::RedisConnections, &[], 1),
        Traffic::Answered(took) => book.observe(Metric::RedisRoundTrip, &[], took.as_secs_f64()),
        Traffic::Failed(kind) => book.count(Metric::RedisErrors, &[kind], 1),
    }
}

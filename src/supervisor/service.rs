//! The service manager: told what state the daemon is in, and that its loop still turns.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::event::Event;
use crate::os::ServiceManager;
use crate::telemetry::emit;

/// How often a stop that takes its time asks for more of it, and for how much.
const EXTEND: Duration = Duration::from_secs(5);
const BY: Duration = Duration::from_secs(30);

/// The service manager, when one started us.
pub(super) struct Service {
    manager: ServiceManager,
    next: Option<Instant>,
    is_stopping: bool,
}

impl Service {
    pub(super) fn find() -> Self {
        let manager = ServiceManager::from_environment().unwrap_or_else(|error| {
            let warning = format!("cannot speak to the service manager by NOTIFY_SOCKET: {error}");
            emit(Event::ConfigurationDoubted { warning });
            ServiceManager::none()
        });
        let mut service = Self { manager, next: None, is_stopping: false };
        service.next = service.interval().map(|interval| Instant::now() + interval);
        service
    }

    /// Everybody works, or a reload is over; what there is to say in one line.
    pub(super) fn ready(&self, status: &str) {
        // What a stop overtook is not told as if it were over.
        if !self.is_stopping {
            let _ = self.manager.ready(status);
        }
    }

    pub(super) fn reloading(&self) {
        let _ = self.manager.reloading();
    }

    pub(super) fn stopping(&mut self, status: &str) {
        let _ = self.manager.stopping(status);
        self.is_stopping = true;
        self.beat();
    }

    pub(super) fn status(&self, text: &str) {
        let _ = self.manager.status(text);
    }

    /// Waits until a sign of life is due.
    pub(super) async fn due(&self) {
        match self.next {
            Some(next) => sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    /// Gives a sign of life, from the loop that does the work.
    pub(super) fn beat(&mut self) {
        let _ = self.manager.watchdog();
        if self.is_stopping {
            let _ = self.manager.extend_timeout(BY);
        }
        self.next = self.interval().map(|interval| Instant::now() + interval);
    }

    fn interval(&self) -> Option<Duration> {
        let watchdog = self.manager.watchdog_interval();
        let stopping = self.is_stopping.then_some(EXTEND);
        watchdog.into_iter().chain(stopping).min()
    }
}

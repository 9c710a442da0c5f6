//! Killing: why a horse must end before its job does, and how much time it has for it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Worker;
use super::patience::Patience;
use crate::event::Event;
use crate::horse::{Horse, Said};
use crate::job::{Death, Job, Why};
use crate::telemetry::emit;

/// Why a horse was killed before its job was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kill {
    Overdue,
    Commanded,
    Stopped,
    TakenAway,
    ColdShutdown,
    /// A warm stop waited long enough.
    Deadline,
}

/// A horse that was killed.
pub(super) struct Killed {
    pub(super) kill: Kill,
    pub(super) death: Death,
}

impl Worker {
    /// Ends a horse and all in its process group, and waits for its death. `limit` is what holds for it at the moment.
    pub(super) async fn kill(
        &mut self,
        horse: &mut Horse,
        kill: Kill,
        job: &Job,
        limit: Option<Duration>,
    ) -> Killed {
        let (worker, pid) = (self.name(), horse.pid());
        let (limit, grace) = (limit.unwrap_or_default(), self.options.timeout_grace);
        let why = match kill {
            Kill::Overdue => Some(Why::Overran { limit, grace, by: job.limit_by }),
            Kill::Commanded => Some(Why::Commanded),
            Kill::TakenAway => Some(Why::TakenAway),
            Kill::ColdShutdown | Kill::Deadline | Kill::Stopped => None,
        };
        if kill == Kill::Overdue {
            let (worker, job) = (worker.clone(), job.id.to_string());
            emit(Event::HorseOverran { worker, job, pid, limit, grace });
        }
        let mut death = None;
        if matches!(kill, Kill::Commanded | Kill::Stopped) && !self.options.stop_grace.is_zero() {
            death = self.let_it_clean_up(horse).await;
        }
        let was_there = horse.kill().unwrap_or(false);
        emit(if was_there || death.is_some() {
            Event::HorseKilled { worker, pid }
        } else {
            Event::HorseGoneAlready { worker }
        });
        let death = match death {
            Some(death) => Death { why, ..death },
            None => horse.bury(why).await,
        };
        Killed { kill, death }
    }

    /// Asks a horse to end, and gives it its time. Its job's own end ends that time too: nobody waits for its outcome.
    async fn let_it_clean_up(&self, horse: &mut Horse) -> Option<Death> {
        let deadline = Instant::now() + self.options.stop_grace;
        let _ = horse.terminate();
        loop {
            let said = tokio::select! {
                said = horse.next() => said,
                () = sleep_until(deadline) => return None,
                () = self.stopped(Patience::Busy) => return None,
            };
            match said {
                Said::Died(death) => return Some(death),
                Said::Ended(_) | Said::Settled => return None,
                Said::Phase(_) | Said::CallbackRaised(..) | Said::Called(_) => {}
            }
        }
    }
}

//! Quiet: an operator wants no more jobs to be taken for now, by a signal to the daemon.

use tokio::time::Instant;

use super::patience::Patience;
use super::{Stop, Taken, WorkError, Worker};
use crate::event::Event;
use crate::telemetry::emit;

impl Worker {
    pub(super) fn is_quiet(&self) -> bool {
        *self.quiet.borrow()
    }

    /// Takes no job until the operator says so, or a stop comes. What was taken for nobody goes back to its queue first.
    pub(super) async fn keep_quiet(&mut self) -> Result<(), WorkError> {
        let Taken { unanswered, surfaced } = &self.taken;
        let name = &self.registration.name;
        let act =
            async |store: &crate::store::Store| store.restore(name, unanswered.as_ref(), surfaced).await;
        if self.persist(Patience::Idle, act).await?.is_none() {
            return Ok(());
        }
        self.taken = Taken::default();
        emit(Event::WorkerQuieted { worker: self.name() });
        // RQ: monitors know this word for a worker that takes no jobs.
        self.show_state("suspended").await;
        let (mut stop, mut quiet) = (self.stop.clone(), self.quiet.clone());
        loop {
            tokio::select! {
                Ok(_) = quiet.wait_for(|quiet| !*quiet) => break,
                _ = stop.wait_for(|stop| *stop != Stop::No) => break,
                Some(command) = self.commands.recv() => self.obey_while_idle(&command).await,
            }
        }
        if self.is_quiet() {
            return Ok(());
        }
        emit(Event::WorkerResumed { worker: self.name() });
        self.show_state("idle").await;
        self.idle_since = Instant::now();
        Ok(())
    }
}

//! Quiet: an operator wants no more jobs to be taken for now, by a signal to the daemon.

use tokio::time::Instant;

use super::{Stop, WorkError, Worker};
use crate::event::Event;
use crate::telemetry::emit;

impl Worker {
    pub(super) fn is_quiet(&self) -> bool {
        *self.quiet.borrow()
    }

    /// Takes no job until the operator says so, or a stop comes. What was taken for nobody goes back to its queue first.
    pub(super) async fn keep_quiet(&mut self) -> Result<(), WorkError> {
        if !self.give_back().await? {
            return Ok(());
        }
        emit(Event::WorkerQuieted { worker: self.name() });
        // RQ: monitors know this word for a worker that takes no jobs.
        self.show_state("suspended").await;
        let (mut stop, mut quiet) = (self.stop.clone(), self.quiet.clone());
        loop {
            tokio::select! {
                Ok(_) = quiet.wait_for(|quiet| !*quiet) => break,
                () = self.briefing.renewed() => self.heed_brief().await?,
                _ = stop.wait_for(|stop| *stop != Stop::No) => break,
                Some(command) = self.commands.recv() => self.obey_while_idle(&command),
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

//! Callbacks that a job cannot run itself, because it was stopped.

use super::Worker;
use super::patience::Patience;
use crate::event::Event;
use crate::horse::{CallbackKind, Errand, Occasion, names_callback, run_errand};
use crate::job::Job;
use crate::telemetry::emit;

impl Worker {
    /// Runs the callback of a stopped job in a fresh horse. RQ runs it in the worker itself; whatever it does there, the job
    /// is settled afterwards.
    pub(super) async fn call_stopped(&self, job: &Job) {
        if !names_callback(CallbackKind::Stopped, &job.fields) {
            return;
        }
        let name = self.name();
        let errand = Errand::new(Occasion::Stopped, job.id.as_str(), &name, &job.fields);
        let grace = self.options.timeout_grace;
        let raised = tokio::select! {
            raised = run_errand(&self.stable, &errand, &job.fields, grace) => raised,
            () = self.stopped(Patience::Busy) => Some("the worker was shut down cold".to_owned()),
        };
        if let Some(traceback) = raised {
            emit(Event::StoppedCallbackRaised { worker: name, job: job.id.to_string(), traceback });
        }
    }
}

//! Errands: callbacks that a fresh horse runs for a job which cannot run them itself.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::protocol::{CallbackKind, Errand, Occasion, Phase};
use super::stable::Stable;
use super::work_horse::Said;
use crate::event::Event;
use crate::job::{Fields, Job};
use crate::telemetry::emit;

/// How long a horse may take to import what a callback needs, beyond the callback's own limit.
const IMPORTS: Duration = Duration::from_secs(60);

/// Whether a job's hash names a callback of that kind; an errand that nobody asked for needs no horse.
pub(crate) fn names_callback(kind: CallbackKind, fields: &Fields) -> bool {
    let wanted = format!("{kind}_callback_name");
    fields.iter().any(|(name, value)| name == wanted.as_bytes() && !value.is_empty())
}

/// Who is told of a failure that the job's own horse did not live to tell of: its failure callback and the exception handlers.
#[derive(Clone)]
pub(crate) struct Mourners {
    pub(crate) stable: Rc<Stable>,
    /// Whether there are exception handlers, which are called for each such job.
    pub(crate) handlers: bool,
    /// How long after its limit a callback is ended.
    pub(crate) grace: Duration,
}

impl Mourners {
    pub(crate) fn are_wanted(&self, job: &Job) -> bool {
        self.handlers || names_callback(CallbackKind::Failure, &job.fields)
    }

    /// Calls them in a fresh horse; what they raise is told and changes nothing.
    pub(crate) async fn call(&self, worker: &str, job: &Job) {
        if !self.are_wanted(job) {
            return;
        }
        let errand = Errand::new(Occasion::Abandoned, job.id.as_str(), worker, &job.fields);
        if let Some(traceback) = run(&self.stable, &errand, &job.fields, self.grace).await {
            let callback = CallbackKind::Failure.to_string();
            emit(Event::CallbackRaised { job: job.id.to_string(), callback, traceback });
        }
    }
}

/// Runs an errand in a horse of the stable; returns the traceback of what it raised, or another reason why it failed.
pub(crate) async fn run(
    stable: &Stable,
    errand: &Errand<'_>,
    fields: &Fields,
    grace: Duration,
) -> Option<String> {
    let Ok(Some(mut horse)) = timeout(IMPORTS, stable.lend()).await else {
        return Some("there is no work horse".to_owned());
    };
    if let Err(error) = horse.send_on(errand, fields) {
        return Some(error.to_string());
    }
    let mut deadline = Some(Instant::now() + IMPORTS + grace);
    loop {
        let said = tokio::select! {
            said = horse.next() => said,
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                let _ = horse.kill();
                return Some("it outlived its limit and was killed".to_owned());
            }
        };
        match said {
            Said::Phase(Phase::Callback(callback, limit)) => {
                emit(Event::CallbackBegan { job: errand.job_id.to_owned(), callback: callback.to_string() });
                deadline = limit.map(|limit| Instant::now() + limit + IMPORTS + grace);
            }
            Said::Phase(Phase::Ending) => deadline = Some(Instant::now() + IMPORTS + grace),
            Said::Called(raised) => {
                tokio::task::spawn_local(horse.dismiss());
                return raised;
            }
            Said::Died(death) => return Some(death.to_string()),
            Said::Phase(Phase::Function(..)) | Said::CallbackRaised(..) | Said::Settled | Said::Ended(_) => {
                let _ = horse.kill();
                return Some("the work horse sent what does not belong here, and was killed".to_owned());
            }
        }
    }
}

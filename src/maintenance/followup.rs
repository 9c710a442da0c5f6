//! What remains to be done for jobs whose workers are gone: failure callbacks, exception handlers, webhooks.
//!
//! It begins after the job's end is in Redis: of several daemons that find the same job, only the one that ended it gets here, so
//! that nothing is called twice. RQ calls first and ends the job afterwards.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::mpsc;

use super::Speaker;
use super::recovery::Ended;
use crate::horse::Mourners;
use crate::job::{Job, Timestamp, Verdict};
use crate::store::{Found, Plan};
use crate::webhook::{Courier, End, Message, Status};

/// How many jobs may wait for their callbacks; recovery goes on when there is room again.
pub(super) const WAITING: usize = 1_000;

/// Who sees to it; a reload may bring other mourners.
#[derive(Clone)]
pub(crate) struct Followup {
    pub(crate) mourners: Rc<RefCell<Mourners>>,
    pub(crate) courier: Rc<Courier>,
}

impl Followup {
    /// Sees to one job after the other, for as long as jobs come.
    pub(super) async fn run(self, speaker: Speaker, mut ended: mpsc::Receiver<Ended>) {
        while let Some(ended) = ended.recv().await {
            if let Ok(job) = &ended.job {
                let mourners = self.mourners.borrow().clone();
                mourners.call(&speaker.name(), job).await;
            }
            if let Some(message) = ended.message {
                self.courier.send(message);
            }
        }
    }

    /// Whether anything remains to be done for a job. RQ: callbacks and handlers hear of each failure, also of one that is retried.
    pub(super) fn concerns(&self, ended: &Ended) -> bool {
        let Ok(job) = &ended.job else { return false };
        ended.message.is_some() || (ended.verdict.is_failure() && self.mourners.borrow().are_wanted(job))
    }
}

/// The webhooks of a job that fails for good by a plan.
pub(super) fn message(found: &Found, plan: &Plan) -> Option<Message> {
    let Plan::Become(Verdict::Fail, why, _) = plan else { return None };
    failure(found.job.as_ref().ok()?, found.execution(), why)
}

/// The webhooks of a job that failed for good.
pub(super) fn failure(job: &Job, execution: &str, why: &str) -> Option<Message> {
    let (status, at) = (Status::Failed, Timestamp::now());
    Message::of(job, End { execution, function: None, status, at, exc_info: why.to_owned() })
}

//! How a job ended, by its horse's word.

use std::sync::Arc;

use super::protocol::{EndedHead, EndedKind};
use crate::job::{self, AskedRetry, Outcome, Raised, Returned, Timestamp};

/// A job's end, by the horse's word.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
}

impl Ending {
    /// Reads it; nothing when the horse says that RQ's own code has settled the job.
    pub(super) fn new(head: EndedHead, body: Vec<u8>) -> Option<Self> {
        let outcome = match head.kind {
            EndedKind::Returned => Outcome::Returned(Returned {
                value: (!head.none).then_some(body),
                repr: head.repr,
                unserializable: head.unserializable,
            }),
            EndedKind::Raised => Outcome::Raised(Raised {
                traceback: String::from_utf8_lossy(&body).into_owned(),
                function: head.func_name,
                evidence: head.evidence.map(|evidence| Arc::new(*evidence)),
            }),
            EndedKind::Settled => return None,
            EndedKind::AskedRetry => Outcome::AskedRetry(AskedRetry {
                max: u32::try_from(head.max.max(0)).unwrap_or(u32::MAX),
                intervals: head.intervals.into_iter().map(job::whole_seconds).collect(),
                at_front: head.at_front,
                value: body,
            }),
        };
        let (started_at, ended_at) = (head.started_at, head.ended_at);
        Some(Self {
            outcome,
            started_at: started_at.and_then(Timestamp::from_seconds),
            ended_at: ended_at.and_then(Timestamp::from_seconds),
        })
    }
}

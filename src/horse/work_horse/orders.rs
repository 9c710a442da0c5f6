//! What a horse is told.

use std::os::fd::OwnedFd;

use super::socket::write_with;
use super::{Horse, LAST_WORD};
use crate::horse::frame::{self, FrameError};
use crate::horse::hearing::Output;
use crate::horse::protocol::{Aftermath, Errand, HorseOrder, Run};
use crate::job::Fields;
use crate::os::{self, OomKills};

impl Horse {
    /// Hands over a job; fails when no frame can hold it. A horse that does not take it shows as its death, or is overdue.
    /// RQ's own code gets no fields: it fetches the job by itself, and settles it.
    pub(crate) fn run(
        &mut self,
        run: &Run<'_>,
        fields: Option<&Fields>,
        output: Output,
    ) -> Result<(), FrameError> {
        self.served += 1;
        self.leaves = run.last;
        self.settles = fields.is_none();
        let ends = self.hearing.begin(run, output);
        self.send(&HorseOrder::Run(run), fields.unwrap_or(&Fields::new()), ends)
    }

    /// Hands over callbacks that a job cannot run itself, in the same way.
    pub(crate) fn send_on(&mut self, errand: &Errand<'_>, fields: &Fields) -> Result<(), FrameError> {
        self.send(&HorseOrder::Callback(errand), fields, Vec::new())
    }

    /// Has RQ's own code settle a job whose horse is gone, in the same way.
    pub(crate) fn settle(&mut self, aftermath: &Aftermath<'_>) -> Result<(), FrameError> {
        self.settles = true;
        self.send(&HorseOrder::Settle(aftermath), &Vec::new(), Vec::new())
    }

    /// Whether it can take another job: it has taken the last one whole.
    pub(crate) async fn is_free(&mut self) -> bool {
        if let Some(sending) = self.sending.take() {
            self.writer = tokio::time::timeout(LAST_WORD, sending).await.ok().and_then(Result::ok);
        }
        self.writer.is_some()
    }

    fn send(
        &mut self,
        order: &HorseOrder<'_>,
        fields: &Fields,
        ends: Vec<OwnedFd>,
    ) -> Result<(), FrameError> {
        self.steps.clear();
        self.function = None;
        if self.served > 1 {
            // What crashed may have been a child of the job before. Where it cannot be emptied there is nothing in it.
            let _ = os::empty_memory_file(&mut self.faults);
        }
        // A horse may have waited long: what the kernel killed meanwhile was another.
        self.oom_kills = OomKills::now();
        let body: Vec<&[u8]> = fields.iter().map(|(_, value)| value.as_slice()).collect();
        let bytes = frame::encode(order, &body)?;
        // In a task of its own: a horse that does not read must not keep us from looking after it.
        self.sending =
            self.writer.take().map(|writer| tokio::task::spawn_local(write_with(writer, bytes, ends)));
        Ok(())
    }
}

//! Looking at a job that runs in this daemon: its stacks, and what the kernel tells of its process.

use std::rc::Rc;

use tokio::time::Instant;

use super::control::{JobStack, ProcessStatus, Reply};
use super::daemon::Daemon;
use super::request::Answer;
use crate::horse::{LookError, Seen};
use crate::job::Claim;
use crate::os::{self, Vitals};
use crate::worker::{AtWork, Doing};

/// A job in hand that somebody wants to look at.
struct Subject {
    worker: String,
    doing: Rc<Doing>,
    claim: Claim,
    claimed: Instant,
    at_work: AtWork,
}

impl Daemon {
    /// Answers with the stacks of a job, or of the job of a worker.
    pub(super) fn tell_stack(&mut self, of: &str, answer: Answer) {
        let subject = self.subject(of);
        self.asides.spawn_local(async move {
            let reply = match subject {
                Ok(subject) => look(subject).await,
                Err(error) => Err(error),
            };
            answer
                .send(
                    reply
                        .map_or_else(|error| Reply::Refused { error }, |stack| Reply::Stack(Box::new(stack))),
                )
                .await;
        });
    }

    /// What is meant by the id of a job or the name of a worker.
    fn subject(&self, of: &str) -> Result<Subject, String> {
        let members = &self.team.members;
        let has_job =
            |doing: &Doing| matches!(&*doing.in_hand.borrow(), Some((claim, _)) if claim.id.as_str() == of);
        let by_job = members.iter().find(|member| has_job(&member.doing));
        let member = by_job.or_else(|| {
            members
                .iter()
                .find(|member| member.name.borrow().as_ref().is_some_and(|name| name.as_str() == of))
        });
        let member = member
            .ok_or_else(|| format!("there is no worker {of} in this daemon, and no such job runs in it"))?;
        let in_hand = member.doing.in_hand.borrow().clone();
        let (claim, claimed) = in_hand.ok_or_else(|| format!("worker {of} has no job in hand"))?;
        let at_work = member.doing.at_work.borrow().clone();
        let at_work = at_work.ok_or_else(|| format!("job {} begins or ends just now", claim.id))?;
        Ok(Subject { worker: member.shown(), doing: Rc::clone(&member.doing), claim, claimed, at_work })
    }
}

/// Looks at a job. What was seen counts only if it was that job's all the time: a horse may have the next one by now.
async fn look(subject: Subject) -> Result<JobStack, String> {
    let Subject { worker, doing, claim, claimed, at_work } = subject;
    let seen = at_work.window.look().await;
    let is_over = || format!("job {} ended meanwhile", claim.id);
    let in_hand = doing.in_hand.borrow();
    if !matches!(&*in_hand, Some((now, _)) if now.execution == claim.execution) {
        return Err(is_over());
    }
    let vitals = os::vitals(at_work.window.pid()).map_err(|_| is_over())?;
    if matches!(seen, Err(LookError::Gone)) {
        return Err(is_over());
    }
    // The look may have taken a while.
    let now = doing.at_work.borrow().clone().ok_or_else(is_over)?;
    let Seen { threads, note } =
        seen.unwrap_or_else(|error| Seen { threads: Vec::new(), note: Some(told(&error)) });
    Ok(JobStack {
        worker,
        queue: claim.queue.to_string(),
        job: claim.id.to_string(),
        execution: claim.execution.to_string(),
        function: now.function,
        phase: now.phase,
        elapsed: claimed.elapsed().as_secs_f64(),
        limit: now.limit.map(|limit| limit.as_secs_f64()),
        left: now.limit.map(|limit| limit.saturating_sub(now.since.elapsed()).as_secs_f64()),
        process: process(now.window.pid(), vitals),
        threads,
        note,
    })
}

fn told(error: &LookError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("no stack: {error}: {cause}"),
        None => format!("no stack: {error}"),
    }
}

fn process(pid: u32, vitals: Vitals) -> ProcessStatus {
    let state = match vitals.state {
        'R' => "running".to_owned(),
        'S' | 'I' => "sleeping".to_owned(),
        'D' => "waiting for a device".to_owned(),
        'T' | 't' => "stopped".to_owned(),
        other => other.to_string(),
    };
    ProcessStatus {
        pid,
        state,
        waits_in: vitals.waits_in,
        resident: vitals.resident_kib << 10,
        cpu: vitals.cpu.as_secs_f64(),
        threads: vitals.threads,
    }
}

//! What a line or a report is about: the job in somebody's hands, as far as events have told of it.
//!
//! Events name the worker and the job; the rest of what a reader wants to know of them was told by earlier events, and is
//! remembered here from the claim to the end.

use std::collections::HashMap;

use crate::event::Event;

/// How many jobs are remembered; more in hand at once are told of with less around them.
const ROOM: usize = 10_000;

/// Whom and what something is about; what is not known is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) worker: Option<String>,
    pub(crate) queue: Option<String>,
    /// A job's id.
    pub(crate) job: Option<String>,
    /// An execution's id.
    pub(crate) execution: Option<String>,
    /// The process number of the work horse.
    pub(crate) horse: Option<u32>,
    /// The dotted name of the job's function.
    pub(crate) function: Option<String>,
}

/// The jobs in hand.
#[derive(Debug, Default)]
pub(super) struct Memory {
    jobs: HashMap<String, About>,
}

impl Memory {
    /// What an event is about, and remembers what it tells for those that follow.
    pub(super) fn recall(&mut self, event: &Event) -> About {
        match event {
            Event::JobClaimed { worker, queue, job, execution, horse, .. } => {
                let about = About {
                    worker: Some(worker.clone()),
                    queue: Some(queue.clone()),
                    job: Some(job.clone()),
                    execution: Some(execution.clone()),
                    horse: Some(*horse),
                    function: None,
                };
                if self.jobs.len() < ROOM {
                    self.jobs.insert(job.clone(), about.clone());
                }
                about
            }
            Event::FunctionBegan { job, function, .. } => {
                if let Some(known) = self.jobs.get_mut(job) {
                    known.function.clone_from(function);
                }
                self.of(event)
            }
            Event::JobSettled { job, .. } => {
                let about = self.of(event);
                self.jobs.remove(job);
                about
            }
            _ => self.of(event),
        }
    }

    /// What is known of the job of an event, and what the event itself says.
    fn of(&self, event: &Event) -> About {
        let execution = event.execution();
        // What a job leaves behind may speak while the job runs again.
        let is_same = |known: &&About| execution.is_none_or(|one| known.execution.as_deref() == Some(one));
        let known = event.job().and_then(|job| self.jobs.get(job)).filter(is_same);
        let known = known.cloned().unwrap_or_default();
        let said = |text: Option<&str>, known: Option<String>| text.map(str::to_owned).or(known);
        About {
            worker: said(event.worker(), known.worker),
            queue: said(event.queue(), known.queue),
            job: said(event.job(), known.job),
            execution: said(execution, known.execution),
            ..known
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::JobEnd;

    fn claimed() -> Event {
        let [worker, queue, job, execution] = ["w", "q", "j", "e"].map(str::to_owned);
        Event::JobClaimed {
            worker,
            queue,
            job,
            execution,
            description: String::new(),
            horse: 7,
            waited: None,
        }
    }

    fn retried() -> Event {
        Event::RetryEnqueued { job: "j".to_owned(), remaining: 1 }
    }

    #[test]
    fn what_was_told_of_a_job_is_known_until_it_is_settled() {
        let mut memory = Memory::default();
        let [worker, queue, job] = ["w", "q", "j"].map(str::to_owned);
        let function = Some("tasks.add".to_owned());
        let began = Event::FunctionBegan {
            worker: worker.clone(),
            job: job.clone(),
            function: function.clone(),
            lineage: None,
        };
        let settled = Event::JobSettled { worker, queue, job, end: JobEnd::Retried, took: Duration::ZERO };

        memory.recall(&claimed());
        memory.recall(&began);
        let known = memory.recall(&retried());
        let last = memory.recall(&settled);

        assert_eq!((known.queue.as_deref(), known.horse, &known.function), (Some("q"), Some(7), &function));
        assert_eq!(last, known);
        let forgotten = About { job: Some("j".to_owned()), ..About::default() };
        assert_eq!(memory.recall(&retried()), forgotten);
    }

    #[test]
    fn no_more_jobs_are_remembered_than_there_is_room_for() {
        let mut memory = Memory::default();
        for number in 0..ROOM {
            memory.jobs.insert(number.to_string(), About::default());
        }

        let about = memory.recall(&claimed());

        assert_eq!((about.horse, memory.jobs.len()), (Some(7), ROOM));
    }
}

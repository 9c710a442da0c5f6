//! From facts to reports: what is known of each job in hand, and what of it is worth a report.
//!
//! As the SDK's integration for RQ, it reports a job when it failed for good, and not when it is tried again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::report::{JobFacts, Parcel, Report, Subject};
use super::send;
use crate::event::{Event, JobEnd};
use crate::job::Evidence;
use crate::telemetry::About;
use crate::telemetry::listener::{Fact, Listener};

/// How many jobs are remembered; of more in hand at once, less is told.
const ROOM: usize = 10_000;

/// Who hears for Sentry.
pub(super) struct Ear;

impl Listener for Ear {
    fn hear(&self, fact: &Fact<'_>) {
        let parcels = JOBS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().hear(fact);
        parcels.into_iter().for_each(send);
    }
}

/// The jobs in hand, whatever the options of now are: a reload forgets none.
static JOBS: Mutex<Option<Jobs>> = Mutex::new(None);

/// What is known of the jobs in hand.
#[derive(Debug, Default)]
struct Jobs(HashMap<String, Known>);

/// What is known of a job.
#[derive(Debug, Default)]
struct Known {
    facts: JobFacts,
    /// How its execution ended, until it is known whether it is tried again.
    end: Option<Subject>,
    overran: bool,
    stopped: bool,
}

impl Jobs {
    /// Takes note of a fact; what comes back is to be sent.
    fn hear(&mut self, fact: &Fact<'_>) -> Option<Parcel> {
        let report = match fact.event {
            Event::JobSettled { job, end, .. } => self.settled(job, *end, fact),
            Event::JobFailed { job, reason, .. } => self.failed(job, reason, fact),
            event => self.note(event, fact.created).map_or_else(|| of_event(fact), |()| None),
        };
        report.map(|report| Parcel::Report(Box::new(report)))
    }

    /// What is told of a job on its way; nothing when the event is none of these.
    fn note(&mut self, event: &Event, created: SystemTime) -> Option<()> {
        match event {
            Event::JobClaimed { job, description, waited, .. } => {
                let enqueued_at = waited.and_then(|waited| created.checked_sub(waited));
                let facts =
                    JobFacts { description: Some(description.clone()), enqueued_at, started_at: None };
                if self.0.len() < ROOM {
                    self.0.insert(job.clone(), Known { facts, ..Known::default() });
                }
            }
            Event::FunctionBegan { job, .. } => self.known(job).facts.started_at = Some(created),
            Event::JobStopped { job, .. } => self.known(job).stopped = true,
            Event::HorseOverran { job, .. } => self.known(job).overran = true,
            Event::JobRaised { job, traceback, evidence, .. } => {
                let (traceback, evidence) = (traceback.clone(), evidence.as_ref().map(Arc::clone));
                self.known(job).end = Some(Subject::Raised { evidence, traceback });
            }
            Event::HorseEnded { job, status, .. } => {
                let known = self.known(job);
                let reason = format!("the work horse ended with the wait status {status}");
                known.end = Some(Subject::Died { status: Some(*status), reason, overran: known.overran });
            }
            Event::HorseDied { job, status, reason, .. } => {
                let known = self.known(job);
                let reason = reason.clone();
                known.end = Some(Subject::Died { status: *status, reason, overran: known.overran });
            }
            Event::JobUnreadable { job, reason, .. } => {
                let reason = reason.clone();
                self.known(job).end = Some(Subject::Failed { kind: "JobUnreadable", reason });
            }
            _ => return None,
        }
        Some(())
    }

    /// A job that is not remembered is told of with what its event says.
    fn known(&mut self, job: &str) -> &mut Known {
        if self.0.len() >= ROOM && !self.0.contains_key(job) {
            // Rather the newest than none: its end is what is told next.
            self.0.clear();
        }
        self.0.entry(job.to_owned()).or_default()
    }

    fn failed(&mut self, job: &str, reason: &str, fact: &Fact<'_>) -> Option<Report> {
        let known = self.known(job);
        if known.stopped {
            return None;
        }
        let other = || Subject::Failed { kind: "JobFailed", reason: reason.to_owned() };
        let subject = known.end.take().unwrap_or_else(other);
        let facts = known.facts.clone();
        report(fact, Some(facts), subject)
    }

    /// RQ's own code does not tell whether the job is tried again: of a horse that died there, the daemon alone can tell.
    fn settled(&mut self, job: &str, end: JobEnd, fact: &Fact<'_>) -> Option<Report> {
        let known = self.0.remove(job)?;
        match (end, known.end) {
            (JobEnd::Left, Some(subject @ Subject::Died { .. })) => report(fact, Some(known.facts), subject),
            _ => None,
        }
    }
}

/// A report, unless somebody else has made it.
fn report(fact: &Fact<'_>, job: Option<JobFacts>, subject: Subject) -> Option<Report> {
    let is_elsewhere = |evidence: &Option<Arc<Evidence>>| evidence.as_ref().is_some_and(|it| it.elsewhere);
    if matches!(&subject, Subject::Raised { evidence, .. } if is_elsewhere(evidence)) {
        return None;
    }
    Some(Report { at: fact.created, about: fact.about.clone(), job, subject })
}

/// What is worth a report by itself.
fn of_event(fact: &Fact<'_>) -> Option<Report> {
    let abandoned = |reason: &str| Subject::Failed { kind: "AbandonedJob", reason: reason.to_owned() };
    let daemon = |cause, level, words| Subject::Daemon { cause, level, words };
    let subject = match fact.event {
        Event::AbandonedJobFailed { reason, .. } | Event::StrandedFailed { reason, .. } => abandoned(reason),
        Event::WorkerFailed { error, .. } => {
            daemon("worker failed", "error", format!("a worker ended by an error: {error}"))
        }
        Event::LoopBroke { error, .. } => {
            daemon("loop broke", "error", format!("a worker met an error that it has no answer to: {error}"))
        }
        Event::ForkServerLost { reason, .. } => {
            daemon("fork server lost", "error", format!("the fork server went away: {reason}"))
        }
        Event::ForkServerFailed { error, traceback, .. } => {
            let words = format!("the fork server could not start: {error}");
            let words = traceback.as_ref().map_or(words.clone(), |traceback| format!("{words}\n{traceback}"));
            daemon("fork server failed", "error", words)
        }
        Event::FailureNotPersisted { error, .. } => daemon(
            "failure not persisted",
            "error",
            format!("the failure of a job could not be written: {error}"),
        ),
        Event::ReloadRefused { errors, .. } => daemon(
            "reload refused",
            "error",
            format!("the configuration cannot be used:\n{}", errors.join("\n")),
        ),
        Event::ReloadTakenBack { failed } => {
            let words = format!("the new configuration is taken back: {failed} jobs failed, none succeeded");
            daemon("reload taken back", "error", words)
        }
        _ => return None,
    };
    let about = About { job: fact.about.job.clone(), ..fact.about.clone() };
    let job = about.job.is_some().then(JobFacts::default);
    Some(Report { at: fact.created, about, job, subject })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const JOB: &str = "j";

    fn claimed() -> Event {
        let [worker, queue, job, execution] = ["w", "q", JOB, "e"].map(str::to_owned);
        let (description, waited) = ("tasks.add(1)".to_owned(), Some(Duration::from_secs(2)));
        Event::JobClaimed { worker, queue, job, execution, description, horse: 7, waited }
    }

    fn raised(evidence: Option<Evidence>) -> Event {
        let [worker, job, traceback] = ["w", JOB, "Traceback"].map(str::to_owned);
        Event::JobRaised { worker, job, func_name: None, traceback, evidence: evidence.map(Arc::new) }
    }

    fn failed() -> Event {
        Event::JobFailed { worker: "w".to_owned(), job: JOB.to_owned(), reason: "why".to_owned() }
    }

    fn settled(end: JobEnd) -> Event {
        let [worker, queue, job] = ["w", "q", JOB].map(str::to_owned);
        Event::JobSettled { worker, queue, job, end, took: Duration::ZERO }
    }

    fn died() -> Event {
        let (worker, job) = ("w".to_owned(), JOB.to_owned());
        Event::HorseDied { worker, job, pid: 1, status: Some(9), reason: "killed".to_owned() }
    }

    /// What is reported of these events, in order.
    fn told(events: &[Event]) -> Vec<Report> {
        let mut jobs = Jobs::default();
        let created = SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        let about = About { job: Some(JOB.to_owned()), ..About::default() };
        let parcels = events.iter().filter_map(|event| jobs.hear(&Fact { created, event, about: &about }));
        parcels.map(|Parcel::Report(report)| *report).collect()
    }

    #[test]
    fn a_job_that_failed_for_good_is_reported_once() {
        let told = told(&[claimed(), raised(None), failed(), settled(JobEnd::Failed)]);

        let [report] = &told[..] else { panic!("{told:?}") };
        assert!(matches!(&report.subject, Subject::Raised { traceback, .. } if traceback == "Traceback"));
        let facts = report.job.as_ref().unwrap();
        assert_eq!(facts.enqueued_at, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(8)));
    }

    #[test]
    fn a_job_that_is_tried_again_or_was_stopped_is_not_reported() {
        let stopped = Event::JobStopped { worker: "w".to_owned(), job: JOB.to_owned() };

        assert!(told(&[claimed(), raised(None), settled(JobEnd::Retried)]).is_empty());
        assert!(told(&[claimed(), died(), settled(JobEnd::PutBack)]).is_empty());
        assert!(told(&[claimed(), stopped, failed(), settled(JobEnd::Stopped)]).is_empty());
    }

    #[test]
    fn what_the_project_reports_itself_is_not_reported_again() {
        let elsewhere = Evidence { elsewhere: true, ..Evidence::default() };

        assert!(told(&[claimed(), raised(Some(elsewhere)), failed(), settled(JobEnd::Failed)]).is_empty());
    }

    #[test]
    fn a_death_is_reported_whoever_settles_the_job() {
        let ended = Event::HorseEnded { worker: "w".to_owned(), job: JOB.to_owned(), pid: 1, status: 9 };
        let overran = Event::HorseOverran {
            worker: "w".to_owned(),
            job: JOB.to_owned(),
            pid: 1,
            limit: Duration::ZERO,
            grace: Duration::ZERO,
        };

        let ours = told(&[claimed(), overran, ended.clone(), died(), failed(), settled(JobEnd::Failed)]);
        let theirs = told(&[claimed(), ended, settled(JobEnd::Left)]);

        let [report] = &ours[..] else { panic!("{ours:?}") };
        assert!(matches!(&report.subject, Subject::Died { overran: true, reason, .. } if reason == "killed"));
        assert_eq!(theirs.len(), 1);
    }

    #[test]
    fn jobs_are_forgotten_when_they_are_settled() {
        let mut jobs = Jobs::default();
        let about = About::default();
        for event in [claimed(), settled(JobEnd::Finished)] {
            jobs.hear(&Fact { created: SystemTime::now(), event: &event, about: &about });
        }

        assert!(jobs.0.is_empty());
    }
}

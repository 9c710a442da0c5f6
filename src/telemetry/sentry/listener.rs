//! From facts to reports: what is known of each job in hand, and what of it is worth a report.
//!
//! As the SDK's integration for RQ, it reports a job when it failed for good, and not when it is tried again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use uuid::Uuid;

use super::check_in::CheckIn;
use super::report::{Crumb, JobFacts, Parcel, Report, Span, Subject};
use super::trace::Trace;
use super::{Options, desk, send};
use crate::event::{Event, JobEnd};
use crate::job::{Evidence, Lineage};
use crate::telemetry::line::SENTRY;
use crate::telemetry::line_listener::LineListener;
use crate::telemetry::listener::{Fact, Listener};
use crate::telemetry::{About, Level, Record};

/// How many jobs are remembered; of more in hand at once, less is told.
const ROOM: usize = 10_000;

/// The most characters of a logger's name and of a message that are kept.
const NAME: usize = 200;
const MESSAGE: usize = 1_000;

/// Who hears for Sentry.
pub(super) struct Ear;

impl Listener for Ear {
    fn hear(&self, fact: &Fact<'_>) {
        let Some(desk) = desk() else { return };
        let wishes = Wishes::of(desk.options());
        let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
        let parcels = jobs.get_or_insert_default().hear(fact, wishes);
        drop(jobs);
        for parcel in parcels {
            desk.take(parcel);
        }
    }
}

impl LineListener for Ear {
    fn hear_line(&self, record: &Record<'_>) {
        // What is said of reports would be reported for ever.
        if record.line.logger == SENTRY {
            return;
        }
        let level = match record.line.level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "fatal",
        };
        let (logger, words) = (record.line.logger.clone().into_owned(), record.line.message(false));
        let subject = Subject::Logged { level, logger, words };
        let about = record.about.clone();
        send(Parcel::Report(Box::new(Report { at: record.created, about, job: None, subject })));
    }
}

/// What is wanted beside reports of failures.
#[derive(Debug, Clone, Copy)]
struct Wishes {
    spans: bool,
    check_ins: bool,
    /// How many log records are kept of a job.
    crumbs: usize,
}

impl Wishes {
    fn of(options: &Options) -> Self {
        let crumbs = options.max_breadcrumbs;
        Self { spans: options.traces_sample_rate > 0.0, check_ins: options.cron_check_ins, crumbs }
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
    /// The dotted name of its function, where only its end tells it.
    function: Option<String>,
    /// The run of a cron entry that it is, once that was told to begin.
    check_in: Option<CheckIn>,
}

impl Jobs {
    /// Takes note of a fact; what comes back is to be sent.
    fn hear(&mut self, fact: &Fact<'_>, wishes: Wishes) -> Vec<Parcel> {
        let report = match fact.event {
            Event::JobSettled { job, end, .. } => return self.settled(job, *end, fact, wishes),
            Event::FunctionBegan { job, lineage, .. } => {
                return self.began(job, lineage.as_deref(), fact, wishes).into_iter().collect();
            }
            Event::JobFailed { job, reason, .. } => self.failed(job, reason, fact),
            Event::JobLogged { job: Some(job), level, logger, message, created, .. } => {
                let crumb = Crumb {
                    at: *created,
                    level: *level,
                    logger: logger.chars().take(NAME).collect(),
                    message: message.chars().take(MESSAGE).collect(),
                };
                self.keep(job, crumb, wishes.crumbs);
                None
            }
            event => self.note(event, fact.created).map_or_else(|| of_event(fact), |()| None),
        };
        report.map(|report| Parcel::Report(Box::new(report))).into_iter().collect()
    }

    /// Keeps a log record of a job in hand, and no more than so many.
    fn keep(&mut self, job: &str, crumb: Crumb, most: usize) {
        let Some(known) = self.0.get_mut(job).filter(|_| most > 0) else { return };
        while known.facts.crumbs.len() >= most {
            known.facts.crumbs.pop_front();
        }
        known.facts.crumbs.push_back(crumb);
    }

    /// The function began; a run of a cron entry checks in.
    fn began(
        &mut self,
        job: &str,
        lineage: Option<&Lineage>,
        fact: &Fact<'_>,
        wishes: Wishes,
    ) -> Option<Parcel> {
        let known = self.known(job);
        known.facts.started_at = Some(fact.created);
        known.facts.trace = Some(Trace::of(lineage.and_then(|lineage| lineage.trace.as_ref())));
        let mark = lineage?.cron.clone().filter(|_| wishes.check_ins)?;
        let id = Uuid::new_v4().simple().to_string();
        let check_in = CheckIn { id, mark, status: "in_progress", duration: None };
        known.check_in = Some(check_in.clone());
        Some(Parcel::CheckIn(Box::new(check_in)))
    }

    /// What is told of a job on its way; nothing when the event is none of these.
    fn note(&mut self, event: &Event, created: SystemTime) -> Option<()> {
        match event {
            Event::JobClaimed { job, description, waited, .. } => {
                let enqueued_at = waited.and_then(|waited| created.checked_sub(waited));
                let description = Some(description.clone());
                let facts = JobFacts { description, enqueued_at, ..JobFacts::default() };
                if self.0.len() < ROOM {
                    self.0.insert(job.clone(), Known { facts, ..Known::default() });
                }
            }
            Event::JobStopped { job, .. } => self.known(job).stopped = true,
            Event::HorseOverran { job, .. } => self.known(job).overran = true,
            Event::JobRaised { job, traceback, evidence, .. } => {
                let (traceback, evidence) = (traceback.clone(), evidence.as_ref().map(Arc::clone));
                self.known(job).end = Some(Subject::Raised { evidence, traceback });
            }
            Event::FailureLeft { job, function, evidence, .. } => {
                let known = self.known(job);
                known.function.clone_from(function);
                let evidence = Some(Arc::clone(evidence));
                known.end = Some(Subject::Raised { evidence, traceback: String::new() });
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

    /// The end of an execution. RQ's own code tells itself what it has to say; of a horse that died there, and of what its job raised,
    /// the daemon tells.
    fn settled(&mut self, job: &str, end: JobEnd, fact: &Fact<'_>, wishes: Wishes) -> Vec<Parcel> {
        let Some(mut known) = self.0.remove(job) else { return Vec::new() };
        let left = known.end.take().filter(|_| end == JobEnd::Left);
        let function = fact.about.function.clone().or_else(|| known.function.take());
        let about = About { function, ..fact.about.clone() };
        let fact = Fact { about: &about, ..*fact };
        let span = wishes.spans.then(|| span(&known.facts, end, &fact)).flatten();
        let check_in = known.check_in.and_then(|check_in| over(check_in, known.facts.started_at, end, &fact));
        let report = left.and_then(|subject| report(&fact, Some(known.facts), subject));
        let report = report.map(|report| Parcel::Report(Box::new(report)));
        [report, span, check_in].into_iter().flatten().collect()
    }
}

/// The time of a job whose function began.
fn span(facts: &JobFacts, end: JobEnd, fact: &Fact<'_>) -> Option<Parcel> {
    let status = match end {
        JobEnd::Finished => "ok",
        JobEnd::Failed | JobEnd::Retried => "internal_error",
        JobEnd::Stopped => "cancelled",
        JobEnd::PutBack => "aborted",
        JobEnd::Dropped | JobEnd::Left => "unknown",
    };
    let (began, ended, about) = (facts.started_at?, fact.created, fact.about.clone());
    Some(Parcel::Span(Box::new(Span { began, ended, about, trace: facts.trace.clone()?, status })))
}

/// The end of a run of a cron entry. One that is tried again has failed: the next try is a run of its own.
fn over(check_in: CheckIn, began: Option<SystemTime>, end: JobEnd, fact: &Fact<'_>) -> Option<Parcel> {
    let status = match end {
        JobEnd::Finished => "ok",
        JobEnd::Failed | JobEnd::Retried | JobEnd::Stopped | JobEnd::PutBack => "error",
        // Nobody here knows.
        JobEnd::Dropped | JobEnd::Left => return None,
    };
    let took = began.and_then(|began| fact.created.duration_since(began).ok());
    let duration = took.map(|took| took.as_secs_f64());
    Some(Parcel::CheckIn(Box::new(CheckIn { status, duration, ..check_in })))
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
    const NOTHING_MORE: Wishes = Wishes { spans: false, check_ins: false, crumbs: 2 };

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
        let hear = |event| jobs.hear(&Fact { created, event, about: &about }, NOTHING_MORE);
        let reports = events.iter().flat_map(hear).map(|parcel| match parcel {
            Parcel::Report(report) => *report,
            Parcel::Span(_) | Parcel::CheckIn(_) => panic!("nobody asked for it"),
        });
        reports.collect()
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
    fn the_last_log_records_of_a_job_come_with_its_report() {
        let logged = |number: usize| Event::JobLogged {
            worker: "w".to_owned(),
            job: Some(JOB.to_owned()),
            execution: None,
            level: 30,
            logger: "app".to_owned(),
            message: number.to_string(),
            traceback: None,
            created: SystemTime::UNIX_EPOCH,
            shown: false,
        };

        let told = told(&[logged(0), claimed(), logged(1), logged(2), logged(3), raised(None), failed()]);

        let crumbs: Vec<_> = told[0].job.iter().flat_map(|facts| &facts.crumbs).collect();
        assert_eq!(crumbs.iter().map(|crumb| crumb.message.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    }

    #[test]
    fn jobs_are_forgotten_when_they_are_settled() {
        let mut jobs = Jobs::default();
        let about = About::default();
        for event in [claimed(), settled(JobEnd::Finished)] {
            jobs.hear(&Fact { created: SystemTime::now(), event: &event, about: &about }, NOTHING_MORE);
        }

        assert!(jobs.0.is_empty());
    }
}

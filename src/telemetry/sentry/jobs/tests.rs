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
    Event::JobRaised {
        worker,
        job,
        func_name: None,
        traceback,
        cause: Cause::Raised,
        known: None,
        evidence: evidence.map(Arc::new),
    }
}

fn failed() -> Event {
    Event::JobFailed {
        worker: "w".to_owned(),
        job: JOB.to_owned(),
        reason: "why".to_owned(),
        cause: Cause::TimeLimit,
    }
}

fn settled(end: JobEnd) -> Event {
    let [worker, queue, job] = ["w", "q", JOB].map(str::to_owned);
    Event::JobSettled { worker, queue, job, end, took: Duration::ZERO, cause: None }
}

fn died() -> Event {
    let (worker, job) = ("w".to_owned(), JOB.to_owned());
    Event::HorseDied {
        worker,
        job,
        pid: 1,
        status: Some(9),
        reason: "killed".to_owned(),
        cause: Cause::TimeLimit,
    }
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
    let stopped = Event::JobStopped {
        worker: "w".to_owned(),
        job: JOB.to_owned(),
        evidence: "it was asked to".to_owned(),
    };

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
    let killed =
        Subject::Died { status: Some(9), reason: "killed".to_owned(), cause: Some(Cause::TimeLimit) };
    assert_eq!(format!("{:?}", report.subject), format!("{killed:?}"));
    assert_eq!(report.job.as_ref().and_then(|facts| facts.cause), Some(Cause::TimeLimit));
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

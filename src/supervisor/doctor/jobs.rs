//! Jobs that nobody will run or end: stranded between two places, abandoned, lost, or waiting for what is gone.

use super::finding::{Finding, counted, some};
use crate::store::{Deferred, Leftovers, Lost};

/// How a job is run again of which RQ itself knows no way: as a new one, whatever the old one says of itself.
const AGAIN: &str = "job = Job.fetch(ID, connection=c); \
                     Queue(job.origin, connection=c).enqueue(job.func_name, *job.args, **job.kwargs); job.delete()";

/// Ids that stand between a queue and its started registry for too long, by queue.
pub(super) type Stranded = Vec<(String, Vec<Vec<u8>>)>;

/// What there is to say of jobs.
pub(super) fn check(left: &Leftovers, stranded: &Stranded, lost: &Lost) -> Vec<Finding> {
    let mut found: Vec<Finding> = [
        self::stranded(stranded),
        kept(left),
        abandoned(left),
        self::lost(lost),
        dangling(left),
        waiting(left),
    ]
    .into_iter()
    .flatten()
    .collect();
    if found.is_empty() {
        found.push(Finding::ok("jobs", "no job is stranded, abandoned or lost"));
    }
    if !lost.is_whole {
        found.push(Finding::note("jobs.unseen", "not every job was looked at for one that is lost").because(
            "there are very many, or SCAN is refused: one that runs in no registry may be among the rest",
        ));
    }
    found
}

/// Ids that are in the same intermediate list in two looks.
pub(super) fn still_there(before: &Leftovers, after: &Leftovers) -> Stranded {
    let of = |name: &str| after.queues.iter().find(|queue| queue.name == name);
    let queues = before.queues.iter().filter_map(|queue| {
        let now = of(&queue.name)?;
        let ids: Vec<_> =
            queue.intermediate.iter().filter(|id| now.intermediate.contains(id)).cloned().collect();
        (!ids.is_empty()).then(|| (queue.name.clone(), ids))
    });
    queues.collect()
}

fn stranded(stranded: &Stranded) -> Option<Finding> {
    let ids: Vec<String> = stranded
        .iter()
        .flat_map(|(_, ids)| ids.iter().map(|id| String::from_utf8_lossy(id).into_owned()))
        .collect();
    let are = counted(ids.len() as u64, "job is", "jobs are");
    (!ids.is_empty()).then(|| {
        Finding::problem("jobs.stranded", format!("{are} stranded between queue and worker: {}", some(&ids)))
            .because("a worker died between taking the id and beginning the job; nobody runs it from there")
            .advise("rq doctor --fix, or a daemon that serves the queue, puts it back; where Python workers serve it, after a minute")
            .fixable()
    })
}

/// Jobs that run under leases which are over: the clock is what is wrong, and not the jobs.
fn kept(left: &Leftovers) -> Option<Finding> {
    let ids: Vec<&str> = left.queues.iter().flat_map(|queue| &queue.kept).map(String::as_str).collect();
    let runs = counted(ids.len() as u64, "job runs", "jobs run");
    (!ids.is_empty()).then(|| {
        let found = format!("{runs} under leases that are over by the clock of Redis: {}", some(&ids));
        Finding::problem("clock.leases", found)
            .because(
                "their workers renew them, and the clocks of those are behind: RQ's own cleaners, in every worker of Python's, \
                 take the jobs for abandoned and fail them or run them twice",
            )
            .advise("run a time service where these workers run (rq job show ID tells the worker, rq workers its host)")
    })
}

fn abandoned(left: &Leftovers) -> Option<Finding> {
    let both = left.inventory.queues.iter().zip(&left.queues);
    let queues: Vec<(&str, u64)> = both
        .map(|(queue, rest)| (queue.name.as_str(), queue.abandoned.saturating_sub(rest.kept.len() as u64)))
        .filter(|(_, abandoned)| *abandoned > 0)
        .collect();
    let count: u64 = queues.iter().map(|(_, abandoned)| abandoned).sum();
    let names: Vec<&str> = queues.iter().map(|(name, _)| *name).collect();
    let jobs = counted(
        count,
        "job is started, and nobody runs it any more",
        "jobs are started, and nobody runs them any more",
    );
    (count > 0).then(|| {
        Finding::warning("jobs.abandoned", format!("{jobs}, in {}", some(&names)))
            .because("their leases are over: their workers are gone, or cut off from Redis")
            .advise(
                "rq doctor --fix, or any daemon that serves the queue, retries them or has them fail, as RQ does",
            )
            .fixable()
    })
}

fn lost(lost: &Lost) -> Option<Finding> {
    let ids: Vec<&str> = lost.jobs.iter().map(|job| job.id.as_str()).collect();
    let say = counted(
        ids.len() as u64,
        "job says that it runs, and no worker has it",
        "jobs say that they run, and no worker has them",
    );
    (!ids.is_empty()).then(|| {
        Finding::problem("jobs.lost", format!("{say} in hand: {}", some(&ids)))
            .because(
                "they stand in no registry, so that nobody looks for them: they were begun, and never ended",
            )
            .advise(format!(
                "look whether their work was done (rq job show ID); to run one again, in Python: {AGAIN}"
            ))
    })
}

fn dangling(left: &Leftovers) -> Option<Finding> {
    let all = || left.queues.iter().flat_map(|queue| queue.dangling.iter().map(move |it| (&queue.name, it)));
    let count: usize = all().map(|(_, dangling)| dangling.ids.len()).sum();
    let mut queues: Vec<&str> = all().map(|(name, _)| name.as_str()).collect();
    queues.dedup();
    (count > 0).then(|| {
        let looked: usize = all().map(|(_, dangling)| dangling.looked).sum();
        let ids = counted(count as u64, "id", "ids");
        let found = format!("the jobs of {ids} are gone, of {looked} that were looked at in {}", some(&queues));
        Finding::note("jobs.dangling", found)
            .because("their time to live was over, or somebody deleted the jobs alone; workers pass over them, counts do not")
            .advise("rq doctor --fix takes these out")
            .fixable()
    })
}

fn waiting(left: &Leftovers) -> Option<Finding> {
    let ids: Vec<&str> = left
        .queues
        .iter()
        .flat_map(|queue| &queue.deferred)
        .filter(|job| waits_for_ever(job))
        .map(|job| job.id.as_str())
        .collect();
    let wait = counted(ids.len() as u64, "job waits", "jobs wait");
    (!ids.is_empty()).then(|| {
        Finding::problem(
            "jobs.deferred",
            format!("{wait} for jobs that are gone, and so for ever: {}", some(&ids)),
        )
        .because("what they depend on was deleted or has expired before it released them")
        .advise(format!("give one up by rq jobs ID --delete, or run it all the same, in Python: {AGAIN}"))
    })
}

/// Whether nothing can release a job any more: of what it waits for, something is gone and the rest is over.
fn waits_for_ever(job: &Deferred) -> bool {
    let is_over = |status: &Option<String>| match status.as_deref() {
        None | Some("finished") => true,
        Some("failed") => job.allows_failures,
        Some(_) => false,
    };
    let mut statuses = job.dependencies.iter().map(|(_, status)| status);
    statuses.clone().any(Option::is_none) && statuses.all(is_over)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::left;
    use super::*;
    use crate::store::{Dangling, LostJob, Standing};

    fn deferred(statuses: &[Option<&str>], allows_failures: bool) -> Deferred {
        let dependencies =
            statuses.iter().map(|status| ("d".to_owned(), status.map(str::to_owned))).collect();
        Deferred { id: "j".to_owned(), dependencies, allows_failures }
    }

    #[test]
    fn a_job_waits_for_ever_when_nobody_is_left_to_release_it() {
        for (statuses, allows, expected) in [
            (&[None][..], false, true),
            (&[None, Some("finished")], false, true),
            (&[None, Some("failed")], true, true),
            (&[None, Some("failed")], false, false),
            (&[None, Some("started")], false, false),
            (&[Some("finished")], false, false),
            (&[], false, false),
        ] {
            assert_eq!(waits_for_ever(&deferred(statuses, allows)), expected, "{statuses:?}");
        }
    }

    #[test]
    fn only_what_stays_between_is_stranded() {
        let (mut before, mut after) = (left(), left());
        before.queues[0].intermediate = vec![b"a".to_vec(), b"b".to_vec()];
        after.queues[0].intermediate = vec![b"b".to_vec(), b"c".to_vec()];

        assert_eq!(still_there(&before, &after), [("q".to_owned(), vec![b"b".to_vec()])]);
        assert_eq!(still_there(&before, &left()), []);
    }

    #[test]
    fn each_kind_of_misfortune_is_told() {
        let mut left = left();
        let whole = Lost { is_whole: true, ..Lost::default() };
        assert_eq!(
            check(&left, &Vec::new(), &whole),
            [Finding::ok("jobs", "no job is stranded, abandoned or lost")]
        );

        left.inventory.queues[0].abandoned = 2;
        left.queues[0].kept = vec!["k".to_owned()];
        left.queues[0].deferred = vec![deferred(&[None], false)];
        left.queues[0].dangling =
            vec![Dangling { place: Standing::Queued, looked: 9, ids: vec!["x".to_owned()] }];
        let job = LostJob { id: "l".to_owned(), queue: "q".to_owned(), worker: None, started_at: None };
        let lost = Lost { jobs: vec![job], is_whole: false };
        let found = check(&left, &vec![("q".to_owned(), vec![b"s".to_vec()])], &lost);

        let told: Vec<_> =
            found.iter().map(|finding| (finding.check, finding.severity, finding.fixable)).collect();
        assert_eq!(
            told,
            [
                ("jobs.stranded", Severity::Problem, true),
                ("clock.leases", Severity::Problem, false),
                ("jobs.abandoned", Severity::Warning, true),
                ("jobs.lost", Severity::Problem, false),
                ("jobs.dangling", Severity::Note, true),
                ("jobs.deferred", Severity::Problem, false),
                ("jobs.unseen", Severity::Note, false),
            ]
        );
        assert_eq!(found[1].found, "1 job runs under leases that are over by the clock of Redis: k");
        assert_eq!(found[2].found, "1 job is started, and nobody runs it any more, in q");
    }
}

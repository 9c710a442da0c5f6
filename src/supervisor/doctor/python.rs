//! The project's interpreter: whether it starts, what is installed there, and whether the functions of waiting jobs are there.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, counted, some};
use crate::horse::{ImportTrouble, StartError};

/// The versions of rq whose jobs are tested, by their first two numbers.
const OLDEST_RQ: (u32, u32) = (1, 16);
const NEWEST_RQ: u32 = 3;

/// A function that waiting jobs name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) function: String,
    pub(super) queue: String,
    /// How many of the jobs that were looked at name it, and one of them.
    pub(super) jobs: u64,
    pub(super) example: String,
}

/// What there is to say of an interpreter that cannot be used.
pub(super) fn unusable(error: &StartError) -> Finding {
    let finding = Finding::problem("python", error.to_string())
        .because("no worker starts, and no job runs, without the project's interpreter");
    match error {
        StartError::Refused(refused) if !refused.hint.is_empty() => finding.advise(refused.hint.clone()),
        _ => finding.advise(
            "rq config check --connect tells more; name another interpreter by --python, RQ_PYTHON or horse.python",
        ),
    }
}

/// What there is to say of an interpreter that started, and of the libraries in it.
pub(super) fn check(
    python: &str,
    version: &str,
    libraries: &BTreeMap<String, Option<String>>,
    serves_rq: bool,
) -> Vec<Finding> {
    let version = version.split_whitespace().next().unwrap_or_default();
    let mut found = vec![Finding::ok("python", format!("{python} is Python {version}"))];
    let of = |name: &str| libraries.get(name).and_then(Option::as_deref);
    found.push(match (of("rq"), of("redis")) {
        (Some(rq), Some(redis)) => supported(rq, redis),
        (rq, _) => missing(if rq.is_none() { "rq" } else { "redis" }, python, serves_rq),
    });
    found
}

fn supported(rq: &str, redis: &str) -> Finding {
    const CHECK: &str = "python.libraries";
    let told = format!("rq {rq} and redis {redis} are installed there");
    let mut parts = rq.split('.').map(|part| part.parse().unwrap_or(0));
    let level: (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if level < OLDEST_RQ {
        Finding::warning(CHECK, told)
            .because("jobs of rq before 1.16 are not tested: some of what their code asks of rq may not work")
            .advise("pip install 'rq>=1.16'")
    } else if level.0 > NEWEST_RQ {
        Finding::note(CHECK, told)
            .because("that rq is newer than this rqd: what came after 3 is not known here")
            .advise("look for a newer rqd")
    } else {
        Finding::ok(CHECK, told)
    }
}

fn missing(library: &str, python: &str, serves_rq: bool) -> Finding {
    let found = format!("{library} is not installed there");
    let advice = format!(
        "{python} -m pip install {library}, or name the project's interpreter by --python or horse.python"
    );
    let grade = if serves_rq { Finding::problem } else { Finding::note };
    let why = if serves_rq {
        "rq's own code is to run the jobs (horse.engine)"
    } else {
        "jobs run without it, unless their code asks for their job, their connection or a queue; it may be the wrong environment"
    };
    grade("python.libraries", found).because(why).advise(advice)
}

/// For how many causes it is told which functions cannot be imported.
const MOST: usize = 10;

/// What there is to say of functions; `looked` is how many jobs were looked at.
/// `untried` is how many functions there was no time for.
pub(super) fn functions(
    tried: &[(Named, Option<ImportTrouble>)],
    looked: u64,
    untried: usize,
) -> Vec<Finding> {
    const CHECK: &str = "jobs.functions";
    if tried.is_empty() {
        return vec![Finding::ok(CHECK, "no job waits whose function could be looked for")];
    }
    let groups = of_one_cause(tried);
    let mut found: Vec<Finding> =
        groups.iter().take(MOST).map(|(named, trouble)| unimportable(named, trouble, looked)).collect();
    if let Some(more @ 1..) = groups.len().checked_sub(MOST) {
        let told = format!("{more} more causes for which functions cannot be imported are not shown");
        found.push(Finding::problem(CHECK, told).because("these jobs will fail as soon as they are run"));
    }
    if found.is_empty() {
        let functions = counted(tried.len() as u64, "function", "functions");
        let jobs =
            counted(tried.iter().map(|(named, _)| named.jobs).sum(), "job that waits", "jobs that wait");
        found.push(Finding::ok(CHECK, format!("{functions} of {jobs} can be imported")));
    }
    if untried > 0 {
        let functions = counted(untried as u64, "function was", "functions were");
        let told = format!("{functions} not tried, of the jobs that wait");
        found.push(
            Finding::note(CHECK, told)
                .because("at most 50 are imported, for a minute, the most frequent first"),
        );
    }
    found
}

/// Functions that cannot be imported for the same reason belong together, unless another one was probably meant.
fn of_one_cause(tried: &[(Named, Option<ImportTrouble>)]) -> Vec<(Vec<&Named>, &ImportTrouble)> {
    let mut groups: Vec<(Vec<&Named>, &ImportTrouble)> = Vec::new();
    for (named, trouble) in tried {
        let Some(trouble) = trouble else { continue };
        let is_same = |known: &ImportTrouble| known.near.is_none() && known == trouble;
        match groups.iter_mut().find(|(_, known)| is_same(known)) {
            Some((group, _)) => group.push(named),
            None => groups.push((vec![named], trouble)),
        }
    }
    groups
}

fn unimportable(group: &[&Named], trouble: &ImportTrouble, looked: u64) -> Finding {
    let names = |name: fn(&Named) -> &str| {
        let names: BTreeSet<&str> = group.iter().map(|named| name(named)).collect();
        some(&names.into_iter().collect::<Vec<_>>())
    };
    let function = names(|named| &named.function);
    let found = format!(
        "{function} cannot be imported: {} ({} of {}, of queue {}, such as {})",
        trouble.reason,
        group.iter().map(|named| named.jobs).sum::<u64>(),
        counted(looked, "job that waits", "jobs that wait"),
        names(|named| &named.queue),
        group[0].example,
    );
    let advice = match &trouble.near {
        Some(near) => format!(
            "did you mean {near}? deploy the code that has {function}, or name its folder by --path or horse.path"
        ),
        None => format!(
            "deploy the code that has {function}, install what it needs, or name its folder by --path or horse.path"
        ),
    };
    Finding::problem("jobs.functions", found)
        .because("these jobs will fail as soon as they are run")
        .advise(advice)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn installed(rq: Option<&str>, redis: Option<&str>) -> BTreeMap<String, Option<String>> {
        [("rq", rq), ("redis", redis)]
            .map(|(name, version)| (name.to_owned(), version.map(str::to_owned)))
            .into()
    }

    #[test]
    fn libraries_are_judged_by_what_is_tested() {
        for (rq, redis, serves_rq, severity) in [
            (Some("1.15.1"), Some("5.0"), false, Severity::Warning),
            (Some("1.16.2"), Some("5.0"), false, Severity::Ok),
            (Some("3.0.0"), Some("7.0"), true, Severity::Ok),
            (Some("4.0.0"), Some("7.0"), false, Severity::Note),
            (None, Some("7.0"), false, Severity::Note),
            (Some("3.0.0"), None, true, Severity::Problem),
        ] {
            let found = check("/p", "3.12.1 (main)", &installed(rq, redis), serves_rq);
            assert_eq!(found[0], Finding::ok("python", "/p is Python 3.12.1"));
            assert_eq!(found[1].severity, severity, "{rq:?} {redis:?}");
        }
    }

    #[test]
    fn a_function_that_is_not_there_is_told_with_the_nearest_name() {
        let named = |function: &str| Named {
            function: function.to_owned(),
            queue: "mail".to_owned(),
            jobs: 2,
            example: "j1".to_owned(),
        };
        let trouble = ImportTrouble { reason: "no such".to_owned(), near: Some("app.send".to_owned()) };

        let found = functions(&[(named("app.sned"), Some(trouble)), (named("app.send"), None)], 9, 0);

        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].found,
            "app.sned cannot be imported: no such (2 of 9 jobs that wait, of queue mail, such as j1)"
        );
        assert!(found[0].advice.as_ref().unwrap().starts_with("did you mean app.send?"), "{found:?}");
        let fine = functions(&[(named("a.b"), None)], 9, 3);
        assert_eq!(fine[0].found, "1 function of 2 jobs that wait can be imported");
        assert_eq!(fine[1].found, "3 functions were not tried, of the jobs that wait");
    }

    #[test]
    fn functions_that_share_a_cause_are_told_once_and_causes_are_not_without_end() {
        let tried = |function: String, reason: &str| {
            let named = Named { function, queue: "mail".to_owned(), jobs: 2, example: "j1".to_owned() };
            (named, Some(ImportTrouble { reason: reason.to_owned(), near: None }))
        };
        let of_one: Vec<_> = (0..3).map(|number| tried(format!("app.f{number}"), "no app")).collect();
        let of_many: Vec<_> =
            (0..12).map(|number| tried(format!("a{number}.f"), &format!("no a{number}"))).collect();

        let one = functions(&of_one, 9, 0);
        let many = functions(&of_many, 24, 0);

        assert_eq!(one.len(), 1);
        assert_eq!(
            one[0].found,
            "app.f0, app.f1, app.f2 cannot be imported: no app (6 of 9 jobs that wait, of queue mail, such as j1)"
        );
        assert_eq!(many.len(), MOST + 1);
        assert!(many[MOST].found.starts_with("2 more causes"), "{many:?}");
    }
}

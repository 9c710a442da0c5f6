//! What is wrong with the configuration, or doubtful: the same as `rq config check` tells.

use super::finding::Finding;
use crate::config::{Problem, Resolved};
use crate::supervisor::check::{doubts, misfits};
use crate::supervisor::settling::Purpose;
use crate::supervisor::{SupervisorError, interpreter};

const CHECK: &str = "settings";

/// What there is to say of settings that could be read.
pub(super) fn check(resolved: &Resolved) -> Result<Vec<Finding>, SupervisorError> {
    let mut found: Vec<Finding> = misfits(resolved, Purpose::Check)?.iter().map(wrong).collect();
    let doubts = doubts(resolved).into_iter().chain(interpreter::doubt(resolved));
    found.extend(doubts.map(|doubt| {
        Finding::note(CHECK, doubt)
            .advise("rq config explain KEY tells of a setting, and where it comes from")
    }));
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "the configuration is good"));
    }
    Ok(found)
}

fn wrong(problem: &Problem) -> Finding {
    let advice = problem.hint.clone().unwrap_or_else(|| "rq config check tells where it stands".to_owned());
    Finding::problem(CHECK, problem.to_string()).because("a worker would not start").advise(advice)
}

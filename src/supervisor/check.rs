//! What only the layers below can judge of the settings: the connection, the lines of the log, the interpreter.

use std::collections::BTreeMap;

use super::settling::Purpose;
use super::wanted::{Scope, Wanted};
use super::{SupervisorError, address, interpreter, logging, pages};
use crate::config::{Address, Effective, Origin, Problem, Problems, Resolved, Sources};

/// The settings, or all that is wrong with them, as far as it matters for the purpose.
pub(super) fn checked(sources: &Sources, purpose: Purpose) -> Result<Resolved, SupervisorError> {
    let (resolved, mut problems) = sources.read()?;
    problems.extend(misfits(&resolved, purpose)?);
    Ok(Problems::or(problems, resolved)?)
}

/// What is wrong with settings that were read, as far as it matters for the purpose.
pub(super) fn misfits(resolved: &Resolved, purpose: Purpose) -> Result<Vec<Problem>, SupervisorError> {
    let mut problems = Vec::new();
    if purpose.connects() {
        problems.extend(address::problems(resolved));
        problems.extend(logging::problems(resolved));
    }
    if purpose.runs_jobs() {
        problems.extend(clashes(resolved));
        problems.extend(pages::problems(resolved));
        match interpreter::find(resolved) {
            Ok(_) => {}
            Err(SupervisorError::Config(missing)) => problems.extend(missing),
            Err(error) => return Err(error),
        }
        problems.extend(interpreter::missing_in_groups(resolved));
    }
    Ok(problems)
}

/// Names that workers of two groups would have: a name belongs to one.
fn clashes(resolved: &Resolved) -> Vec<Problem> {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let mut problems = Vec::new();
    for wanted in Wanted::all(resolved, Scope::Everything) {
        let names = (1..=wanted.count().max).map_while(|number| wanted.name(number));
        let taken = names.map(|name| name.to_string()).find_map(|name| {
            let other = owners.insert(name.clone(), wanted.group.clone())?;
            Some((name, other))
        });
        if let Some((name, other)) = taken {
            let key = wanted.resolved.own_key("worker.name");
            let text = format!("its worker {name} would be called as one of group {other}");
            problems.push(
                resolved.problem(&key, text).hint("put %g, the group, or %i, the number, into the name"),
            );
        }
    }
    problems
}

/// What its author should know of settings that can be used.
pub(crate) fn doubts(resolved: &Resolved) -> Vec<String> {
    let told = resolved.warnings.iter().map(ToString::to_string);
    let unmapped = logging::options(resolved).doubts();
    told.chain(unmapped).chain(without_tls(resolved)).collect()
}

/// What is set for TLS where none is spoken.
fn without_tls(resolved: &Resolved) -> Vec<String> {
    let Address::Options(options) = &resolved.settings.redis.address else { return Vec::new() };
    // RQ: they are left unread.
    let told = |effective: &Effective| {
        format!("{} from {} has no effect, as redis.ssl is off", effective.spelled, effective.origin)
    };
    given(resolved, "redis.ssl_").filter(|_| !options.ssl).map(told).collect()
}

/// The settings of this prefix that somebody gave.
fn given<'a>(resolved: &'a Resolved, prefix: &'static str) -> impl Iterator<Item = &'a Effective> {
    let all = resolved.origins.iter();
    all.filter(move |effective| effective.key.starts_with(prefix) && effective.origin != Origin::Default)
}

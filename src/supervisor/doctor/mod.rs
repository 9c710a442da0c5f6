//! `rq doctor`: looks at Redis, at what is in it, at the settings, at the project's interpreter and at this machine, and tells what is
//! wrong, why it matters and what to do.
//!
//! Facts are read first; each check is a pure judgement of them, in a file of its own. Nothing is changed unless repairs are wished for.

mod clock;
mod connections;
mod finding;
mod jobs;
mod memory;
mod persistence;
mod project;
mod python;
mod queues;
mod repairs;
mod rights;
mod server;
mod settings;
mod state;
mod system;
#[cfg(test)]
mod tests;
mod workers;

use std::time::Duration;

use serde::Serialize;

pub(crate) use finding::{Finding, Severity};
pub(crate) use repairs::{Deed, Outcome};

use super::settling::{Purpose, load_settings};
use super::wanted::{Scope, Wanted};
use super::{SupervisorError, address};
use crate::config::{Resolved, Sources};
use crate::os::MachineLimits;
use crate::store::{Store, StoreError};
use crate::worker::WorkError;

/// In whose name Redis is asked.
const NAME: &str = "rq doctor";

/// What is to be examined, and what may be done.
pub(crate) struct Examination {
    /// Queues; without any, all that are known, and the configured ones for the functions of their jobs.
    pub(crate) queues: Vec<String>,
    /// Whether functions of waiting jobs are imported, which runs the project's code.
    pub(crate) imports: bool,
    pub(crate) repairs: Option<Wished>,
}

/// Whether repairs are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wished {
    Told,
    Done,
}

/// All that an examination found, and what was done.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The server, without secrets.
    pub(crate) redis: String,
    /// What was repaired before, or would be.
    pub(crate) repairs: Vec<Deed>,
    /// What there is to say, after the repairs.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// The worst of what was found.
    pub(crate) fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }
}

/// Looks at everything.
pub(crate) async fn examine(sources: Sources, examination: &Examination) -> Result<Report, SupervisorError> {
    let mut settled = load_settings(sources, Purpose::Look).await?;
    let store = address::store(&settled.resolved, address::of(&settled.resolved)?, NAME);
    reach(&store).await?;
    let (mut findings, is_hidden) = of_redis(&store).await.map_err(WorkError::from)?;
    let of_state = state::examine(&store, &settled.resolved, examination).await;
    let (repairs, mut of_state) = of_state.map_err(WorkError::from)?;
    if is_hidden {
        // Nothing is well that cannot be seen.
        of_state.retain(|finding| finding.severity > Severity::Ok && *finding != state::hidden());
        of_state.push(state::hidden());
    }
    findings.extend(of_state);
    findings.extend(settings::check(&settled.resolved)?);
    findings.extend(system::check(&MachineLimits::read(), workers_wanted(&settled.resolved)));
    let mut of_project =
        project::check(&mut settled, &store, &examination.queues, examination.imports).await?;
    of_project.retain(|it| !is_hidden || it.check != "jobs.functions" || it.severity > Severity::Ok);
    findings.extend(of_project);
    Ok(Report { redis: store.client().address().to_string(), repairs, findings })
}

/// Finds out whether Redis is there and lets us in; what it refuses beyond that is a finding.
async fn reach(store: &Store) -> Result<(), SupervisorError> {
    match store.is_suspended().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("NOPERM") => Ok(()),
        Err(error @ StoreError::Away { .. }) => Err(SupervisorError::Unreachable(Duration::ZERO, error)),
        Err(error) => Err(WorkError::from(error).into()),
    }
}

/// Nothing of what the server refuses, or gives in a form that we cannot read; that it went away is an error.
fn unless_refused<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ StoreError::Away { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The server as it is set up, whatever is in it, and whether some of that is hidden from us.
async fn of_redis(store: &Store) -> Result<(Vec<Finding>, bool), StoreError> {
    let server = store.server().await?;
    let rights = store.rights(&server).await?;
    let mut found = server::check(&server, &store.client().address().to_string());
    found.extend(memory::check(&server));
    found.extend(persistence::check(&server));
    found.extend(connections::check(&server));
    found.extend(rights::check(rights.as_ref(), &server, store.prefix()));
    found.extend(clock::check(&server));
    Ok((found, rights.is_some_and(|rights| rights.hide_something())))
}

/// How many workers the configuration may start.
fn workers_wanted(resolved: &Resolved) -> u64 {
    Wanted::all(resolved, Scope::Everything).iter().map(|wanted| u64::from(wanted.count().max)).sum()
}

//! `rq doctor`: looks at Redis, at the settings and at this machine, and tells what is wrong, why it matters and what to do.
//!
//! Facts are read first; each check is a pure judgement of them, in a file of its own.

mod clock;
mod connections;
mod finding;
mod memory;
mod persistence;
mod rights;
mod server;
mod settings;
mod system;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Serialize;

pub(crate) use finding::{Finding, Severity};

use super::settling::{Purpose, Settled, load_settings};
use super::wanted::{Scope, Wanted};
use super::{SupervisorError, address};
use crate::config::{Resolved, Sources};
use crate::os::MachineLimits;
use crate::store::{Store, StoreError};
use crate::worker::WorkError;

/// In whose name Redis is asked.
const NAME: &str = "rq doctor";

/// All that an examination found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The server, without secrets.
    pub(crate) redis: String,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// The worst of what was found.
    pub(crate) fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }
}

/// Looks at everything, and changes nothing.
pub(crate) async fn examine(sources: Sources) -> Result<Report, SupervisorError> {
    let settled = load_settings(sources, Purpose::Look).await?;
    let Settled { resolved, .. } = settled;
    let store = address::store(&resolved, address::of(&resolved)?, NAME);
    reach(&store).await?;
    let mut findings = of_redis(&store).await.map_err(WorkError::from)?;
    findings.extend(settings::check(&resolved)?);
    findings.extend(system::check(&MachineLimits::read(), workers(&resolved)));
    Ok(Report { redis: store.client().address().to_string(), findings })
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

/// The server as it is set up, whatever is in it.
async fn of_redis(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let server = store.server().await?;
    let rights = store.rights(&server).await?;
    let mut found = server::check(&server, &store.client().address().to_string());
    found.extend(memory::check(&server));
    found.extend(persistence::check(&server));
    found.extend(connections::check(&server));
    found.extend(rights::check(rights.as_ref(), &server, store.prefix()));
    found.extend(clock::check(&server));
    Ok(found)
}

/// How many workers the configuration may start.
fn workers(resolved: &Resolved) -> u64 {
    Wanted::all(resolved, Scope::Everything).iter().map(|wanted| u64::from(wanted.count().max)).sum()
}

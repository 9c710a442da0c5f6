//! What is in Redis: workers, queues and jobs, and the repairs.

use tokio::time::sleep;

use super::finding::Finding;
use super::jobs::{self, Stranded};
use super::repairs::{Deed, Outcome, Repairs};
use super::workers::Machine;
use super::{Examination, Wished, queues, unless_refused, workers};
use crate::config::Resolved;
use crate::maintenance::{Repair, RepairOptions, STRANDED_AFTER};
use crate::os::{self, Identity};
use crate::store::{Leftovers, Lost, Store, StoreError};
use crate::supervisor::briefing;

/// The checks whose repairs may be for a daemon alone.
const LEFT_TO_DAEMONS: [&str; 2] = ["workers.daemons", "jobs.abandoned"];

/// What was seen in two looks.
struct Seen {
    left: Leftovers,
    stranded: Stranded,
    lost: Lost,
}

/// The machine that this runs on.
struct Host(String);

impl Machine for Host {
    fn hostname(&self) -> &str {
        &self.0
    }

    fn is_gone(&self, pid: u32) -> bool {
        os::is_gone(pid)
    }

    fn is_dead(&self, identity: &str) -> bool {
        Identity::parse(identity).is_some_and(|holder| os::is_provably_dead(&holder))
    }
}

/// What there is to say of what is in Redis, and what was repaired before.
pub(super) async fn examine(
    store: &Store,
    resolved: &Resolved,
    examination: &Examination,
) -> Result<(Vec<Deed>, Vec<Finding>), StoreError> {
    let Some(mut seen) = unless_refused(look(store, &examination.queues).await)? else {
        return Ok((Vec::new(), vec![hidden()]));
    };
    let host = Host(os::hostname());
    let mut deeds = Vec::new();
    if let Some(wished) = examination.repairs {
        deeds = repaired(store, resolved, (&seen, &host), wished).await?;
        if wished == Wished::Done && deeds.iter().any(|deed| deed.outcome == Outcome::Done) {
            seen = look(store, &examination.queues).await?;
        }
    }
    let mut found = workers::check(&seen.left, &host);
    if let Some(known) = unless_refused(store.queue_names().await)? {
        found.extend(queues::unknown(&examination.queues, &known));
    }
    found.extend(queues::check(&seen.left, &host));
    found.extend(jobs::check(&seen.left, &seen.stranded, &seen.lost));
    let is_left = |finding: &Finding| {
        let of_it = |deed: &Deed| deed.check == finding.check && deed.outcome == Outcome::Left;
        finding.fixable && LEFT_TO_DAEMONS.contains(&finding.check) && deeds.iter().any(of_it)
    };
    let found = found.into_iter().map(|it| if is_left(&it) { it.left() } else { it }).collect();
    Ok((deeds, found))
}

/// What there is to say where not all could be seen.
pub(super) fn hidden() -> Finding {
    Finding::note("jobs.hidden", "not all of the workers, queues and jobs could be looked at")
        .because("Redis refuses what that takes, see server.rights")
}

/// Looks, and looks again after a while where something is on its way that may have to stay there no longer.
async fn look(store: &Store, queues: &[String]) -> Result<Seen, StoreError> {
    let before = store.leftovers(queues).await?;
    let mut lost = store.lost().await?;
    let is_on_its_way = before.queues.iter().any(|queue| !queue.intermediate.is_empty());
    if !is_on_its_way && lost.jobs.is_empty() {
        return Ok(Seen { left: before, stranded: Stranded::new(), lost });
    }
    sleep(STRANDED_AFTER).await;
    let left = store.leftovers(queues).await?;
    lost.jobs = store.still_lost(&lost.jobs).await?;
    Ok(Seen { stranded: jobs::still_there(&before, &left), left, lost })
}

async fn repaired(
    store: &Store,
    resolved: &Resolved,
    (seen, host): (&Seen, &Host),
    wished: Wished,
) -> Result<Vec<Deed>, StoreError> {
    let settings = &resolved.settings;
    let store = store.clone().keeping(briefing::failure_ttl(&settings.worker));
    let is_dry = wished == Wished::Told;
    let options = RepairOptions {
        rules: briefing::interrupt_rules(&settings.worker),
        liveness: settings.maintenance.liveness,
        on_stranded: briefing::on_stranded(settings),
        has_handlers: !settings.worker.exception_handlers.is_empty(),
        is_dry,
    };
    let repair = Repair::new(store.clone(), options);
    let mut repairs = Repairs { store: &store, repair, is_dry, deeds: Vec::new() };
    repairs.all(&seen.left, &seen.stranded, host).await?;
    Ok(repairs.deeds)
}

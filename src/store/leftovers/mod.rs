//! What stands around in a Redis and should not: for `rq doctor`. It adds to the [`Inventory`] what a list of queues has no use for.
//! Reading changes nothing, and looks at a bounded part of long queues and registries.

mod lost;
mod mend;
mod read;

#[cfg(test)]
mod tests;

use super::{Inventory, OtherDaemon, Standing};

pub(crate) use lost::Lost;
#[cfg(test)]
pub(crate) use lost::LostJob;

/// What stands around.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leftovers {
    pub(crate) inventory: Inventory,
    /// In the order of the inventory.
    pub(crate) queues: Vec<QueueLeft>,
    /// Every worker that is registered, by name.
    pub(crate) workers: Vec<WorkerLeft>,
    /// Daemons that said no farewell.
    pub(crate) daemons: Vec<OtherDaemon>,
    /// RQ is suspended, and nothing will end that by itself.
    pub(crate) is_suspended_for_ever: bool,
}

/// A queue, beside what the inventory counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct QueueLeft {
    pub(crate) name: String,
    /// Ids between the queue and its started registry; the oldest, when there are many.
    pub(crate) intermediate: Vec<Vec<u8>>,
    /// Scheduled jobs whose time was two minutes ago or more.
    pub(crate) overdue: u64,
    /// Whether somebody moves its due jobs.
    pub(crate) has_scheduler: bool,
    /// Failed jobs that are kept for ever.
    pub(crate) failed_for_ever: u64,
    /// Ids of jobs that are gone, by the places where some were looked at.
    pub(crate) dangling: Vec<Dangling>,
    /// Jobs whose leases are over though Python's workers renew them, of some that were looked at: their clocks are behind.
    pub(crate) kept: Vec<String>,
    /// Deferred jobs with what they wait for, of some that were looked at.
    pub(crate) deferred: Vec<Deferred>,
}

/// Ids of jobs that are gone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dangling {
    pub(crate) place: Standing,
    /// How many ids were looked at.
    pub(crate) looked: usize,
    pub(crate) ids: Vec<String>,
}

/// A deferred job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deferred {
    pub(crate) id: String,
    /// The jobs that it waits for, and their statuses; nothing of one that is gone.
    pub(crate) dependencies: Vec<(String, Option<String>)>,
    pub(crate) allows_failures: bool,
}

/// A worker that is registered.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WorkerLeft {
    pub(crate) name: String,
    /// Whether its own key is there.
    pub(crate) is_there: bool,
    /// It has said farewell.
    pub(crate) has_left: bool,
    /// Who holds the name, when it is one of ours.
    pub(crate) identity: Option<String>,
    /// How many listen for its commands, where the server tells.
    pub(crate) listeners: Option<u64>,
    /// Its last sign of life, as it stands there.
    pub(crate) last_heartbeat: Option<String>,
    /// After how many seconds its key expires, if ever.
    pub(crate) lasts: Option<u64>,
}

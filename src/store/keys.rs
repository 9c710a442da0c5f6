//! The keys that every RQ client knows; scripts derive more of them from the same prefix.

use crate::job::{DaemonId, QueueName, WorkerName};

/// Makes keys under one prefix (RQ's `RQ_KEY_PREFIX`, normally `rq`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn worker(&self, worker: &WorkerName) -> String {
        format!("{}:worker:{worker}", self.prefix)
    }

    pub(super) fn worker_executions(&self, worker: &WorkerName) -> String {
        format!("{}:worker:{worker}:executions", self.prefix)
    }

    pub(super) fn workers(&self) -> String {
        format!("{}:workers", self.prefix)
    }

    pub(super) fn workers_of(&self, queue: &QueueName) -> String {
        format!("{}:workers:{queue}", self.prefix)
    }

    pub(super) fn queue(&self, queue: &QueueName) -> String {
        format!("{}:queue:{queue}", self.prefix)
    }

    pub(super) fn intermediate(&self, queue: &QueueName) -> String {
        format!("{}:queue:{queue}:intermediate", self.prefix)
    }

    pub(super) fn started(&self, queue: &QueueName) -> String {
        format!("{}:wip:{queue}", self.prefix)
    }

    pub(super) fn finished(&self, queue: &QueueName) -> String {
        format!("{}:finished:{queue}", self.prefix)
    }

    pub(super) fn failed(&self, queue: &QueueName) -> String {
        format!("{}:failed:{queue}", self.prefix)
    }

    pub(super) fn ready(&self, queue: &QueueName) -> String {
        format!("{}:ready:{queue}", self.prefix)
    }

    pub(super) fn job(&self, job: &str) -> String {
        format!("{}:job:{job}", self.prefix)
    }

    pub(super) fn dependents(&self, job: &str) -> String {
        format!("{}:job:{job}:dependents", self.prefix)
    }

    /// What a job waits for. RQ: the doubled colon is in every released version; other clients read this key.
    pub(super) fn dependencies(&self, job: &str) -> String {
        format!("{}:job::{job}:dependencies", self.prefix)
    }

    pub(super) fn results(&self, job: &str) -> String {
        format!("{}:results:{job}", self.prefix)
    }

    pub(super) fn executions(&self, job: &str) -> String {
        format!("{}:executions:{job}", self.prefix)
    }

    pub(super) fn execution(&self, job: &str, execution: &str) -> String {
        format!("{}:execution:{job}:{execution}", self.prefix)
    }

    /// Those whose jobs wait for a slot of a limit.
    pub(super) fn rate_limited(&self, limit: &str) -> String {
        format!("{}:rl:{limit}:rate_limited", self.prefix)
    }

    /// Any of a queue's registries, by the word in its key.
    pub(super) fn registry(&self, registry: &str, queue: &QueueName) -> String {
        format!("{}:{registry}:{queue}", self.prefix)
    }

    pub(super) fn groups(&self) -> String {
        format!("{}:groups", self.prefix)
    }

    pub(super) fn group(&self, group: &str) -> String {
        format!("{}:group:{group}", self.prefix)
    }

    pub(super) fn groups_lock(&self) -> String {
        format!("{}:clean_groups", self.prefix)
    }

    pub(super) fn limits(&self) -> String {
        format!("{}:rl-keys", self.prefix)
    }

    /// A daemon's sign of life.
    pub(super) fn alive(&self, daemon: &DaemonId) -> String {
        format!("{}:rqd:alive:{daemon}", self.prefix)
    }

    /// What the workers of a daemon had in hand when their names went to others.
    pub(super) fn left(&self, daemon: &DaemonId) -> String {
        format!("{}:rqd:left:{daemon}", self.prefix)
    }

    /// All daemons that said no farewell.
    pub(super) fn daemons(&self) -> String {
        format!("{}:rqd:daemons", self.prefix)
    }

    /// Which daemon looks after the others now.
    pub(super) fn watcher(&self) -> String {
        format!("{}:rqd:watcher", self.prefix)
    }

    /// Webhooks that are to be sent.
    pub(super) fn webhooks(&self) -> String {
        format!("{}:rqd:webhooks", self.prefix)
    }

    /// Jobs whose dependents are not all released yet.
    pub(super) fn releasing(&self) -> String {
        format!("{}:rqd:releasing", self.prefix)
    }

    /// Dependents of which it is not decided yet whether they are released: they wait for very many jobs.
    pub(super) fn deciding(&self) -> String {
        format!("{}:rqd:deciding", self.prefix)
    }

    /// Who releases dependents now.
    pub(super) fn releaser(&self) -> String {
        format!("{}:rqd:releaser", self.prefix)
    }

    /// The answer to a command.
    pub(super) fn reply(&self, id: &str) -> String {
        format!("{}:rqd:reply:{id}", self.prefix)
    }

    pub(super) fn suspended(&self) -> String {
        format!("{}:suspended", self.prefix)
    }

    pub(super) fn cleaning_lock(&self, queue: &QueueName) -> String {
        format!("{}:clean_registries:{queue}", self.prefix)
    }

    /// The set of all queues, by their keys.
    pub(super) fn queues(&self) -> String {
        format!("{}:queues", self.prefix)
    }

    pub(super) fn cron_schedulers(&self) -> String {
        format!("{}:cron_schedulers", self.prefix)
    }

    pub(super) fn cron_scheduler(&self, name: &str) -> String {
        format!("{}:cron_scheduler:{name}", self.prefix)
    }

    pub(super) fn cron_history(&self, name: &str) -> String {
        format!("{}:cron_job:{name}:jobs", self.prefix)
    }

    pub(super) fn cron_jobs(&self) -> String {
        format!("{}:cron_jobs", self.prefix)
    }

    /// Our own: the last run of a cron entry, which all daemons agree on.
    pub(super) fn cron_fence(&self, fence: &str) -> String {
        format!("{}:rqd:cron:{fence}", self.prefix)
    }

    pub(super) fn scheduled(&self, queue: &QueueName) -> String {
        format!("{}:scheduled:{queue}", self.prefix)
    }

    pub(super) fn scheduler(&self, scheduler: &str) -> String {
        format!("{}:scheduler:{scheduler}", self.prefix)
    }

    pub(super) fn scheduler_lock(&self, queue: &QueueName) -> String {
        format!("{}:scheduler-lock:{queue}", self.prefix)
    }

    /// The channel on which a worker hears commands.
    pub(crate) fn channel(&self, worker: &WorkerName) -> String {
        format!("{}:pubsub:{worker}", self.prefix)
    }
}

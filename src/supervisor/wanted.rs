//! Which workers the settings want.

use crate::config::{Count, Origin, Resolved};
use crate::job::WorkerName;
use crate::os;

/// What a command runs of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What `[worker]` says; a worker that ends is the end of it.
    Worker,
    /// The same as a pool: workers that end are replaced, and there is a scheduler unless somebody says otherwise.
    Pool,
    /// Every `[group.NAME]`, or what `[worker]` says when there is none.
    Everything,
}

impl Scope {
    /// Whether a worker that ended by itself is replaced.
    pub(super) fn supervises(self) -> bool {
        self != Self::Worker
    }

    /// Tells of groups that are not run, which somebody may miss.
    pub(super) fn passes_over(self, resolved: &Resolved) -> Option<String> {
        let groups: Vec<&str> = resolved.settings.groups.keys().map(String::as_str).collect();
        (self != Self::Everything && !groups.is_empty()).then(|| {
            format!(
                "groups of the configuration are not run, as only `rq run` does so: {}",
                groups.join(", ")
            )
        })
    }
}

/// Workers of one kind.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The name of their table; empty for those of `[worker]`.
    pub(super) group: String,
    /// The settings as they have them.
    pub(super) resolved: Resolved,
}

impl Wanted {
    /// All groups that are wanted.
    pub(super) fn all(resolved: &Resolved, scope: Scope) -> Vec<Self> {
        let groups = &resolved.settings.groups;
        if scope != Scope::Everything || groups.is_empty() {
            let mut resolved = resolved.clone();
            // RQ: a pool has a scheduler.
            let unsaid = resolved.origin("scheduler.enabled") == Some(&Origin::Default);
            resolved.settings.scheduler.enabled |= scope == Scope::Pool && unsaid;
            return vec![Self { group: String::new(), resolved }];
        }
        groups.keys().map(|name| Self { group: name.clone(), resolved: resolved.of_group(name) }).collect()
    }

    pub(super) fn count(&self) -> Count {
        let Count { min, max } = self.resolved.settings.worker.count;
        // What is to end when there is no work must begin.
        let least = if self.resolved.settings.worker.burst { min.max(1) } else { min };
        Count { min: least, max: max.max(least) }
    }

    /// The name of one of its workers, which count from 1; none when it is a random one.
    pub(super) fn name(&self, number: u32) -> Option<WorkerName> {
        let template = self.resolved.settings.worker.name.as_deref()?;
        let mut name = template
            .replace("%h", &os::hostname())
            .replace("%g", &self.group)
            .replace("%p", &std::process::id().to_string());
        let inherits = self.resolved.settings.groups.get(&self.group).is_some_and(|own| own.name.is_none());
        if inherits && !template.contains("%g") {
            name = format!("{name}-{}", self.group);
        }
        if template.contains("%i") {
            name = name.replace("%i", &number.to_string());
        } else if self.count().max > 1 {
            name = format!("{name}-{number}");
        }
        Some(WorkerName::new(name))
    }
}

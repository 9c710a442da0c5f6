//! Growing and shrinking: what the daemon asks and does for groups whose size is left to the work.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Input;
use super::daemon::Daemon;
use super::scale::{Load, Scale};
use super::wanted::Wanted;
use crate::event::Event;
use crate::job::QueueName;
use crate::telemetry::emit;

impl Daemon {
    /// Whether there is a group whose size changes by itself.
    pub(super) fn scales(&self) -> bool {
        !self.is_stopping() && self.now.groups.iter().any(|(wanted, _)| is_elastic(wanted))
    }

    /// Looks at every such group. Redis is asked only where nobody is free.
    pub(super) fn look_at_sizes(&mut self) {
        let now = Rc::clone(&self.now);
        for (wanted, _) in now.groups.iter().filter(|(wanted, _)| is_elastic(wanted)) {
            let busy = self.busy(wanted);
            if self.scale(wanted).is_full(busy) {
                let queues: Vec<QueueName> =
                    wanted.resolved.settings.worker.queues.iter().map(QueueName::new).collect();
                let (store, inputs, group) =
                    (now.base.store.clone(), self.inputs.clone(), wanted.group.clone());
                self.asides.spawn_local(async move {
                    // While Redis is away nobody is needed.
                    let (waiting, oldest) = store.backlog(&queues).await.unwrap_or_default();
                    let _ = inputs.send(Input::Backlog { group, waiting, oldest });
                });
            } else {
                self.resize(wanted, Load { busy, waiting: 0, oldest: Duration::ZERO });
            }
        }
    }

    /// Redis has told how much waits for a group.
    pub(super) fn take_backlog(&mut self, group: &str, waiting: u64, oldest: Duration) {
        let now = Rc::clone(&self.now);
        if let Some((wanted, _)) = now.groups.iter().find(|(wanted, _)| wanted.group == group) {
            self.resize(wanted, Load { busy: self.busy(wanted), waiting, oldest });
        }
    }

    fn resize(&mut self, wanted: &Wanted, load: Load) {
        let before = self.scale(wanted);
        let patience = wanted.resolved.settings.worker.shrink_after;
        let after = before.next(wanted.count(), load, patience, Instant::now());
        self.sizes.insert(wanted.group.clone(), after);
        if after.size != before.size && !self.is_stopping() {
            let (group, waiting) = (wanted.group.clone(), load.waiting);
            emit(Event::GroupResized { group, from: before.size, to: after.size, waiting });
            drop(self.fill(super::daemon::FOR_EVER));
        }
    }

    /// How many of its places cannot take a job: their workers have one or are leaving, or nobody holds them.
    fn busy(&self, wanted: &Wanted) -> u32 {
        let members = self.team.members.iter().filter(|member| member.place.group == wanted.group);
        let free = members.filter(|member| !member.is_leaving() && member.doing.in_hand.borrow().is_none());
        self.size(wanted).saturating_sub(u32::try_from(free.count()).unwrap_or(u32::MAX))
    }

    /// Remembers how many each group has, for a reload that leaves it to the work from now on.
    pub(super) fn note_sizes(&mut self) {
        let now = Rc::clone(&self.now);
        for (wanted, _) in &now.groups {
            self.sizes.insert(wanted.group.clone(), self.scale(wanted));
        }
    }

    fn scale(&self, wanted: &Wanted) -> Scale {
        let known = self.sizes.get(&wanted.group).copied();
        known.unwrap_or_else(|| Scale::new(wanted.count())).bounded(wanted.count())
    }

    pub(super) fn size(&self, wanted: &Wanted) -> u32 {
        self.scale(wanted).size
    }
}

fn is_elastic(wanted: &Wanted) -> bool {
    wanted.count().min < wanted.count().max
}

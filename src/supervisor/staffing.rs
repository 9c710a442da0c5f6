//! Staffing: which places are filled, and what becomes of the place of a worker that ended.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::SupervisorError;
use super::briefing::brief;
use super::daemon::{Daemon, FOR_EVER};
use super::loaded::Loaded;
use super::team::{Beginning, Member, Place};
use super::wanted::Wanted;
use crate::config::OnShutdown;
use crate::event::Event;
use crate::telemetry::emit;
use crate::worker::{FirstRound, Left, Stop, WorkError};

impl Daemon {
    /// Whether a place is empty only for now: its worker rests, or the group has none just now.
    pub(super) fn some_may_come(&self) -> bool {
        self.now.groups.iter().any(|(wanted, _)| {
            let size = self.size(wanted);
            (size == 0 && !wanted.resolved.settings.worker.burst)
                || (1..=size).any(|number| !self.down.contains(&place(wanted, number)))
        })
    }

    pub(super) fn take_end(&mut self, id: u64, ended: Result<Left, SupervisorError>) {
        let Some(member) = self.team.remove(id) else { return };
        if matches!(ended, Ok(Left::InOutage) | Err(SupervisorError::Work(WorkError::Unsettled))) {
            member.base.unsettled.set(true);
        }
        self.let_go_of_old_bases();
        self.succeed(&member, ended);
        drop(self.fill(FOR_EVER));
    }

    /// Whether the failure of a worker is that of the daemon. One that a reload brought in has time to succeed: it may be its name
    /// that another one has.
    fn is_fatal(&self, member: &Member) -> bool {
        let is_of_a_reload = self.generation > 1 && member.registered_name().is_none();
        // RQ: a burst replaces nobody.
        let is_replaced = self.recipe.scope.supervises() && !self.now.resolved.settings.worker.burst;
        !is_replaced && !is_of_a_reload
    }

    /// Decides about the place of a worker that ended.
    pub(super) fn succeed(&mut self, member: &Member, ended: Result<Left, SupervisorError>) {
        let settings = &self.now.resolved.settings.worker;
        match ended {
            Err(error) if self.is_stopping() || self.is_fatal(member) => {
                self.down.insert(member.place.clone());
                self.failure.get_or_insert(error);
            }
            Err(error) => {
                let retry_in = self.team.rest(&member.place, member.lived());
                let (worker, error) = (member.shown(), error.to_string());
                emit(Event::WorkerFailed { worker, error, retry_in });
            }
            Ok(_) if member.is_shut_down && settings.on_shutdown == OnShutdown::Down => {
                self.down.insert(member.place.clone());
            }
            // Somebody wants it to be replaced.
            Ok(_) if member.is_leaving() => {}
            // It is done by itself.
            Ok(_)
                if settings.burst || settings.max_idle_time.is_some() || !self.recipe.scope.supervises() =>
            {
                self.down.insert(member.place.clone());
            }
            Ok(_) => {}
        }
    }

    /// Makes the team what is wanted: tells those who stay, retires those who are too many, begins those who are missing. What
    /// comes back hears of the births.
    pub(super) fn fill(&mut self, patience: Duration) -> Vec<oneshot::Receiver<()>> {
        if self.is_stopping() {
            return Vec::new();
        }
        let now = Rc::clone(&self.now);
        let wanted: BTreeMap<&str, u32> =
            now.groups.iter().map(|(wanted, _)| (wanted.group.as_str(), self.size(wanted))).collect();
        let is_wanted =
            |place: &Place| wanted.get(place.group.as_str()).is_some_and(|size| place.number <= *size);
        self.team.forget(is_wanted);
        self.down.retain(is_wanted);
        for member in self.team.members.iter_mut().filter(|member| !is_wanted(&member.place)) {
            member.stop(Stop::Retire);
        }
        let mut births = Vec::new();
        for (wanted, loaded) in &now.groups {
            for number in 1..=self.size(wanted) {
                let place = place(wanted, number);
                if !self.down.contains(&place) && !self.team.is_resting(&place) {
                    births.extend(self.fill_place(place, wanted, loaded, patience));
                }
            }
        }
        self.team.show_title(wanted.values().sum());
        births
    }

    pub(super) fn fill_place(
        &mut self,
        place: Place,
        wanted: &Wanted,
        loaded: &Loaded,
        patience: Duration,
    ) -> Option<oneshot::Receiver<()>> {
        let base = Rc::clone(&self.now.base);
        let given_name = wanted.name(place.number);
        if let Some(member) = self.team.at(&place) {
            // Whoever must be another one leaves first: a name belongs to one at a time.
            if member.differs(&base, given_name.as_ref()) {
                member.stop(Stop::Retire);
            }
            return None;
        }
        let is_taken = given_name.as_ref().is_some_and(|name| self.team.is_leaving_under(name));
        if is_taken || !base.is_ready() {
            return None;
        }
        let brief = Rc::new(brief(wanted, loaded, &base, place.number));
        let (tell, born) = oneshot::channel();
        let (begin, over) = (self.first_round.0.take(), self.first_round.1.clone());
        let first_round = FirstRound { begin, over };
        self.team
            .begin(place, Beginning { brief, base, given_name, first_round, patience, born: Some(tell) });
        Some(born)
    }

    /// Tells everybody who stays what holds from now on.
    pub(super) fn tell_all(&mut self) {
        let now = Rc::clone(&self.now);
        for (wanted, loaded) in &now.groups {
            for member in self.team.members.iter().filter(|member| member.place.group == wanted.group) {
                if Rc::ptr_eq(&member.base, &now.base) {
                    member.tell(brief(wanted, loaded, &now.base, member.place.number));
                }
            }
        }
    }
}

pub(super) fn place(wanted: &Wanted, number: u32) -> Place {
    Place { group: wanted.group.clone(), number }
}

//! Reloading: requests one after the other, a prepared configuration brought into force, and the files that ask for the next.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::watch;

use super::base::Base;
use super::canary::Canary;
use super::control::{Outcome, ReloadOutcome};
use super::daemon::{Daemon, FOR_EVER};
use super::file_watch::{Snapshot, Watch};
use super::refusal::places;
use super::reload::{Prepared, prepare};
use super::request::{Request, outcome, refused, stopping, summary};
use super::{Input, SupervisorError};
use crate::event::Event;
use crate::maintenance;
use crate::os;
use crate::telemetry::emit;

/// Who asks for a reload when a file changed.
pub(super) const FILES: &str = "a file changed";

impl Daemon {
    /// Wants a reload because files changed, at once or a little later.
    pub(super) fn reload_soon(&mut self) {
        let jitter = self.now.resolved.settings.reload.jitter;
        if jitter.is_zero() {
            return self.request(Request::of(FILES, false));
        }
        let (inputs, wait) = (self.inputs.clone(), jitter.mul_f64(chance()));
        self.asides.spawn_local(async move {
            tokio::time::sleep(wait).await;
            let _ = inputs.send(Input::Reload { by: FILES, code: false });
        });
    }

    /// Wants a reload; one that is asked for while another is prepared comes after it, for all who ask meanwhile.
    pub(super) fn request(&mut self, request: Request) {
        if request.by == FILES && !self.heeds_files {
            return;
        }
        self.heeds_files = true;
        if self.is_stopping() {
            let outcome = stopping(&request.by);
            self.beside.spawn_local(request.answer(outcome));
            return;
        }
        request.add_to(&mut self.next_request);
        self.prepare_next();
    }

    pub(super) fn prepare_next(&mut self) {
        let opening = self.opening.as_ref().is_some_and(|opening| !opening.is_finished());
        if self.preparing.is_some() || self.is_stopping() || opening {
            return;
        }
        let Some(request) = self.next_request.take() else { return };
        let (recipe, now, inputs, code) =
            (self.recipe.clone(), Rc::clone(&self.now), self.inputs.clone(), request.code);
        let task = tokio::task::spawn_local(async move {
            let prepared = Box::pin(prepare(&recipe, &now, code)).await;
            let _ = inputs.send(Input::Prepared(Box::new(prepared)));
        });
        self.service.reloading();
        self.preparing = Some((request, task));
    }

    pub(super) fn take_prepared(&mut self, prepared: Result<Prepared, SupervisorError>) {
        let Some((request, _)) = self.preparing.take() else { return };
        match prepared {
            Err(error) => {
                self.watch_failed(&error);
                self.tell(refused(&request.by, &error), request);
            }
            Ok(prepared) => self.bring_into_force(prepared, request),
        }
        self.prepare_next();
    }

    /// Brings a prepared configuration into force, and tells whoever asked.
    pub(super) fn bring_into_force(&mut self, prepared: Prepared, request: Request) {
        let outcome = self.commit(prepared, &request.by);
        self.tell(outcome, request);
    }

    /// Tells what became of a request.
    fn tell(&mut self, outcome: ReloadOutcome, request: Request) {
        if !self.is_stopping() {
            self.service.ready(&format!("{}; {}", self.status(), summary(&outcome)));
        }
        self.last_reload = Some(outcome.clone());
        self.beside.spawn_local(request.answer(outcome));
    }

    /// Brings a prepared configuration into force.
    fn commit(&mut self, prepared: Prepared, by: &str) -> ReloadOutcome {
        let Prepared { next, changes, renewed } = prepared;
        if let Err(error) = (self.open_log)(&next.resolved) {
            return refused(by, &error);
        }
        let outcome = outcome(by, &changes, renewed);
        let is_change = outcome.outcome == Outcome::Applied;
        self.generation += u64::from(is_change);
        self.note_sizes();
        let old = std::mem::replace(&mut self.now, Rc::new(next));
        self.outlook.show(&self.now.resolved.settings, self.now.door.as_ref());
        let has_moved = !Rc::ptr_eq(&self.now.base, &old.base);
        if is_change {
            let trial = self.now.resolved.settings.reload.canary.filter(|_| !has_moved);
            self.canary = trial.map(|time| Canary::new(Rc::clone(&old), time, &self.team.tally));
        }
        if has_moved {
            self.leave_base(&old.base);
        } else if is_change {
            let now = Rc::clone(&self.now);
            self.beside.spawn_local(async move { now.base.change(&now.wanted(), now.first()).await });
        }
        if is_change {
            self.tell_all();
            drop(self.fill(FOR_EVER));
            self.let_go_of_old_bases();
        }
        self.watch_files();
        outcome
    }

    /// Goes over to the Redis that is wanted now. Nobody works there before it knows that this daemon lives.
    fn leave_base(&mut self, old: &Rc<Base>) {
        let (begin, may_begin) = oneshot::channel();
        let (over, is_over) = watch::channel(false);
        self.first_round = (Some(begin), is_over);
        let (now, inputs) = (Rc::clone(&self.now), self.inputs.clone());
        now.base.set_ready(false);
        if self.is_stopping() {
            now.base.say_leaving();
        }
        self.beside.spawn_local(async move {
            let wanted = now.wanted();
            now.base.begin(&wanted, now.first(), maintenance::FirstRound { begin: may_begin, over }).await;
            now.base.schedule(&wanted, std::future::pending()).await;
            now.base.set_ready(true);
            let _ = inputs.send(Input::Moved);
        });
        let base = Rc::clone(old);
        self.beside.spawn_local(async move { base.stop_scheduling().await });
        self.old_bases.push(Rc::clone(old));
    }

    /// Watches the files that the configuration in force is from. What changed since they were read is a reason to read them again.
    pub(super) fn watch_files(&mut self) {
        let settings = &self.now.resolved.settings.reload;
        if !settings.watch {
            self.watch = None;
            return;
        }
        let same = self.watch.as_ref().is_some_and(|(_, poll)| *poll == settings.poll);
        if !same {
            self.watch = Some((Watch::new(settings.poll), settings.poll));
        }
        let Some((watch, _)) = &self.watch else { return };
        let (set, snapshots) = (watch.setting(self.now.files()), self.now.snapshots());
        let inputs = self.inputs.clone();
        // A file system may hang.
        let looked = tokio::task::spawn_blocking(move || {
            set();
            snapshots.iter().all(Snapshot::is_current)
        });
        tokio::task::spawn_local(async move {
            if matches!(looked.await, Ok(false)) {
                let _ = inputs.send(Input::Reload { by: FILES, code: false });
            }
        });
    }

    /// Watches what a reload failed at, too: it may be mended without a change of what is watched already.
    fn watch_failed(&self, error: &SupervisorError) {
        if let Some((watch, _)) = &self.watch {
            let failed = places(error).into_iter().map(|(file, _)| file);
            tokio::task::spawn_blocking(watch.setting(self.now.files().into_iter().chain(failed).collect()));
        }
    }

    /// Tells of files that will never be seen to change.
    pub(super) fn doubt_mounts(&self) {
        let files = self.now.seen.paths().iter().filter(|path| path.is_file() && os::is_mounted(path));
        for file in files.filter(|_| self.now.resolved.settings.reload.watch) {
            let warning = format!(
                "{} is mounted by itself, so that Kubernetes never changes it: mount the folder that it is in",
                file.display()
            );
            emit(Event::ConfigurationDoubted { warning });
        }
    }

    pub(super) fn let_go_of_old_bases(&mut self) {
        for base in std::mem::take(&mut self.old_bases) {
            if self.team.is_on(&base) {
                self.old_bases.push(base);
            } else {
                let stop = self.stop.clone();
                self.beside.spawn_local(async move { base.leave(!base.unsettled.get(), &stop).await });
            }
        }
    }
}

/// Any number from 0 to 1.
fn chance() -> f64 {
    let [first, ..] = uuid::Uuid::new_v4().into_bytes();
    f64::from(first) / f64::from(u8::MAX)
}

/// Waits until a file has changed.
pub(super) async fn changed(watch: &mut Option<(Watch, Duration)>) {
    match watch {
        Some((watch, _)) => watch.changed().await,
        None => std::future::pending().await,
    }
}

//! A reload: the configuration is read again, and what it wants is prepared and proved beside what runs. Only then anything changes.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::timeout;

use super::base::Base;
use super::change::Changes;
use super::file_watch::Snapshot;
use super::leash::Leash;
use super::loaded::{Loaded, Means, whole_application};
use super::pages::Door;
use super::settling::{Imported, Purpose, Settled, settle};
use super::signals::Morgues;
use super::wanted::{Scope, Wanted};
use super::{SupervisorError, doubts, interpreter};
use crate::config::{Problem, Problems, ReloadClass, Resolved, Sources, class_of};
use crate::event::Event;
use crate::store::StoreError;
use crate::telemetry::emit;

/// How long a Redis that the configuration names anew may take to answer.
const PROBE: Duration = Duration::from_secs(5);

/// A configuration as it runs.
#[derive(Clone)]
pub(super) struct InForce {
    pub(super) resolved: Resolved,
    /// The groups, each with its application.
    pub(super) groups: Vec<(Wanted, Rc<Loaded>)>,
    pub(super) imported: Option<Imported>,
    pub(super) base: Rc<Base>,
    /// Where pages for those who watch are.
    pub(super) door: Option<Rc<Door>>,
    /// The files that it was read from.
    pub(super) seen: Snapshot,
}

impl InForce {
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        self.groups.iter().map(|(wanted, _)| wanted.clone()).collect()
    }

    /// Everything that is to be watched.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            self.snapshots().iter().flat_map(|snapshot| snapshot.paths().to_vec()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// What was seen of the files, for whoever wants to know whether they have changed since.
    pub(super) fn snapshots(&self) -> Vec<Snapshot> {
        let mut snapshots = vec![self.seen.clone()];
        snapshots.extend(self.imported.iter().map(|imported| imported.files.clone()));
        if self.resolved.settings.reload.code {
            snapshots.extend(self.groups.iter().map(|(_, loaded)| loaded.files.clone()));
        }
        snapshots
    }

    /// Whether the project's own modules are as they were when they were loaded.
    fn is_code_current(&self) -> bool {
        self.groups.iter().all(|(_, loaded)| loaded.files.is_current())
    }

    /// The first application, which serves for what belongs to no group.
    pub(super) fn first(&self) -> &Loaded {
        &self.groups[0].1
    }
}

/// What a configuration is read from, and for what.
#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) sources: Sources,
    pub(super) scope: Scope,
    pub(super) leash: Leash,
    pub(super) morgues: Morgues,
}

/// A configuration that may come into force.
pub(super) struct Prepared {
    pub(super) next: InForce,
    pub(super) changes: Changes,
    /// The application is loaded anew, at least in part.
    pub(super) renewed: bool,
}

impl Prepared {
    /// A configuration that was in force before, with all that it needs.
    pub(super) fn back_to(before: &InForce, now: &InForce) -> Self {
        let changes = Changes::between(&now.resolved, &before.resolved);
        let same =
            before.groups.iter().all(|(_, own)| now.groups.iter().any(|(_, other)| Rc::ptr_eq(own, other)));
        Self { next: before.clone(), changes, renewed: !same }
    }
}

/// Reads the configuration again and prepares all that it wants. `code` loads the application anew in any case.
pub(super) async fn prepare(recipe: &Recipe, now: &InForce, code: bool) -> Result<Prepared, SupervisorError> {
    let code = code || (now.resolved.settings.reload.code && !now.is_code_current());
    let known = now.imported.as_ref().filter(|_| !code);
    let seen = Snapshot::of(recipe.sources.files());
    let settled = settle(recipe.sources.clone(), Purpose::Work, recipe.leash.clone(), known).await?;
    let Settled { mut resolved, opened, imported, .. } = settled;
    let changes = Changes::between(&now.resolved, &resolved);
    if resolved.settings.reload.strict {
        refuse_pending(&resolved, &changes)?;
    }
    keep_until_restart(&mut resolved, &now.resolved);
    for warning in doubts(&resolved).into_iter().chain(interpreter::doubt(&resolved)) {
        emit(Event::ConfigurationDoubted { warning });
    }
    let base = base(&resolved, now, &changes).await?;
    let door = Door::prepare(&resolved, now.door.as_ref()).await?;
    let groups = {
        let means = Means {
            leash: &recipe.leash,
            base: &base,
            imported: imported.as_ref(),
            morgues: &|morgue| recipe.morgues.borrow_mut().push(morgue),
            purpose: Purpose::Work,
        };
        let reusable: Vec<Rc<Loaded>> =
            now.groups.iter().filter(|_| !code).map(|(_, loaded)| Rc::clone(loaded)).collect();
        let wanted = Wanted::all(&resolved, recipe.scope);
        // A module that had to be imported again is another application.
        let reusable = if opened.is_some() { Vec::new() } else { reusable };
        load(wanted, opened, reusable, &means).await?
    };
    let renewed =
        groups.iter().any(|(_, loaded)| !now.groups.iter().any(|(_, known)| Rc::ptr_eq(known, loaded)));
    Ok(Prepared { next: InForce { resolved, groups, imported, base, door, seen }, changes, renewed })
}

/// What a reload would change, as far as reading tells.
pub(super) async fn difference(recipe: &Recipe, now: &InForce) -> Result<Changes, SupervisorError> {
    let known = now.imported.as_ref();
    let settled = settle(recipe.sources.clone(), Purpose::Work, recipe.leash.clone(), known).await?;
    Ok(Changes::between(&now.resolved, &settled.resolved))
}

/// Loads what the groups want; those that want the same share it.
pub(super) async fn load(
    wanted: Vec<Wanted>,
    mut opened: Option<crate::horse::Opened>,
    mut loaded: Vec<Rc<Loaded>>,
    means: &Means<'_>,
) -> Result<Vec<(Wanted, Rc<Loaded>)>, SupervisorError> {
    let mut groups = Vec::new();
    for wanted in wanted {
        let application = whole_application(&wanted.resolved, means).await?;
        let known = loaded.iter().find(|known| known.serves_as(&application)).cloned();
        let own = if let Some(known) = known {
            known
        } else {
            let fresh = Rc::new(Loaded::load(&wanted.resolved, application, opened.take(), means).await?);
            loaded.push(Rc::clone(&fresh));
            fresh
        };
        groups.push((wanted, own));
    }
    Ok(groups)
}

/// The Redis of before, or another one that answers.
async fn base(resolved: &Resolved, now: &InForce, changes: &Changes) -> Result<Rc<Base>, SupervisorError> {
    let another = changes.made.iter().find(|change| {
        change.key.starts_with("redis.")
            && !["redis.start_timeout", "redis.key_prefix"].contains(&&*change.key)
    });
    let Some(change) = another else { return Ok(Rc::clone(&now.base)) };
    let base = Base::new(resolved, &now.base.name)?;
    let probed = timeout(PROBE, base.store.is_suspended()).await;
    let reason = match probed {
        Ok(Ok(_)) => return Ok(Rc::new(base)),
        Ok(Err(error)) => in_words(&error),
        Err(_) => format!("it did not answer within {}s", PROBE.as_secs()),
    };
    let problem = resolved.problem(&change.key, format!("cannot use this redis: {reason}"));
    Err(SupervisorError::Config(
        problem.hint("redis is used as before; reload again when it is there").into(),
    ))
}

fn in_words(error: &StoreError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// Some things cannot change while the daemon runs: they stay, and are told as pending.
fn keep_until_restart(new: &mut Resolved, old: &Resolved) {
    new.settings.redis.key_prefix.clone_from(&old.settings.redis.key_prefix);
    new.settings.worker.pid_file.clone_from(&old.settings.worker.pid_file);
    new.keep(old, |key| class_of(key) == ReloadClass::Restart);
}

fn refuse_pending(resolved: &Resolved, changes: &Changes) -> Result<(), Problems> {
    let refused = |change: &super::change::Change| -> Problem {
        let text = "it cannot change while the daemon runs, and reload.strict is set";
        resolved.problem(&change.key, text).hint("restart the daemon, or set reload.strict = false")
    };
    Problems::or(changes.pending().map(refused).collect(), ())
}

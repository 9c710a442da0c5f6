//! What changed between two configurations.

use serde_json::Value;

use crate::config::{Effective, Origin, ReloadClass, Resolved, class_of};

/// A setting that has another value than before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) key: String,
    /// Without secrets; null when it was, or is, unset.
    pub(crate) from: Value,
    pub(crate) to: Value,
    /// Where the new value comes from.
    pub(crate) origin: String,
    pub(crate) class: ReloadClass,
}

/// What became of a reload.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    /// Settings with other values.
    pub(crate) made: Vec<Change>,
    /// Values that were changed where something else is stronger: they count for nothing.
    pub(crate) shadowed: Vec<Change>,
}

impl Changes {
    /// What is other in `new`.
    pub(super) fn between(old: &Resolved, new: &Resolved) -> Self {
        let mut changes = Self::default();
        for now in new.origins.iter().filter(|now| concerns_daemons(now.key)) {
            let before = find(old, now.key);
            if before.is_none_or(|before| before.mark != now.mark) && !(before.is_none() && is_default(now)) {
                changes.made.push(change(before, Some(now)));
            }
            changes.shadowed.extend(before.into_iter().flat_map(|before| lost(before, now)));
        }
        let gone = |gone: &&Effective| concerns_daemons(gone.key) && find(new, gone.key).is_none();
        for gone in old.origins.iter().filter(gone) {
            changes.made.push(change(Some(gone), None));
        }
        changes
    }

    /// What waits for another start of the daemon.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Change> {
        self.made.iter().filter(|change| change.class == ReloadClass::Restart)
    }

    /// What takes effect without.
    pub(super) fn applied(&self) -> impl Iterator<Item = &Change> {
        self.made.iter().filter(|change| change.class != ReloadClass::Restart)
    }
}

fn find<'a>(resolved: &'a Resolved, key: &str) -> Option<&'a Effective> {
    resolved.origins.iter().find(|effective| effective.key == key)
}

/// What is enqueued again and again is the business of `rq cron` alone.
fn concerns_daemons(key: &str) -> bool {
    !key.starts_with("cron.")
}

fn is_default(effective: &Effective) -> bool {
    effective.origin == Origin::Default
}

fn change(before: Option<&Effective>, now: Option<&Effective>) -> Change {
    let either = now.or(before).expect("one of them is there");
    Change {
        key: either.key.to_owned(),
        from: before.map_or(Value::Null, |before| before.value.clone()),
        to: now.map_or(Value::Null, |now| now.value.clone()),
        origin: now.map_or_else(|| "nothing".to_owned(), |now| now.origin.to_string()),
        class: class_of(either.key),
    }
}

/// Values below the one that counts which are other than before.
fn lost(before: &Effective, now: &Effective) -> Vec<Change> {
    let others = now.shadowed.iter().filter(|lost| lost.origin != Origin::Default);
    let changed = others.filter(|lost| {
        let same_place = before.shadowed.iter().find(|other| other.origin.place() == lost.origin.place());
        before.origin.place() == now.origin.place()
            && same_place.is_none_or(|other| other.value != lost.value)
    });
    let change = |lost: &crate::config::Shadowed| Change {
        key: now.key.to_owned(),
        from: now.value.clone(),
        to: lost.value.clone(),
        origin: lost.origin.to_string(),
        class: class_of(now.key),
    };
    changed.map(change).collect()
}

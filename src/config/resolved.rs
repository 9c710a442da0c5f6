//! The settings in force, with the origin of each and what it shadows.

use std::fmt;

use serde::Serialize;
use serde_json::Value as Raw;

use super::Settings;
use super::connection::{self, Choice};
use super::excerpt::Spot;
use super::layer::{Entry, keys_in};
use super::origin::Origin;
use super::problem::Problem;
use super::section;
use super::stack::Stack;

/// Settings, and where each value came from.
#[derive(Clone)]
pub(crate) struct Resolved {
    /// What is in force.
    pub(crate) settings: Settings,
    /// Every key with its value, without secrets.
    pub(crate) origins: Vec<Effective>,
    /// The group whose settings these are, if it is one.
    pub(crate) group: Option<String>,
    /// What its author should know though it can be used.
    pub(crate) warnings: Vec<Warning>,
}

/// One line of `rq config show`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Effective {
    /// The whole name.
    pub(crate) key: &'static str,
    /// The key as its author spelled it.
    pub(crate) spelled: String,
    /// The value without secrets; null when unset.
    pub(crate) value: Raw,
    /// Where it came from.
    pub(crate) origin: Origin,
    /// Tells whether two values are the same, secrets too, and nothing else: it means nothing to another process.
    #[serde(skip)]
    pub(crate) mark: u64,
    /// What it shadows, the strongest first.
    pub(crate) shadowed: Vec<Shadowed>,
}

/// A value that another one beats.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shadowed {
    /// The key as its author spelled it.
    pub(crate) key: String,
    /// The value without secrets.
    pub(crate) value: Raw,
    /// Where it stands.
    pub(crate) origin: Origin,
}

/// Something to tell that is no error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Warning(pub(crate) String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Shadowed {
    fn of(entry: &Entry) -> Self {
        Self { key: entry.spelled.clone(), value: entry.shown(), origin: entry.origin.clone() }
    }
}

impl Resolved {
    pub(crate) fn new(settings: Settings, stack: &Stack, choice: &Choice, warnings: Vec<Warning>) -> Self {
        let winner = choice.winner.as_ref();
        let keys = keys_in(stack.layers()).into_iter();
        let origins = keys.filter(|key| connection::in_force(key.name, winner)).map(|key| {
            let (entry, below) = stack.entries(key);
            // Of a connection that lost, all parts stand below the entry that won.
            let beats = |lost: &Entry| winner.map_or(lost.key.name, |winner| winner.key) == key.name;
            let lost = choice.dropped.iter().map(|(_, entry)| entry).filter(|entry| beats(entry));
            Effective {
                key: key.name,
                spelled: entry.map_or(key.name, |entry| &entry.spelled).to_owned(),
                value: entry.map_or(Raw::Null, Entry::shown),
                origin: entry.map_or(Origin::Default, |entry| entry.origin.clone()),
                mark: entry.map_or(0, Entry::mark),
                shadowed: below.into_iter().chain(lost).map(Shadowed::of).collect(),
            }
        });
        Self { settings, origins: origins.collect(), group: None, warnings }
    }

    /// The settings as the workers of a group have them.
    pub(crate) fn of_group(&self, name: &str) -> Self {
        let group = self.settings.groups.get(name);
        let settings = group.map_or_else(|| self.settings.clone(), |group| self.settings.of_group(group));
        Self { settings, group: Some(name.to_owned()), ..self.clone() }
    }

    /// The key that says what this one does for the group: its own where its table has it.
    pub(crate) fn own_key(&self, key: &str) -> String {
        let field = key.rsplit('.').next().unwrap_or_default();
        let own = self.group.as_ref().map(|group| format!("group.{group}.{field}"));
        let is_given = |own: &String| self.origin(own).is_some_and(|origin| *origin != Origin::Default);
        own.filter(is_given).unwrap_or_else(|| key.to_owned())
    }

    /// Where the value of a key came from; none for a part of a connection that is not in force.
    pub(crate) fn origin(&self, key: &str) -> Option<&Origin> {
        self.effective(key).map(|effective| &effective.origin)
    }

    /// Takes values and origins of some keys from another one where they differ, those that it has not, too.
    pub(crate) fn keep(&mut self, old: &Self, kept: impl Fn(&str) -> bool) {
        self.origins.retain(|effective| !kept(effective.key) || old.effective(effective.key).is_some());
        for before in old.origins.iter().filter(|before| kept(before.key)) {
            match self.origins.iter_mut().find(|effective| effective.key == before.key) {
                // The same value may stand in another line now.
                Some(now) if now.mark == before.mark => {}
                Some(now) => *now = before.clone(),
                None => self.origins.push(before.clone()),
            }
        }
    }

    /// The files, modules and so on that say anything, in the order in which they are met.
    pub(crate) fn sources(&self) -> Vec<String> {
        let mut sources: Vec<String> = Vec::new();
        for effective in self.origins.iter().filter(|effective| effective.origin != Origin::Default) {
            let source = effective.origin.place().to_string();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        sources
    }

    /// The value of a key without secrets; null when it is unset.
    pub(crate) fn shown(&self, key: &str) -> &Raw {
        self.effective(key).map_or(&Raw::Null, |effective| &effective.value)
    }

    /// Something wrong with the value of a key that only its user can judge.
    pub(crate) fn problem(&self, key: &str, text: impl Into<String>) -> Problem {
        let effective = self.effective(key);
        let given = effective.filter(|effective| effective.origin != Origin::Default);
        Problem {
            key: Some(effective.map_or(key, |effective| &effective.spelled).to_owned()),
            origin: given.map(|effective| effective.origin.clone()),
            text: text.into(),
            hint: section::key(key).and_then(section::Key::way_out),
            spot: Spot::Value,
        }
    }

    fn effective(&self, key: &str) -> Option<&Effective> {
        self.origins.iter().find(|effective| effective.key == key)
    }
}

//! One layer: what one source says, key by key, each with its origin.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use serde_json::{Map, Value as Raw};

use super::kind::Value;
use super::origin::Origin;
use super::problem::{Mismatch, Problem, nearest};
use super::section::{self, Key, SECTIONS, TABLES};

/// How high a layer counts; later ones beat earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Built in.
    Default,
    /// Files that are read unasked.
    DefaultFile,
    /// RQ's own names in the environment.
    Bare,
    /// What `-c` names.
    Explicit,
    /// Files that RQ's own names in the environment lead to: `REDIS_PASSWORD_FILE`.
    BareFile,
    /// Credentials of the service, and files that variables which start with `RQ_` lead to.
    Credential,
    /// Variables that start with `RQ_`.
    Prefixed,
    /// Options of the command line.
    Option,
}

/// What one source says about one key.
pub(crate) struct Entry {
    pub(crate) key: &'static Key,
    /// The key as its author spelled it.
    pub(crate) spelled: String,
    pub(crate) origin: Origin,
    /// The value, or why it is none.
    pub(crate) value: Result<Value, Mismatch>,
}

impl Entry {
    /// Reads a value for a key.
    pub(crate) fn read(key: &'static Key, spelled: impl Into<String>, origin: Origin, raw: &Raw) -> Self {
        Self { key, spelled: spelled.into(), origin, value: key.read(raw) }
    }

    /// The problem that the entry is when its value cannot be used.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.value.as_ref().err().map(|mismatch| mismatch.at(&self.spelled, &self.origin, self.key.way_out()))
    }

    /// The same for equal values, within this process: it is made with a number that nobody knows.
    pub(crate) fn mark(&self) -> u64 {
        static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        SECRET.hash_one(self.value.as_ref().ok())
    }

    /// The value for people, without secrets.
    pub(crate) fn shown(&self) -> Raw {
        self.value.as_ref().map_or_else(|_| "(cannot be used)".into(), |value| self.key.kind.shown(value))
    }
}

/// What one source says.
pub(crate) struct Layer {
    pub(crate) standing: Standing,
    /// Whether values that do not fit are problems even when something else wins. They are not where names may
    /// mean other things to other programs: in the bare environment and in Python modules.
    pub(crate) strict: bool,
    pub(crate) entries: BTreeMap<&'static str, Entry>,
}

impl Layer {
    pub(crate) fn new(standing: Standing, strict: bool) -> Self {
        Self { standing, strict, entries: BTreeMap::new() }
    }

    /// Adds an entry. The same key twice (`REDIS_URL` and `[redis] url`) is a problem.
    pub(crate) fn add(&mut self, entry: Entry, problems: &mut Vec<Problem>) {
        if let Some(earlier) = self.entries.get(entry.key.name) {
            let text = format!("the same is said by {} from {}", earlier.spelled, earlier.origin);
            problems.push(Problem::with_key(entry.spelled, entry.origin, text).hint("keep one of them"));
            return;
        }
        self.entries.insert(entry.key.name, entry);
    }

    /// The problems of all values, or none in a layer that is judged by what is used of it.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> {
        self.entries.values().filter(|_| self.strict).filter_map(Entry::problem)
    }

    /// The built-in defaults.
    pub(crate) fn defaults() -> Self {
        let mut layer = Self::new(Standing::Default, true);
        for key in section::keys() {
            if let Some(default) = key.default {
                let raw = serde_json::from_str(default).unwrap_or(Raw::Null);
                layer.entries.insert(key.name, Entry::read(key, key.name, Origin::Default, &raw));
            }
        }
        layer
    }

    /// What a file says: RQ's names at the top level, our sections in lower case, and nothing else.
    ///
    /// `origin` gives the place of a key by its path in the file.
    pub(crate) fn of_file(
        standing: Standing,
        table: &Map<String, Raw>,
        origin: &dyn Fn(&[&str]) -> Origin,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut layer = Self::new(standing, true);
        for (name, value) in table {
            if let Some(tables) = section::tables(name) {
                let place = |path: &[&str]| spelled_and_place(name, path, origin);
                layer.add_tables(tables, value, &place, problems);
            } else if let Some((tables, table)) = section::tables_above(name) {
                // INI knows no tables in tables, but sections whose names have dots.
                let place = |path: &[&str]| {
                    let below = &path[1.min(path.len())..];
                    spelled_and_place(name, below, origin)
                };
                let value = Raw::Object(Map::from_iter([(table.to_owned(), value.clone())]));
                layer.add_tables(tables, &value, &place, problems);
            } else if let Some(section) = SECTIONS.iter().find(|section| section.name == name) {
                layer.add_section(section, value, &|path| spelled_and_place(name, path, origin), problems);
                if !matches!(value, Raw::Object(_) | Raw::Null) {
                    problems.push(Mismatch::new("a table", super::kind::describe_type(value)).at(
                        name,
                        &origin(&[name]),
                        None,
                    ));
                }
            } else if let Some(key) = section::keys().find(|key| key.rq_name == Some(name)) {
                if !value.is_null() {
                    layer.add(Entry::read(key, name, origin(&[name]), value), problems);
                }
            } else {
                let known = SECTIONS.iter().map(|section| section.name);
                let known = known.chain(TABLES.iter().map(|tables| tables.parent()));
                let known = known.chain(section::keys().filter_map(|key| key.rq_name));
                // Names of RQ's are all in upper case, and no others are.
                let known: Vec<&str> = known.collect();
                let alike = known.iter().copied().filter(|known| is_upper(known) == is_upper(name));
                let near = nearest(name, alike).or_else(|| nearest(name, known));
                problems.push(unknown(name, origin(&[name]), near.map(String::from)));
            }
        }
        layer
    }

    /// The tables of one kind, each by its name; null means not given. `place` tells where something below them stands.
    pub(crate) fn add_tables(
        &mut self,
        tables: &'static section::Section,
        value: &Raw,
        place: &dyn Fn(&[&str]) -> (String, Origin),
        problems: &mut Vec<Problem>,
    ) {
        let not_a_table = |value: &Raw| Mismatch::new("a table", super::kind::describe_type(value));
        if !matches!(value, Raw::Object(_) | Raw::Null) {
            let (spelled, origin) = place(&[]);
            problems.push(not_a_table(value).at(&spelled, &origin, None));
        }
        for (table, fields) in value.as_object().into_iter().flatten().filter(|(_, fields)| !fields.is_null())
        {
            let (spelled, origin) = place(&[table]);
            if let Err(mismatch) = tables.check_name(table) {
                problems.push(mismatch.at(&spelled, &origin, None));
                continue;
            }
            let Some(fields) = fields.as_object() else {
                let hint = format!("write [{}.NAME] and the keys below it", tables.parent());
                problems.push(not_a_table(fields).hint(hint).at(&spelled, &origin, None));
                continue;
            };
            for (field, value) in fields {
                let (spelled, origin) = place(&[table, field]);
                match tables.key_of(table, field) {
                    Some(_) if value.is_null() => {}
                    Some(key) => self.add(Entry::read(key, spelled, origin, value), problems),
                    None => {
                        let known = nearest(field, tables.keys.iter().map(|key| key.field));
                        problems.push(unknown(&spelled, origin, known.map(String::from)));
                    }
                }
            }
        }
    }

    /// The keys of one section; null means not given.
    pub(crate) fn add_section(
        &mut self,
        section: &'static section::Section,
        value: &Raw,
        place: &dyn Fn(&[&str]) -> (String, Origin),
        problems: &mut Vec<Problem>,
    ) {
        for (field, value) in value.as_object().into_iter().flatten() {
            if let Some(tables) = section::tables(&format!("{}.{field}", section.name)) {
                let below = |path: &[&str]| place(&[&[field.as_str()], path].concat());
                self.add_tables(tables, value, &below, problems);
                continue;
            }
            let (spelled, origin) = place(&[field]);
            match section.keys.iter().find(|key| key.field == field) {
                Some(_) if value.is_null() => {}
                Some(key) => self.add(Entry::read(key, spelled, origin, value), problems),
                None => {
                    let known = nearest(field, section.keys.iter().map(|key| key.field));
                    problems.push(unknown(&spelled, origin, known.map(String::from)));
                }
            }
        }
    }
}

fn is_upper(name: &str) -> bool {
    !name.contains(char::is_lowercase)
}

/// Where something below a name at the top of a file stands.
fn spelled_and_place(name: &str, path: &[&str], origin: &dyn Fn(&[&str]) -> Origin) -> (String, Origin) {
    let whole: Vec<&str> = std::iter::once(name).chain(path.iter().copied()).collect();
    (whole.join("."), origin(&whole))
}

/// Every key that the layers can speak of: those of all sections, and those of every table that one of them names.
pub(crate) fn keys_in(layers: &[Layer]) -> Vec<&'static Key> {
    let mut named: Vec<&'static Key> = TABLES
        .iter()
        .flat_map(|tables| {
            let names = names_in(layers, tables);
            let keys =
                |name: String| tables.keys.iter().filter_map(move |key| tables.key_of(&name, key.field));
            names.into_iter().flat_map(keys).collect::<Vec<_>>()
        })
        .collect();
    let mut keys: Vec<&'static Key> = section::keys().collect();
    keys.append(&mut named);
    keys
}

/// The names of the tables of one kind that the layers speak of.
pub(crate) fn names_in(layers: &[Layer], tables: &section::Section) -> BTreeSet<String> {
    let keys = layers.iter().flat_map(|layer| layer.entries.keys());
    keys.filter_map(|key| tables.table_of(key)).map(str::to_owned).collect()
}

/// Gives every table that a layer names its defaults, in the lowest layer.
pub(crate) fn add_defaults_of_tables(layers: &mut [Layer]) {
    for key in keys_in(layers) {
        if let (Some(default), Some(lowest)) = (key.default, layers.first_mut()) {
            let raw = serde_json::from_str(default).unwrap_or(Raw::Null);
            let entry = || Entry::read(key, key.name, Origin::Default, &raw);
            lowest.entries.entry(key.name).or_insert_with(entry);
        }
    }
}

/// A key that nothing knows.
pub(crate) fn unknown(spelled: &str, origin: Origin, nearest: Option<String>) -> Problem {
    let problem = Problem::with_key(spelled, origin, "there is no such key");
    match nearest {
        Some(known) => problem.hint(format!("did you mean {known}?")),
        None => problem.hint("`rq config show` lists the keys"),
    }
}

//! The layers on top of each other: figment merges them and says which one each value is from.

use std::collections::BTreeMap;

use figment::value::{Dict, Map as Profiles, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};

use super::kind::Value;
use super::layer::{Entry, Layer, keys_in};
use super::problem::{Problem, Problems};
use super::section;

/// The merged layers.
pub(crate) struct Stack {
    layers: Vec<Layer>,
    merged: Figment,
}

/// One layer as figment takes it, named by its place in the stack.
struct Provided<'a> {
    place: usize,
    layer: &'a Layer,
}

impl Provider for Provided<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place.to_string())
    }

    fn data(&self) -> Result<Profiles<Profile, Dict>, figment::Error> {
        // A section none of whose keys is set anywhere is there all the same.
        let empty = |section: &&section::Section| (section.name.to_owned(), Dict::new().into());
        let mut sections: Dict = section::SECTIONS.iter().map(empty).collect();
        for entry in self.layer.entries.values() {
            let Ok(value) = &entry.value else { continue };
            let path: Vec<&str> = entry.key.path.split('.').collect();
            insert(&mut sections, &path, merged(value));
        }
        Ok(Profile::Default.collect(sections))
    }
}

/// Puts a value where its path leads, through tables that are made on the way.
fn insert(table: &mut Dict, path: &[&str], value: Merged) {
    match path {
        [] => {}
        [field] => drop(table.insert((*field).to_owned(), value)),
        [name, rest @ ..] => {
            let below = table.entry((*name).to_owned()).or_insert_with(|| Dict::new().into());
            if let Merged::Dict(_, fields) = below {
                insert(fields, rest, value);
            }
        }
    }
}

/// Tables become text, so that a higher layer replaces them whole; spans become what serde takes for them.
fn merged(value: &Value) -> Merged {
    match value {
        Value::Text(text) => text.clone().into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Integer(number) => (*number).into(),
        Value::Size(bytes) => (*bytes).into(),
        Value::Duration(span) => {
            let parts = [("secs", Merged::from(span.as_secs())), ("nanos", span.subsec_nanos().into())];
            Merged::from(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect::<Dict>())
        }
        Value::List(items) => items.clone().into(),
        Value::Table(table) => table.to_string().into(),
    }
}

impl Stack {
    /// Merges layers, the lowest first.
    pub(crate) fn new(layers: Vec<Layer>) -> Self {
        let merged = layers
            .iter()
            .enumerate()
            .fold(Figment::new(), |figment, (place, layer)| figment.merge(Provided { place, layer }));
        Self { layers, merged }
    }

    /// A section as its struct.
    pub(crate) fn section<'de, T: serde::Deserialize<'de>>(&self, name: &str) -> Result<T, Problems> {
        self.merged.extract_inner(name).map_err(|error| {
            let first = error.into_iter().next();
            // Values were checked one by one before, so that this is a section that does not fit its own table.
            let text = first.map_or_else(String::new, |error| error.kind.to_string());
            Problem::in_words(format!("cannot use {name}: {text}")).into()
        })
    }

    /// The tables of one kind as their structs, by name.
    pub(crate) fn tables<'de, T: serde::Deserialize<'de>>(
        &self,
        parent: &str,
    ) -> Result<BTreeMap<String, T>, Problems> {
        if self.merged.find_value(parent).is_err() {
            return Ok(BTreeMap::new());
        }
        let tables: BTreeMap<String, T> = self.section(parent)?;
        Ok(tables.into_iter().map(|(level, table)| (section::from_path(&level), table)).collect())
    }

    /// The entry that a key's value is from, and those below that it shadows, the highest first.
    pub(crate) fn entries(&self, key: &section::Key) -> (Option<&Entry>, Vec<&Entry>) {
        // What was merged could be asked, too, but merges all of it anew for each question.
        let has_value = |entry: &&Entry| entry.value.is_ok();
        let mut told = self.layers.iter().rev().filter_map(|layer| layer.entries.get(key.name));
        (told.by_ref().find(has_value), told.collect())
    }

    /// The layers, the lowest first.
    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

/// The problems of values that would be used: the highest entry of each key, when it cannot be read.
pub(crate) fn unusable(layers: &[Layer]) -> Vec<Problem> {
    let highest = |key: &'static super::section::Key| {
        layers.iter().rev().find_map(|layer| layer.entries.get(key.name).map(|entry| (layer.strict, entry)))
    };
    keys_in(layers)
        .into_iter()
        .filter_map(highest)
        .filter(|(strict, _)| !strict)
        .filter_map(|(_, entry)| entry.problem())
        .collect()
}

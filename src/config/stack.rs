//! The layers on top of each other: figment merges them and says which one each value is from.

use figment::value::{Dict, Map as Profiles, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};

use super::kind::Value;
use super::layer::{Entry, Layer};
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
            let (section, field) = entry.key.name.split_once('.').unwrap_or((entry.key.name, ""));
            let section = sections.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
            if let Merged::Dict(_, fields) = section {
                fields.insert(field.to_owned(), merged(value));
            }
        }
        Ok(Profile::Default.collect(sections))
    }
}

/// Tables become text, so that a higher layer replaces them whole; spans become what serde takes for them.
fn merged(value: &Value) -> Merged {
    match value {
        Value::Text(text) => text.clone().into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Integer(number) => (*number).into(),
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
            Problem { key: Some(name.to_owned()), origin: None, text, hint: None }.into()
        })
    }

    /// The entry that a key's value is from, and those below that it shadows, the highest first.
    pub(crate) fn entries(&self, key: &str) -> (Option<&Entry>, Vec<&Entry>) {
        let place = self.merged.find_metadata(key).and_then(|metadata| metadata.name.parse::<usize>().ok());
        let Some(place) = place else { return (None, Vec::new()) };
        let below = self.layers[..place].iter().rev().filter_map(|layer| layer.entries.get(key));
        (self.layers[place].entries.get(key), below.collect())
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
    super::section::keys()
        .filter_map(highest)
        .filter(|(strict, _)| !strict)
        .filter_map(|(_, entry)| entry.problem())
        .collect()
}

//! What a Python settings module says, after an interpreter has imported it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value as Raw};

use super::django;
use super::kind::Kind;
use super::layer::{Entry, Layer, Standing};
use super::origin::Origin;
use super::problem::{Mismatch, Problem, nearest};
use super::resolved::Warning;
use super::secret::mask_url;
use super::section::{self, Key, SECTIONS, TABLES};
use super::sentinel;

/// The values of a settings module. It has no `Debug`, as they hold secrets.
#[derive(Clone)]
pub(crate) struct PythonModule {
    /// The name that it was asked for by.
    pub(crate) name: String,
    /// The file that it was loaded from.
    pub(crate) file: Option<PathBuf>,
    /// Its upper-case names.
    pub(crate) values: Map<String, Raw>,
    /// Upper-case names whose values JSON cannot hold, each with its `repr`.
    pub(crate) opaque: BTreeMap<String, String>,
}

impl PythonModule {
    /// RQ's names, and our sections as `RQ_WORKER = {…}`. Other names are the module's own business.
    pub(crate) fn layer(&self, problems: &mut Vec<Problem>) -> Layer {
        let mut layer = Layer::new(Standing::Explicit, false);
        let origin = self.origin();
        for key in section::keys() {
            if let Some(entry) = key.rq_name.and_then(|name| self.entry(key, name, &origin)) {
                layer.add(entry, problems);
            }
        }
        for section in SECTIONS {
            let name = format!("RQ_{}", section.name.to_uppercase());
            let place = |path: &[&str]| {
                let below: Vec<String> = path.iter().map(|step| format!("[{step:?}]")).collect();
                (format!("{name}{}", below.concat()), origin.clone())
            };
            if let Some(value) = self.values.get(&name) {
                if !matches!(value, Raw::Object(_) | Raw::Null) {
                    let mismatch = Mismatch::new("a dictionary", super::kind::describe_type(value));
                    problems.push(mismatch.at(&name, &origin, None));
                }
                layer.add_section(section, value, &place, problems);
            } else if self.opaque.contains_key(&name) {
                problems.push(not_json(Kind::Secret, "").at(&name, &origin, None));
            }
        }
        for tables in TABLES.into_iter().filter(|tables| !tables.parent().contains('.')) {
            let name = format!("RQ_{}", tables.parent().to_uppercase());
            let place = |path: &[&str]| {
                let below: Vec<String> = path.iter().map(|step| format!("[{step:?}]")).collect();
                (format!("{name}{}", below.concat()), origin.clone())
            };
            // A module may well have a queue of its own that it calls so.
            if tables.is_of_queues() && !self.values.get(&name).is_some_and(Raw::is_object) {
                continue;
            }
            if let Some(value) = self.values.get(&name) {
                layer.add_tables(tables, value, &place, problems);
            } else if self.opaque.contains_key(&name) {
                problems.push(not_json(Kind::Secret, "").at(&name, &origin, None));
            }
        }
        problems.extend(layer.entries.values().filter(|entry| entry.key.before_python).map(too_late));
        layer
    }

    /// Dictionaries whose names look like one of our sections misspelled. They are no mistake, since a module's other
    /// names are its own business: `RQ_QUEUES` is known to django-rq.
    pub(crate) fn doubts(&self) -> Vec<Warning> {
        let known = || {
            let sections = SECTIONS.iter().map(|section| section.name);
            sections.chain(TABLES.iter().map(|tables| tables.parent())).filter(|name| !name.contains('.'))
        };
        let plain = self.values.iter().filter(|(_, value)| value.is_object()).map(|(name, _)| name);
        let odd = self.opaque.iter().filter(|(_, repr)| repr.starts_with('{')).map(|(name, _)| name);
        let doubt = |name: &String| {
            let own = name.strip_prefix("RQ_").filter(|_| name != django::QUEUES)?;
            let meant = nearest(own, known()).filter(|known| !known.eq_ignore_ascii_case(own))?;
            let meant = meant.to_uppercase();
            let origin = self.origin();
            Some(Warning(format!("{name} from {origin} is not used, did you mean RQ_{meant}?")))
        };
        plain.chain(odd).filter_map(doubt).collect()
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::Python { module: self.name.clone(), file: self.file.clone() }
    }

    fn entry(&self, key: &'static Key, name: &str, origin: &Origin) -> Option<Entry> {
        // The fork server applies DICT_CONFIG itself; its value may well be what JSON cannot hold.
        if name == "DICT_CONFIG" {
            let given =
                self.opaque.contains_key(name) || self.values.get(name).is_some_and(|value| !value.is_null());
            let table = self.values.get(name).cloned().unwrap_or_default();
            let value = Ok(super::kind::Value::Table(Raw::Array(vec![table])));
            return given.then(|| Entry { key, spelled: name.to_owned(), origin: origin.clone(), value });
        }
        if let Some(repr) = self.opaque.get(name) {
            let value = Err(not_json(key.kind, repr));
            return Some(Entry { key, spelled: name.to_owned(), origin: origin.clone(), value });
        }
        let value = match self.values.get(name)? {
            // RQ: None is handed on, and redis-py takes it for ssl.CERT_NONE.
            Raw::Null if name == "REDIS_SSL_CERT_REQS" => &Raw::String("none".to_owned()),
            Raw::Null => return None,
            value => value,
        };
        match key.kind {
            Kind::Sentinel => Some(Entry::read(key, name, origin.clone(), &sentinel::known_only(value))),
            _ => Some(Entry::read(key, name, origin.clone(), value)),
        }
    }
}

/// What JSON cannot hold. Its `repr` is told only where it cannot hold a password.
fn not_json(kind: Kind, repr: &str) -> Mismatch {
    let found = match kind {
        Kind::Text | Kind::Integer { .. } | Kind::Boolean | Kind::List | Kind::Path | Kind::Choice(_) => {
            mask_url(repr)
        }
        _ => "an object of another class".to_owned(),
    };
    Mismatch::new("made of texts, numbers, lists and dictionaries", found)
}

fn too_late(entry: &Entry) -> Problem {
    let text = "it is needed before a Python module can be read, so it cannot stand in one";
    let hint = format!(
        "use {} or {}",
        entry.key.option.unwrap_or("a configuration file"),
        entry.key.long_variable()
    );
    Problem::with_key(entry.spelled.clone(), entry.origin.clone(), text).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_that_is_nearly_a_section_is_doubted() {
        let cases = [
            ("RQ_WORKR", Some("RQ_WORKER")),
            ("RQ_WORKERS", Some("RQ_WORKER")),
            ("RQ_LOGING", Some("RQ_LOGGING")),
            ("RQ_HORSES", Some("RQ_HORSE")),
            ("RQ_MAINTAINANCE", Some("RQ_MAINTENANCE")),
            ("RQ_CORN", Some("RQ_CRON")),
            ("RQ_WORKER", None),
            ("RQ_CRON", None),
            // django-rq's, and what else somebody may call his own.
            ("RQ_QUEUES", None),
            ("RQ_CONFIG", None),
            ("RQ_JOBS", None),
            ("RQ_DEFAULTS", None),
            ("RQ_CONNECTION", None),
            ("WORKR", None),
            ("RQ", None),
            ("RQ_", None),
        ];

        for (name, meant) in cases {
            let values = Map::from_iter([
                (name.to_owned(), serde_json::json!({"ttl": 1})),
                ("RQ_LOGGER".to_owned(), "no dictionary".into()),
            ]);
            let module = PythonModule { name: "s".to_owned(), file: None, values, opaque: BTreeMap::new() };

            let told: Vec<String> = module.doubts().iter().map(ToString::to_string).collect();

            let expected =
                meant.map(|meant| format!("{name} from Python module s is not used, did you mean {meant}?"));
            assert_eq!(told, Vec::from_iter(expected), "{name}");
        }
    }
}

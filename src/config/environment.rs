//! What environment variables say.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value as Raw;

use super::file;
use super::layer::{Entry, Layer, Standing, names_in, unknown};
use super::origin::Origin;
use super::problem::{Problem, Problems, nearest};
use super::section::{self, Key, TABLES};

/// Settings for which the empty text means something: no prefix, and no reports.
const EMPTY_COUNTS: [&str; 2] = ["redis.key_prefix", "sentry.dsn"];

/// The variables of the process, taken once. It has no `Debug`, as they hold secrets.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    not_text: BTreeSet<String>,
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) => drop(environment.not_text.insert(name)),
            }
        }
        environment
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect(), not_text: BTreeSet::new() }
    }
}

impl Environment {
    /// The value of a variable that is text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether a variable was set by Kubernetes or Docker for a service that happens to be called redis:
    /// `REDIS_PORT=tcp://10.0.0.1:6379`. Nobody meant it for us.
    pub(crate) fn is_service_link(&self, name: &str) -> bool {
        name == "REDIS_PORT" && self.get(name).is_some_and(|value| value.starts_with("tcp://"))
    }

    /// The files that variables ending in `_FILE` name.
    pub(crate) fn files<'a>(&'a self, directory: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
        let bare = section::keys().filter(|key| key.variables.bare).filter_map(|key| key.rq_name);
        let bare: BTreeSet<String> = bare.map(|name| format!("{name}_FILE")).collect();
        let ours =
            move |name: &str| name.ends_with("_FILE") && (name.starts_with("RQ_") || bare.contains(name));
        let named = self.variables.iter().filter(move |(name, path)| ours(name) && !path.is_empty());
        named.map(|(_, path)| directory.join(path))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().chain(&self.not_text).map(String::as_str)
    }
}

/// Reads the layers that the environment is.
pub(crate) struct Reader<'a> {
    pub(crate) environment: &'a Environment,
    /// What relative paths in `…_FILE` variables start from.
    pub(crate) directory: &'a Path,
    /// Which variables to read: those with the values, or those that lead to files.
    pub(crate) said: Said,
}

/// How a variable says a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// It holds the value.
    ByItself,
    /// It ends in `_FILE` and names the file that holds it.
    InFile,
}

impl Reader<'_> {
    /// RQ's own names without a prefix.
    pub(crate) fn bare(&self, problems: &mut Vec<Problem>) -> Layer {
        let standing = if self.said == Said::ByItself { Standing::Bare } else { Standing::BareFile };
        let mut layer = Layer::new(standing, false);
        for key in section::keys().filter(|key| key.variables.bare) {
            if let Some(name) = key.rq_name.filter(|name| !self.environment.is_service_link(name)) {
                self.add(&mut layer, key, name, problems);
            }
        }
        layer
    }

    /// Variables that start with `RQ_`: the short ones, and `RQ_<SECTION>__<KEY>`.
    /// `below` are the layers whose tables they may add to, `served` the queues that are known.
    pub(crate) fn prefixed(&self, below: &[Layer], served: &[String], problems: &mut Vec<Problem>) -> Layer {
        let standing = if self.said == Said::ByItself { Standing::Prefixed } else { Standing::Credential };
        let mut layer = Layer::new(standing, true);
        for key in section::keys().filter(|key| key.variables.allowed) {
            for name in key.variables.short.map(String::from).into_iter().chain([key.long_variable()]) {
                self.add(&mut layer, key, &name, problems);
            }
        }
        let names: Vec<&str> = self.environment.names().collect();
        let of_tables = of_tables(&names, below, served);
        for (name, key) in &of_tables {
            self.add(&mut layer, key, name, problems);
        }
        if self.said == Said::ByItself {
            let origin = |name: &str| Origin::Variable(name.to_owned());
            problems.extend(unknown_names(&names, &of_tables, &origin));
        }
        layer
    }

    fn add(&self, layer: &mut Layer, key: &'static Key, name: &str, problems: &mut Vec<Problem>) {
        let value = match self.said {
            Said::ByItself => self.by_itself(name),
            Said::InFile => self.in_file(name),
        };
        match value {
            Ok(Some((text, origin))) if !text.is_empty() || EMPTY_COUNTS.contains(&key.name) => {
                layer.add(Entry::read(key, key.name, origin, &Raw::String(text)), problems);
            }
            // An empty variable counts as unset: it is how many systems unset one.
            Ok(_) => {}
            Err(problem) => problems.extend(problem),
        }
    }

    /// What a variable says by itself.
    fn by_itself(&self, name: &str) -> Result<Option<(String, Origin)>, Problems> {
        Ok(self.text(name)?.map(|text| (text.to_owned(), Origin::Variable(name.to_owned()))))
    }

    /// What the file says that `<name>_FILE` names.
    fn in_file(&self, name: &str) -> Result<Option<(String, Origin)>, Problems> {
        let variable = format!("{name}_FILE");
        let Some(path) = self.text(&variable)?.filter(|path| !path.is_empty()) else { return Ok(None) };
        if self.environment.get(name).is_some_and(|text| !text.is_empty()) {
            let origin = Origin::Variable(name.to_owned());
            let twice = Problem::with_source(origin, format!("{variable} is set too"));
            return Err(twice.hint("unset one of them").into());
        }
        let path: PathBuf = self.directory.join(path);
        let origin = Origin::VariableFile { variable, path: path.clone() };
        match file::read_value(&path) {
            Ok(text) => Ok(Some((text, origin))),
            Err(reason) => Err(Problem::with_source(origin, reason.to_string()).into()),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Problems> {
        if self.environment.not_text.contains(name) {
            let origin = Origin::Variable(name.to_owned());
            return Err(Problem::with_source(origin, "it is not UTF-8 text").into());
        }
        Ok(self.environment.get(name))
    }
}

/// Variables such as `RQ_CRON__NIGHTLY__QUEUE`, without `_FILE`, and the keys that they mean. A table that a lower
/// layer names, or a queue that is served, is meant whatever the case of its letters, and whatever its characters are
/// that variables cannot have; another one is named in lower case.
pub(crate) fn of_tables(
    variables: &[&str],
    below: &[Layer],
    served: &[String],
) -> BTreeMap<String, &'static Key> {
    let mut found = BTreeMap::new();
    for tables in TABLES {
        let prefix = format!("RQ_{}__", tables.parent().to_uppercase().replace('.', "__"));
        let mut names: Vec<String> = names_in(below, tables).into_iter().collect();
        names.extend(served.iter().filter(|_| tables.is_of_queues()).cloned());
        for variable in variables {
            let plain = variable.strip_suffix("_FILE").unwrap_or(variable);
            let parts = plain.strip_prefix(&prefix).and_then(|rest| rest.rsplit_once("__"));
            let Some((table, field)) = parts else { continue };
            let as_it_is = names.iter().find(|name| *name == table);
            let known =
                as_it_is.or_else(|| names.iter().find(|name| in_variable(name) == in_variable(table)));
            let name = known.cloned().unwrap_or_else(|| table.to_lowercase());
            if tables.check_name(&name).is_ok()
                && let Some(key) = tables.key_of(&name, &field.to_lowercase())
            {
                found.insert(plain.to_owned(), key);
            }
        }
    }
    found
}

/// Names that were meant for us, as nobody else writes `RQ_…__…`, but fit nothing.
pub(crate) fn unknown_names(
    names: &[&str],
    of_tables: &BTreeMap<String, &'static Key>,
    origin: &dyn Fn(&str) -> Origin,
) -> Vec<Problem> {
    let known: Vec<String> = section::keys()
        .filter(|key| key.variables.allowed)
        .flat_map(|key| [key.long_variable(), format!("{}_FILE", key.long_variable())])
        .chain(of_tables.keys().flat_map(|name| [name.clone(), format!("{name}_FILE")]))
        .collect();
    let meant = |name: &&&str| name.starts_with("RQ_") && name.contains("__");
    names
        .iter()
        .filter(meant)
        .filter(|name| !known.iter().any(|known| known == *name))
        .map(|name| {
            let near = nearest(name, known.iter().map(String::as_str)).map(String::from);
            let mut problem = unknown(name, origin(name), near);
            problem.key = None;
            "there is no such setting".clone_into(&mut problem.text);
            problem
        })
        .collect()
}

/// A table's name as a variable can say it.
fn in_variable(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

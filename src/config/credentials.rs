//! What the service manager hands over: the files in `$CREDENTIALS_DIRECTORY`, one for each value.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Raw;

use super::environment::{Environment, of_tables, unknown_names};
use super::file;
use super::kind::Kind;
use super::layer::{Entry, Layer, Standing};
use super::origin::Origin;
use super::problem::Problem;
use super::resolved::Warning;
use super::section::{self, Key};

/// The files of the folder, by the variables that they stand for. Those of other programs are among them.
pub(crate) struct Credentials {
    files: BTreeMap<String, Vec<PathBuf>>,
}

impl Credentials {
    /// Lists the folder. One that is not there is that of a service that ran before.
    pub(crate) fn of(
        environment: &Environment,
        directory: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let name = environment.get("CREDENTIALS_DIRECTORY").filter(|name| !name.is_empty())?;
        let folder = directory.join(name);
        match listed(&folder) {
            Ok(files) => Some(Self { files }),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => None,
            Err(error) => {
                let origin = Origin::Variable("CREDENTIALS_DIRECTORY".to_owned());
                let text = format!("{} cannot be listed: {error}", folder.display());
                problems.push(Problem::with_source(origin, text));
                None
            }
        }
    }

    /// What they say; `below` and `served` as for variables.
    pub(crate) fn layer(&self, below: &[Layer], served: &[String], problems: &mut Vec<Problem>) -> Layer {
        let mut layer = Layer::new(Standing::Credential, true);
        for key in section::keys().filter(|key| key.variables.allowed) {
            let bare = key.rq_name.filter(|_| key.variables.bare);
            let names = bare.into_iter().chain(key.variables.short).map(String::from);
            for name in names.chain([key.long_variable()]) {
                self.add(&mut layer, key, &name, problems);
            }
        }
        let names: Vec<&str> = self.files.keys().map(String::as_str).collect();
        let of_tables = of_tables(&names, below, served);
        for (name, key) in &of_tables {
            self.add(&mut layer, key, name, problems);
        }
        let origin = |name: &str| Origin::Credential(self.files[name][0].clone());
        problems.extend(unknown_names(&names, &of_tables, &origin));
        layer
    }

    fn add(&self, layer: &mut Layer, key: &'static Key, name: &str, problems: &mut Vec<Problem>) {
        for path in self.files.get(name).into_iter().flatten() {
            let origin = Origin::Credential(path.clone());
            match file::read_value(path) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => layer.add(Entry::read(key, key.name, origin, &Raw::String(text)), problems),
                Err(reason) => problems.push(Problem::with_source(origin, reason.to_string())),
            }
        }
    }
}

/// A warning for each secret in a file that every user of the machine may read. Containers get theirs in mounts that
/// nobody else sees, and that often have such modes.
pub(crate) fn readable_by_all(layers: &[Layer]) -> Vec<Warning> {
    let entries = layers.iter().flat_map(|layer| layer.entries.values());
    let secret = entries.filter(|entry| matches!(entry.key.kind, Kind::Secret | Kind::Url | Kind::Dsn));
    let exposed = secret.filter_map(|entry| match &entry.origin {
        Origin::VariableFile { path, .. } if is_open(path) => Some(format!(
            "{} from {} can be read by every user of this machine: chmod o= {}",
            entry.key.name,
            entry.origin,
            path.display()
        )),
        _ => None,
    });
    exposed.map(Warning).collect()
}

fn is_open(path: &Path) -> bool {
    let mounted = path.starts_with("/run/secrets")
        || path.starts_with("/var/run/secrets")
        || std::fs::read_link(path).is_ok_and(|target| target.starts_with("..data"));
    !mounted && path.metadata().is_ok_and(|of_file| of_file.permissions().mode() & 0o004 != 0)
}

/// The files of a folder by the names of variables: `redis_url` is `REDIS_URL`, and `redis.password` is
/// `RQ_REDIS__PASSWORD`.
fn listed(folder: &Path) -> io::Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let variable = match name.split_once('.') {
            Some(_) => format!("RQ_{}", name.replace('.', "__").to_uppercase()),
            None => name.to_uppercase(),
        };
        // A name with dots that means none of our keys is that of another program.
        let ours = !name.contains('.') || is_known(name);
        if ours && path.is_file() {
            found.entry(variable).or_default().push(path);
        }
    }
    for paths in found.values_mut() {
        paths.sort();
    }
    Ok(found)
}

/// Whether a name with dots is that of a key.
fn is_known(name: &str) -> bool {
    let name = name.to_lowercase();
    section::key(&name).is_some() || section::key_of_table(&name).is_some()
}

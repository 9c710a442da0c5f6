//! What is installed where an application imports from, with its versions: read from disk, so that no work horse has to.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

/// The most distributions that are told of, and the most that is read of the description of one.
const MOST: usize = 1_000;
const HEAD: u64 = 64 << 10;
/// How many import paths are remembered.
const KEPT: usize = 8;

/// What was read, by import path.
#[derive(Debug, Default)]
pub(super) struct Shelf(HashMap<Vec<String>, Arc<BTreeMap<String, String>>>);

impl Shelf {
    /// What can be imported by a path, as it was when this was asked first.
    pub(super) fn of(&mut self, path: &[String]) -> Arc<BTreeMap<String, String>> {
        if let Some(known) = self.0.get(path) {
            return Arc::clone(known);
        }
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        let found = Arc::new(installed(path));
        self.0.insert(path.to_vec(), Arc::clone(&found));
        found
    }
}

/// Names in lower case, and versions. Of two, the first on the path counts, as for Python.
fn installed(path: &[String]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // A relative entry is relative to a directory that is not ours.
    for folder in path.iter().map(Path::new).filter(|folder| folder.is_absolute()) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let place = entry.path();
            let described = match place.extension().and_then(|end| end.to_str()) {
                Some("dist-info") => place.join("METADATA"),
                Some("egg-info") if place.is_dir() => place.join("PKG-INFO"),
                Some("egg-info") => place,
                _ => continue,
            };
            if let Some((name, version)) = described_in(&described)
                && found.len() < MOST
            {
                found.entry(name).or_insert(version);
            }
        }
    }
    found
}

/// Name and version, from the headers of a description.
fn described_in(path: &Path) -> Option<(String, String)> {
    let lines = BufReader::new(fs::File::open(path).ok()?.take(HEAD)).lines().map_while(Result::ok);
    let (mut name, mut version) = (None, None);
    for line in lines.take_while(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some(("Name", text)) => name = Some(text.trim().to_lowercase()),
            Some(("Version", text)) => version = Some(text.trim().to_owned()),
            _ => {}
        }
    }
    Some((name?, version?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_read_from_its_descriptions() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Flask_Thing-1.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Flask.Thing\nVersion: 1.0\n\nName: no\n",
        );
        write("old.egg-info/PKG-INFO", "Name: old\nVersion: 2\n");
        write("older.egg-info", "Name: older\nVersion: 3\n");
        write("broken.dist-info/METADATA", "Name: broken\n");
        write("empty.dist-info/RECORD", "");
        let path = vec!["relative".to_owned(), folder.path().display().to_string(), "/nowhere".to_owned()];

        let mut shelf = Shelf::default();
        let found = shelf.of(&path);

        let told: Vec<_> = found.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        assert_eq!(told, [("flask.thing", "1.0"), ("old", "2"), ("older", "3")]);
        assert!(Arc::ptr_eq(&found, &shelf.of(&path)));
    }
}

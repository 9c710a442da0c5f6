//! Whether files are as they were.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How much of a file counts by its content; of what is behind it, size and date do.
const READ: u64 = 1 << 20;

/// Files, each with what stood in it; nothing for one that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fingerprint(BTreeMap<PathBuf, Option<u64>>);

impl Fingerprint {
    /// Looks at files as they are now.
    pub(super) fn of(files: Vec<PathBuf>) -> Self {
        Self(files.into_iter().map(|path| (path.clone(), print(&path))).collect())
    }

    /// Whether all are still so.
    pub(super) fn is_current(&self) -> bool {
        self.0.iter().all(|(path, print_then)| print(path) == *print_then)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.keys()
    }
}

fn print(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    let mut hasher = DefaultHasher::new();
    if metadata.len() > READ {
        (metadata.len(), metadata.modified().ok()).hash(&mut hasher);
    }
    let mut content = Vec::new();
    File::open(path).ok()?.take(READ).read_to_end(&mut content).ok()?;
    content.hash(&mut hasher);
    Some(hasher.finish())
}

//! Files as they were at one time.

use std::path::PathBuf;

use super::content::Scan;

/// A set of files and folders, with what stood in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    paths: Vec<PathBuf>,
    scan: Scan,
}

impl Snapshot {
    /// Looks at them now.
    pub(crate) fn of(paths: Vec<PathBuf>) -> Self {
        let scan = Scan::take(&paths, None);
        Self { paths, scan }
    }

    /// Whether all of them still say the same.
    pub(crate) fn is_current(&self) -> bool {
        Scan::take(&self.paths, Some(&self.scan)).equals(&self.scan)
    }

    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

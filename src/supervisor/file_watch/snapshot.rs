//! Files as they were at one time.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::content::Scan;

/// A set of files and folders, with what stood in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    paths: Vec<PathBuf>,
    scan: Scan,
    /// A file was written after somebody read it, who was to have it as it is here.
    is_late: bool,
}

impl Snapshot {
    /// Looks at them now.
    pub(crate) fn of(paths: Vec<PathBuf>) -> Self {
        let scan = Scan::take(&paths, None);
        Self { paths, scan, is_late: false }
    }

    /// Looks at what somebody has begun to read at that time: what was written since may have come too late for him.
    pub(crate) fn of_read_since(began: SystemTime, paths: Vec<PathBuf>) -> Self {
        let written_since = |path: &PathBuf| {
            let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
            // A date to come says nothing: it would be late for ever.
            modified.is_ok_and(|modified| modified > began && modified <= SystemTime::now())
        };
        let is_late = paths.iter().any(written_since);
        Self { is_late, ..Self::of(paths) }
    }

    /// Whether all of them still say the same.
    pub(crate) fn is_current(&self) -> bool {
        !self.is_late && Scan::take(&self.paths, Some(&self.scan)).equals(&self.scan)
    }

    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

//! What is in the files: read once, and compared by what it says rather than by when it was written.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::Format;

/// Up to this size a file is compared by its bytes, beyond it by size and time.
const LARGEST: u64 = 1 << 20;

/// A file that was written so shortly before it was read may be written again without another time stamp.
const COARSEST_CLOCK: Duration = Duration::from_secs(3);

/// How often a file is read that changes meanwhile.
const ATTEMPTS: usize = 3;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Missing,
    /// There is something, but it cannot be read.
    Unreadable(io::ErrorKind),
    File {
        bytes: u64,
        digest: u64,
    },
    Large {
        bytes: u64,
        modified: (i64, i64),
    },
    Folder,
    /// A device or the like.
    Other,
}

/// When a file may be taken for unchanged without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    place: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What was seen at a path.
#[derive(Debug, Clone)]
struct Seen {
    content: Content,
    /// Only where an equal stamp means equal bytes.
    stamp: Option<Stamp>,
}

/// What was seen of a set of files.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    seen: BTreeMap<PathBuf, Seen>,
    /// Whether no file changed while it was read.
    pub(super) is_steady: bool,
}

impl Scan {
    /// Looks at every path, and at what is in the folders among them. With an earlier scan at hand, files are read only
    /// where they look different from the outside.
    pub(super) fn take(paths: &[PathBuf], earlier: Option<&Self>) -> Self {
        let mut scan = Self { seen: BTreeMap::new(), is_steady: true };
        for path in expanded(paths) {
            let known = earlier.and_then(|earlier| earlier.seen.get(&path));
            let (seen, is_steady) = look(&path, known);
            scan.is_steady &= is_steady;
            scan.seen.insert(path, seen);
        }
        scan
    }

    /// What was seen of these paths and of what was in the folders among them, and the rest from another scan.
    pub(super) fn kept(mut self, paths: &[PathBuf], other: Self) -> Self {
        let is_kept =
            |path: &Path| paths.iter().any(|kept| kept == path || Some(kept.as_path()) == path.parent());
        self.seen.retain(|path, _| is_kept(path));
        for (path, seen) in other.seen {
            self.seen.entry(path).or_insert(seen);
        }
        self
    }

    /// Whether both say the same.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.contents().eq(other.contents())
    }

    fn contents(&self) -> impl Iterator<Item = (&PathBuf, &Content)> {
        self.seen.iter().map(|(path, seen)| (path, &seen.content))
    }
}

/// The paths, and the files in the folders among them.
pub(super) fn expanded(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = paths.to_vec();
    for folder in paths {
        // What cannot be listed counts by itself, as what it is.
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        all.extend(entries.filter(|entry| counts(&entry.file_name())).map(|entry| entry.path()));
    }
    all
}

/// Whether a file of this name in a folder counts as configuration.
pub(super) fn counts(name: &OsStr) -> bool {
    !name.to_string_lossy().starts_with('.') && Format::of(Path::new(name)).is_some()
}

/// What is at a path, and whether it stood still while it was looked at.
fn look(path: &Path, known: Option<&Seen>) -> (Seen, bool) {
    let mut content = Content::Missing;
    for _ in 0..ATTEMPTS {
        let before = match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(metadata) => {
                let content = if metadata.is_dir() { Content::Folder } else { Content::Other };
                return (Seen { content, stamp: None }, true);
            }
            Err(error) => return (Seen { content: failed(&error), stamp: None }, true),
        };
        let stamp = Stamp::of(&before);
        if let Some(known) = known.filter(|known| known.stamp == Some(stamp)) {
            return (known.clone(), true);
        }
        content = read(path, &before).unwrap_or_else(|error| failed(&error));
        if fs::metadata(path).is_ok_and(|after| Stamp::of(&after) == stamp) {
            let stamp = Some(stamp).filter(|_| is_old(&before));
            return (Seen { content, stamp }, true);
        }
    }
    (Seen { content, stamp: None }, false)
}

fn failed(error: &io::Error) -> Content {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Content::Missing,
        kind => Content::Unreadable(kind),
    }
}

fn read(path: &Path, metadata: &Metadata) -> io::Result<Content> {
    let modified = (metadata.mtime(), metadata.mtime_nsec());
    let large = |bytes| Content::Large { bytes, modified };
    if metadata.len() > LARGEST {
        return Ok(large(metadata.len()));
    }
    // What has become a pipe meanwhile must not keep us waiting.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > LARGEST {
        return Ok(large(length));
    }
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(Content::File { bytes: length, digest: hasher.finish() })
}

/// Whether a further write would leave another time stamp.
fn is_old(metadata: &Metadata) -> bool {
    let age = metadata.modified().ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age > COARSEST_CLOCK)
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            place: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

//! Where the sockets are: in a folder that nobody else may write to.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::os;

/// What a service manager makes for the service of this name (`RuntimeDirectory=rq`).
const SERVICE: &str = "/run/rq";

/// A daemon that seems to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its number in its own process namespace.
    pub(crate) pid: u32,
    pub(crate) path: PathBuf,
}

/// Names the one folder for sockets, for daemons and for whoever asks them.
const VARIABLE: &str = "RQ_RUNTIME_DIR";

/// The folders in which daemons that this user may ask have their sockets, the preferred first.
pub(crate) fn places() -> Vec<PathBuf> {
    if let Some(only) = std::env::var_os(VARIABLE).filter(|only| !only.is_empty()) {
        return vec![PathBuf::from(only)];
    }
    let user = os::user();
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    // A shell by sudo or a daemon of cron may lack the variable that the other has.
    let usual = PathBuf::from(format!("/run/user/{user}"));
    let mut places: Vec<PathBuf> = own.into_iter().chain([usual]).map(|folder| folder.join("rq")).collect();
    places.dedup();
    places.extend([PathBuf::from(SERVICE), PathBuf::from(format!("/tmp/rq-{user}"))]);
    places
}

/// Where this process has its socket: in the first of the places that is there or can be made.
pub(crate) fn own_socket(places: &[PathBuf]) -> io::Result<PathBuf> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for place in places {
        match prepare(place) {
            Ok(()) => return Ok(place.join(format!("{}.sock", std::process::id()))),
            Err(error) => last = io::Error::new(error.kind(), format!("{}: {error}", place.display())),
        }
    }
    Err(last)
}

/// Makes a folder for sockets, or makes sure that the one that is there is ours alone.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let metadata = fs::symlink_metadata(folder)?;
    if metadata.uid() != os::user() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is somebody else's"));
    }
    if !is_safe(&metadata) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it is no folder, or others may write to it",
        ));
    }
    Ok(())
}

/// Whether nobody but its owner can have put a socket there.
fn is_safe(metadata: &Metadata) -> bool {
    metadata.is_dir() && metadata.mode() & 0o022 == 0
}

/// The daemons that listen in these folders. What a dead one left behind is removed.
pub(crate) fn daemons(places: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for place in places.iter().filter(|place| is_trusted(place)) {
        let entries = fs::read_dir(place).into_iter().flatten().flatten();
        let sockets =
            entries.filter_map(|entry| Some(Found { pid: pid(&entry.path())?, path: entry.path() }));
        found.extend(sockets.filter(|found| is_alive(&found.path)));
    }
    found.sort_by_key(|found| found.pid);
    found
}

/// Whether a socket in this folder is one of our user's or of root's: anybody can make a folder below `/tmp`.
fn is_trusted(place: &Path) -> bool {
    let trusted = |metadata: &Metadata| {
        is_safe(metadata)
            && (metadata.uid() == os::user() || metadata.uid() == 0 || place == Path::new(SERVICE))
    };
    fs::symlink_metadata(place).is_ok_and(|metadata| trusted(&metadata))
}

/// The number in `<pid>.sock`.
fn pid(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_suffix(".sock")?.parse().ok()
}

/// Whether somebody listens there. A socket that nobody listens on any more is removed: its daemon is dead, in whichever
/// process namespace it was.
pub(super) fn is_alive(socket: &Path) -> bool {
    match os::is_listening(socket) {
        Ok(true) => true,
        Ok(false) => {
            // What is no socket is nothing of ours. Somebody else's cannot be removed, and need not be.
            if fs::symlink_metadata(socket).is_ok_and(|metadata| metadata.file_type().is_socket()) {
                let _ = fs::remove_file(socket);
            }
            false
        }
        // One that is not for us to ask is told by the question itself.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

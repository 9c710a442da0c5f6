//! The kernel's hints that something may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::{Error, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::folders::Folders;

/// Watches folders, and tells when something happens in them that matters.
pub(super) struct Notifier {
    watcher: RecommendedWatcher,
    interest: Arc<Mutex<Interest>>,
    /// What is watched now: each folder's device and inode, as another may have taken its place.
    watched: BTreeMap<PathBuf, (u64, u64)>,
}

/// What the thread of the hints needs to know.
#[derive(Default)]
struct Interest {
    folders: Folders,
    /// Folders that are gone or moved: a watch on one of these is of no more use.
    lost: BTreeSet<PathBuf>,
}

impl Notifier {
    /// Calls `tell` for each hint, on a thread that ends with this value.
    pub(super) fn new(tell: impl Fn() + Send + 'static) -> Result<Self, String> {
        let interest = Arc::new(Mutex::new(Interest::default()));
        let shared = Arc::clone(&interest);
        let heard = move |event: Result<Event, Error>| {
            // An error is as good as a hint: something may have been missed.
            if event.is_err() || event.is_ok_and(|event| locked(&shared).is_hint(&event)) {
                tell();
            }
        };
        let watcher = notify::recommended_watcher(heard);
        let watcher = watcher.map_err(|error| limit(&error).unwrap_or_else(|| error.to_string()))?;
        Ok(Self { watcher, interest, watched: BTreeMap::new() })
    }

    /// Watches these folders and no others. An error is a limit of the system that was reached.
    pub(super) fn follow(&mut self, folders: &Folders) -> Result<(), String> {
        let lost = {
            let mut interest = locked(&self.interest);
            interest.folders.clone_from(folders);
            std::mem::take(&mut interest.lost)
        };
        // The lock is free again: the thread that answers us may need it first.
        let is_stale = |(folder, place): &(&PathBuf, &(u64, u64))| {
            lost.contains(*folder) || !folders.contains_key(*folder) || self::place(folder) != Some(**place)
        };
        let stale: Vec<PathBuf> =
            self.watched.iter().filter(is_stale).map(|(folder, _)| folder.clone()).collect();
        for folder in stale {
            self.watched.remove(&folder);
            // One that is gone is watched no more already.
            let _ = self.watcher.unwatch(&folder);
        }
        for folder in folders.keys() {
            self.watch(folder)?;
        }
        Ok(())
    }

    fn watch(&mut self, folder: &Path) -> Result<(), String> {
        if self.watched.contains_key(folder) {
            return Ok(());
        }
        let Some(place) = place(folder) else { return Ok(()) };
        match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => drop(self.watched.insert(folder.to_owned(), place)),
            Err(error) => {
                if let Some(limit) = limit(&error) {
                    return Err(limit);
                }
                // Gone again, or not ours to see: a look from time to time is all that there is.
            }
        }
        Ok(())
    }
}

impl Interest {
    fn is_hint(&mut self, event: &Event) -> bool {
        match event.kind {
            // Our own reading makes these.
            EventKind::Access(_) => return false,
            EventKind::Remove(_) | EventKind::Modify(notify::event::ModifyKind::Name(_)) => {
                let lost = event.paths.iter().filter(|path| self.folders.contains_key(*path));
                self.lost.extend(lost.cloned());
            }
            EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Other => {}
        }
        event.need_rescan() || event.paths.iter().any(|path| self.matters(path))
    }

    fn matters(&self, path: &Path) -> bool {
        let inside = || {
            let names = self.folders.get(path.parent()?)?;
            Some(names.matter(path.file_name()?))
        };
        self.folders.contains_key(path) || inside().unwrap_or(false)
    }
}

fn locked(interest: &Mutex<Interest>) -> MutexGuard<'_, Interest> {
    interest.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(folder: &Path) -> Option<(u64, u64)> {
    fs::metadata(folder).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// What to say of a limit, when it was one.
fn limit(error: &Error) -> Option<String> {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            Some("there are too many watches (fs.inotify.max_user_watches)".to_owned())
        }
        ErrorKind::Io(cause) => match cause.raw_os_error() {
            Some(libc::EMFILE) => {
                Some("there are too many watchers (fs.inotify.max_user_instances) or open files".to_owned())
            }
            Some(libc::ENFILE | libc::ENOMEM | libc::ENOSYS) => Some(cause.to_string()),
            _ => None,
        },
        ErrorKind::Generic(_)
        | ErrorKind::PathNotFound
        | ErrorKind::WatchNotFound
        | ErrorKind::InvalidConfig(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_limits_of_the_system_are_told_and_other_errors_are_not() {
        let of = |code| limit(&Error::io(io::Error::from_raw_os_error(code)));

        assert!(limit(&Error::new(ErrorKind::MaxFilesWatch)).unwrap().contains("max_user_watches"));
        assert!(of(libc::EMFILE).unwrap().contains("max_user_instances"));
        assert_eq!(of(libc::EACCES), None);
        assert_eq!(limit(&Error::path_not_found()), None);
    }
}

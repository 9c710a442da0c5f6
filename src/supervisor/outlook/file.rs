//! Files that others read while we write them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event::Event;
use crate::telemetry::emit;

/// A file that stands there as long as this lives.
pub(super) struct Kept {
    path: PathBuf,
    writer: Arc<Writer>,
}

/// Writes it, in another thread: a disk may hang.
struct Writer {
    /// One writes at a time; what comes meanwhile is left out.
    busy: AtomicBool,
    /// It is not to be there any more.
    over: AtomicBool,
    failed: AtomicBool,
}

impl Kept {
    pub(super) fn new(path: &Path) -> Self {
        let writer = Writer {
            busy: AtomicBool::new(false),
            over: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        };
        Self { path: path.to_owned(), writer: Arc::new(writer) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a text in its place, unless the last one is still being written.
    pub(super) fn put(&self, text: String) {
        if self.writer.busy.swap(true, Ordering::Acquire) {
            return;
        }
        let (path, writer) = (self.path.clone(), Arc::clone(&self.writer));
        tokio::task::spawn_blocking(move || {
            let written = replace(&path, &text, &writer.over);
            writer.busy.store(false, Ordering::Release);
            writer.tell(&path, written);
        });
    }
}

/// Whoever reads it from now on finds that there is nobody.
impl Drop for Kept {
    fn drop(&mut self) {
        self.writer.over.store(true, Ordering::Release);
        let _ = fs::remove_file(&self.path);
    }
}

impl Writer {
    fn tell(&self, path: &Path, written: io::Result<()>) {
        match written {
            Ok(()) => self.failed.store(false, Ordering::Relaxed),
            Err(error) if !self.failed.swap(true, Ordering::Relaxed) => {
                let (path, error) = (path.display().to_string(), error.to_string());
                emit(Event::FileUnwritten { path, error });
            }
            Err(_) => {}
        }
    }
}

/// Whoever reads sees the old text or the new one, and never a part.
fn replace(path: &Path, text: &str, over: &AtomicBool) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    // What a dead daemon of this number left there.
    let _ = fs::remove_file(&new);
    let replaced = write(&new, text).and_then(|()| {
        if over.load(Ordering::Acquire) { fs::remove_file(&new) } else { fs::rename(&new, path) }
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&new);
    }
    replaced
}

/// Writes a new file: nobody can have put a link there that leads elsewhere.
fn write(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_place_of_the_one_before_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rqd.prom");

        for text in ["one", "two"] {
            replace(&path, text, &AtomicBool::new(false)).unwrap();
        }
        replace(&path, "three", &AtomicBool::new(true)).unwrap();

        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

//! Compressing what was put aside, beside the thread that writes: a large file takes seconds.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A file that is being compressed.
#[derive(Debug)]
pub(super) struct Compressing(JoinHandle<Result<(), String>>);

impl Compressing {
    /// Begins; nothing when there is no thread to be had.
    pub(super) fn begin(file: PathBuf) -> Option<Self> {
        let work =
            move || gzip(&file).map_err(|error| format!("cannot compress {}: {error}", file.display()));
        std::thread::Builder::new().name("log gzip".to_owned()).spawn(work).ok().map(Self)
    }

    /// Waits for the end; what went wrong left the file as it was.
    pub(super) fn wait(self) -> Result<(), String> {
        self.0.join().unwrap_or_else(|_| Err("cannot compress a file: it panicked".to_owned()))
    }
}

/// Makes `FILE.gz` of `FILE`. What is cut off leaves `FILE` and a `FILE.gz.part` that means nothing.
fn gzip(file: &Path) -> io::Result<()> {
    let whole = OsName(file).with(".gz");
    let part = OsName(file).with(".gz.part");
    let mut from = File::open(file)?;
    let rights = from.metadata()?.permissions();
    let mut options = OpenOptions::new();
    let to = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    let made = (|| {
        let mut encoder = GzEncoder::new(&to, Compression::default());
        io::copy(&mut from, &mut encoder)?;
        encoder.finish()?;
        to.set_permissions(rights)?;
        fs::rename(&part, &whole)
    })();
    match made {
        // Another daemon may have put another file there meanwhile.
        Ok(()) if is_still(file, &from) => fs::remove_file(file),
        Ok(()) => Ok(()),
        Err(error) => {
            // What is left of it is of no use; the file itself is whole.
            let _ = fs::remove_file(&part);
            Err(error)
        }
    }
}

/// Whether this file stands at the path.
fn is_still(path: &Path, file: &File) -> bool {
    let identity = |data: fs::Metadata| (data.dev(), data.ino());
    let both = fs::metadata(path).ok().zip(file.metadata().ok());
    both.is_some_and(|(there, open)| identity(there) == identity(open))
}

struct OsName<'a>(&'a Path);

impl OsName<'_> {
    fn with(&self, ending: &str) -> PathBuf {
        let mut name = self.0.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_took_the_place_of_another_is_not_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log.1");
        fs::write(&path, "old").unwrap();
        let open = File::open(&path).unwrap();

        assert!(is_still(&path, &open));
        fs::rename(&path, folder.path().join("a.log.2")).unwrap();
        assert!(!is_still(&path, &open));
        fs::write(&path, "new").unwrap();
        assert!(!is_still(&path, &open));
    }
}

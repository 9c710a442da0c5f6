//! The shelf: files that were put aside, beside the one that is written to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Puts a file aside and drops what is more than `keep`. With a label it is `FILE.LABEL`, else `FILE.1`, and older ones move
/// on to `FILE.2`. Returns where it stands; nowhere when none is kept.
pub(super) fn put_aside(file: &Path, label: Option<&str>, keep: usize) -> io::Result<Option<PathBuf>> {
    if keep == 0 {
        fs::remove_file(file)?;
        return Ok(None);
    }
    let aside = if let Some(label) = label {
        free(file, label)
    } else {
        move_on(file, keep)?;
        beside(file, "1")
    };
    fs::rename(file, &aside)?;
    if label.is_some() {
        drop_oldest(file, keep)?;
    }
    Ok(Some(aside))
}

/// `FILE.SUFFIX`.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".");
    name.push(suffix);
    name.into()
}

/// A place for a file with that label: several may be put aside within one stretch of time.
fn free(file: &Path, label: &str) -> PathBuf {
    let is_free = |place: &Path| !place.exists() && !beside(place, "gz").exists();
    let plain = beside(file, label);
    if is_free(&plain) {
        return plain;
    }
    let numbered = (1..=u32::MAX).map(|number| beside(file, &format!("{label}.{number}")));
    numbered.into_iter().find(|place| is_free(place)).unwrap_or(plain)
}

/// What stands behind `FILE.` in the names beside it, without `.gz`, each with the whole path.
fn others(file: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned() + ".";
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let other = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(rest) = other.strip_prefix(&name) {
            found.push((rest.strip_suffix(".gz").unwrap_or(rest).to_owned(), path));
        }
    }
    Ok(found)
}

/// Makes room for `FILE.1`.
fn move_on(file: &Path, keep: usize) -> io::Result<()> {
    let numbered = others(file)?.into_iter();
    let mut numbered: Vec<(usize, PathBuf)> = numbered
        .filter_map(|(rest, path)| Some((rest.parse().ok().filter(|number| *number > 0)?, path)))
        .collect();
    numbered.sort_by(|a, b| b.cmp(a));
    for (number, path) in numbered {
        if number >= keep {
            fs::remove_file(&path)?;
            continue;
        }
        let ending = if path.extension().is_some_and(|ending| ending == "gz") { ".gz" } else { "" };
        fs::rename(&path, beside(file, &format!("{}{ending}", number + 1)))?;
    }
    Ok(())
}

/// Drops the oldest of those that have labels.
fn drop_oldest(file: &Path, keep: usize) -> io::Result<()> {
    let mut labelled: BTreeMap<(String, u32), PathBuf> = BTreeMap::new();
    for (rest, path) in others(file)? {
        let (label, number) = match rest.split_once('.') {
            None => (rest.as_str(), Some(0)),
            Some((label, number)) => (label, number.parse().ok()),
        };
        if let Some(number) = number.filter(|_| is_label(label)) {
            labelled.insert((label.to_owned(), number), path);
        }
    }
    let more = labelled.len().saturating_sub(keep);
    labelled.into_values().take(more).try_for_each(fs::remove_file)
}

/// Whether a text may be the name of a stretch of time; what else stands beside a file is somebody else's.
fn is_label(text: &str) -> bool {
    let is_year = text.len() >= 8 && text.bytes().take(4).all(|byte| byte.is_ascii_digit());
    is_year && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'W'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn numbers_move_on_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.log");
        for (name, text) in
            [("a.log.1", "older"), ("a.log.2.gz", "oldest"), ("a.log.old", "mine"), ("a.log", "new")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }

        let aside = put_aside(&file, None, 3).unwrap().unwrap();
        fs::write(&file, "newest").unwrap();
        put_aside(&file, None, 3).unwrap();

        assert_eq!(aside, folder.path().join("a.log.1"));
        assert_eq!(names(folder.path()), ["a.log.1", "a.log.2", "a.log.3", "a.log.old"]);
        assert_eq!(fs::read_to_string(folder.path().join("a.log.3")).unwrap(), "older");
    }

    #[test]
    fn labels_do_not_clash_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.log");
        for name in ["a.log.2026-11-20", "a.log.2026-11-21.gz", "a.log.2026-11-21.1", "a.log.note"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(&file, "").unwrap();

        put_aside(&file, Some("2026-11-21"), 3).unwrap();

        assert_eq!(
            names(folder.path()),
            ["a.log.2026-11-21.1", "a.log.2026-11-21.2", "a.log.2026-11-21.gz", "a.log.note"]
        );
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.log");
        fs::write(&file, "").unwrap();

        assert_eq!(put_aside(&file, None, 0).unwrap(), None);

        assert!(names(folder.path()).is_empty());
    }
}

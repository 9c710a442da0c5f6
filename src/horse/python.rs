//! Which Python interpreter runs the jobs.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why there is no interpreter.
#[derive(Debug, Error)]
pub(crate) enum InterpreterError {
    #[error("cannot use the Python interpreter {0}: there is no such executable file")]
    Missing(PathBuf),
    /// Another interpreter in its place would lack its packages.
    #[error(
        "cannot use the virtual environment's interpreter {0}: there is no such executable file any more"
    )]
    Broken(PathBuf),
    #[error("found no Python interpreter: looked for {0}")]
    NotFound(String),
}

/// Where to look: what was asked for, and the parts of the environment that name interpreters.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub(crate) asked: Option<&'a Path>,
    pub(crate) virtual_env: Option<&'a Path>,
    pub(crate) directory: &'a Path,
    pub(crate) search_path: &'a OsStr,
    /// Whose the environment in the directory must be, since nobody asked for it; anybody's when unset.
    pub(crate) trusted: Option<u32>,
}

/// An interpreter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) python: PathBuf,
    /// That of the active virtual environment, when it is not there and another was taken.
    pub(crate) passed_over: Option<PathBuf>,
    /// That of the environment in the directory, when it is somebody else's.
    pub(crate) distrusted: Option<PathBuf>,
}

impl Found {
    fn at(python: PathBuf) -> Self {
        Self { python, passed_over: None, distrusted: None }
    }
}

/// The interpreter that was asked for, else that of the active or local virtual environment, else `python3`.
pub(crate) fn find(places: &Places<'_>) -> Result<Found, InterpreterError> {
    if let Some(asked) = places.asked {
        let found = if asked.components().count() > 1 {
            Some(places.directory.join(asked)).filter(|path| is_executable(path))
        } else {
            on_path(asked, places.search_path)
        };
        return found.map(Found::at).ok_or_else(|| InterpreterError::Missing(asked.to_owned()));
    }
    let of = |place: &Path| place.join("bin/python");
    let active = places.virtual_env.map(of);
    let folder = places.directory.join(".venv");
    let (local, mut distrusted) = (of(&folder), None);
    let mut passed_over = None;
    for path in active.iter().chain([&local]) {
        if *path == local && places.trusted.is_some_and(|owner| !belongs(&[&folder, path], owner)) {
            distrusted = Some(path.clone()).filter(|path| is_executable(path));
            break;
        }
        if is_executable(path) {
            return Ok(Found { python: path.clone(), passed_over, distrusted });
        }
        if path.symlink_metadata().is_ok() {
            return Err(InterpreterError::Broken(path.clone()));
        }
        passed_over.clone_from(&active);
    }
    let python = on_path(Path::new("python3"), places.search_path).ok_or_else(|| {
        InterpreterError::NotFound("$VIRTUAL_ENV/bin/python, .venv/bin/python, python3 on PATH".to_owned())
    })?;
    Ok(Found { python, passed_over, distrusted })
}

/// Whether all that is there belongs to a user.
fn belongs(paths: &[&Path], owner: u32) -> bool {
    paths.iter().all(|path| path.symlink_metadata().map_or(true, |data| data.uid() == owner))
}

fn on_path(name: &Path, search_path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(search_path).map(|folder| folder.join(name)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn executable(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_active_environment_wins_over_the_local_one_and_the_path() {
        let root = tempfile::tempdir().unwrap();
        let [active, local, bin] =
            ["active/bin/python", "here/.venv/bin/python", "bin/python3"].map(|path| root.path().join(path));
        let directory = root.path().join("here");
        let active_folder = root.path().join("active");
        let search_path = root.path().join("bin");
        let places = Places {
            asked: None,
            virtual_env: Some(&active_folder),
            directory: &directory,
            search_path: search_path.as_os_str(),
            trusted: None,
        };

        let instead =
            |python: &Path| Found { passed_over: Some(active.clone()), ..Found::at(python.to_owned()) };
        executable(&bin);
        assert_eq!(find(&places).unwrap(), instead(&bin));
        executable(&local);
        assert_eq!(find(&places).unwrap(), instead(&local));
        assert_eq!(find(&Places { virtual_env: None, ..places }).unwrap(), Found::at(local));
        executable(&active);
        assert_eq!(find(&places).unwrap(), Found::at(active));
    }

    #[test]
    fn an_environment_of_somebody_else_is_not_taken_unasked() {
        let root = tempfile::tempdir().unwrap();
        let [local, bin] = [".venv/bin/python", "bin/python3"].map(|path| root.path().join(path));
        executable(&local);
        executable(&bin);
        let search_path = root.path().join("bin");
        let mine = local.metadata().unwrap().uid();
        let places = Places {
            asked: None,
            virtual_env: None,
            directory: root.path(),
            search_path: search_path.as_os_str(),
            trusted: Some(mine),
        };

        let of_others = find(&Places { trusted: Some(mine + 1), ..places }).unwrap();

        assert_eq!(of_others, Found { distrusted: Some(local.clone()), ..Found::at(bin) });
        assert_eq!(find(&places).unwrap(), Found::at(local.clone()));
        let asked = Places { asked: Some(Path::new(".venv/bin/python")), trusted: Some(mine + 1), ..places };
        assert_eq!(find(&asked).unwrap(), Found::at(local));
    }

    #[test]
    fn an_interpreter_that_was_asked_for_is_never_replaced_by_another() {
        let root = tempfile::tempdir().unwrap();
        let places = Places {
            asked: Some(Path::new("missing/python")),
            virtual_env: None,
            directory: root.path(),
            search_path: OsStr::new("/usr/bin"),
            trusted: None,
        };

        assert!(matches!(find(&places), Err(InterpreterError::Missing(_))));
    }
}

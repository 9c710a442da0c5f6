//! The files that are read unasked: the distribution's, the machine's, and the user's own, each with its drop-ins.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::file::Format;
use super::origin::Origin;
use super::problem::Problem;

/// Whose files they are, the lowest first: what the distribution says, and what the administrator of the machine says.
const SYSTEM: [&str; 2] = ["/usr/lib/rq", "/etc/rq"];

/// Folders that may hold an `rq.toml` and an `rq.toml.d`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Their drop-ins are one list: a name in a later folder masks the same name in an earlier one.
    pub(crate) system: Vec<PathBuf>,
    /// The user's own.
    pub(crate) user: Option<PathBuf>,
}

impl Places {
    /// Where to look on this machine. The current directory is not among them.
    pub(crate) fn of(environment: &Environment) -> Self {
        // The standard says that a relative one is to be ignored.
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let own = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).and_then(absolute);
        let home = || environment.get("HOME").map(|home| Path::new(home).join(".config")).and_then(absolute);
        let user = own.or_else(home).map(|folder| folder.join("rq"));
        Self { system: SYSTEM.map(PathBuf::from).to_vec(), user }
    }

    /// Every file and folder that may be there.
    pub(crate) fn watched(&self) -> impl Iterator<Item = PathBuf> {
        let folders = self.system.iter().chain(&self.user);
        folders.flat_map(|folder| [folder.join("rq.toml"), folder.join("rq.toml.d")])
    }

    /// The files in them, the lowest first; those that are not there are among them only by their main names.
    pub(crate) fn files(&self, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
        let mut files = group(&self.system, problems);
        files.extend(self.user.iter().flat_map(|user| group(std::slice::from_ref(user), problems)));
        files
    }
}

/// The main file of each folder, then the drop-ins of all of them in the order of their names.
fn group(folders: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut drop_ins = BTreeMap::new();
    for folder in folders {
        let below = folder.join("rq.toml.d");
        match listed(&below) {
            Ok(found) => drop_ins.extend(found),
            Err(error) => {
                let text = format!("cannot be listed: {error}");
                let origin = Origin::file(&below);
                problems.push(Problem::with_source(origin, text));
            }
        }
    }
    let main = folders.iter().map(|folder| folder.join("rq.toml"));
    main.chain(drop_ins.into_values().filter(|path| !is_masked(path))).collect()
}

/// The files of a folder by their names; what editors and package managers leave beside them does not count.
fn listed(folder: &Path) -> io::Result<BTreeMap<OsString, PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(BTreeMap::new());
        }
        Err(error) => return Err(error),
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if let Some(name) = path.file_name().filter(|_| !hidden && Format::of(&path).is_some()) {
            found.insert(name.to_owned(), path);
        }
    }
    Ok(found)
}

/// A link to nothing switches off a drop-in of that name, wherever it stands.
fn is_masked(path: &Path) -> bool {
    fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn write(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn drop_ins_are_one_list_in_which_later_folders_mask_earlier_ones() {
        let root = tempfile::tempdir().unwrap();
        let [vendor, machine, user] = ["lib", "etc", "home"].map(|name| root.path().join(name));
        write(&vendor, "rq.toml.d/10-a.toml");
        write(&vendor, "rq.toml.d/20-b.toml");
        let c = write(&vendor, "rq.toml.d/30-c.yaml");
        let a = write(&machine, "rq.toml.d/10-a.toml");
        symlink("/dev/null", machine.join("rq.toml.d/20-b.toml")).unwrap();
        for noise in [".hidden.toml", "10-a.toml~", "10-a.toml.dpkg-old", "README"] {
            write(&machine, &format!("rq.toml.d/{noise}"));
        }
        let own = write(&user, "rq.toml.d/00-own.toml");
        let places = Places { system: vec![vendor.clone(), machine.clone()], user: Some(user.clone()) };

        let mut problems = Vec::new();
        let files = places.files(&mut problems);

        let main = [&vendor, &machine, &user].map(|folder| folder.join("rq.toml"));
        assert_eq!(files, [main[0].clone(), main[1].clone(), a, c, main[2].clone(), own]);
        assert!(problems.is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_a_problem() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("rq.toml.d");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        let may_all = fs::read_dir(&folder).is_ok();

        let mut problems = Vec::new();
        Places { system: vec![root.path().to_owned()], user: None }.files(&mut problems);

        // Root lists any folder.
        assert_eq!(problems.is_empty(), may_all);
    }

    #[test]
    fn the_users_folder_is_that_of_the_standard() {
        let of = |variables: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
            Places::of(&variables.iter().map(own).collect()).user
        };

        assert_eq!(of(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]), Some("/x/rq".into()));
        assert_eq!(of(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/h")]), Some("/h/.config/rq".into()));
        assert_eq!(of(&[("HOME", "")]), None);
    }
}

//! Which folders to watch for a set of paths, and which names in them matter.
//!
//! A watch on a file is lost with the file when an editor or Kubernetes puts another in its place; one on the folder stays.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::content::{counts, expanded};

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// The names that matter in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Files and links on the way to what is watched.
    some: BTreeSet<OsString>,
    /// Whether whatever counts as configuration matters besides.
    drop_ins: bool,
}

/// Folders without a link in their paths.
pub(super) type Folders = BTreeMap<PathBuf, Names>;

impl Names {
    pub(super) fn matter(&self, name: &OsStr) -> bool {
        self.some.contains(name) || (self.drop_ins && counts(name))
    }
}

/// The folders that something is to be noticed in when one of the paths changes: those of the path itself and of every link
/// on the way, or the last that there is.
pub(super) fn folders(paths: &[PathBuf]) -> Folders {
    let mut folders = Folders::new();
    for path in expanded(paths) {
        // Without a current directory there is nothing that a relative path could mean.
        if let Ok(path) = std::path::absolute(&path) {
            follow(&path, &mut folders);
        }
    }
    folders
}

fn follow(path: &Path, folders: &mut Folders) {
    let mut left = names(path);
    let mut here = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = left.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&name);
        let target = fs::read_link(&next).ok();
        let is_folder = target.is_none() && next.is_dir();
        if !is_folder || left.is_empty() {
            folders.entry(here.clone()).or_default().some.insert(name);
        }
        match target {
            Some(target) => {
                links += 1;
                if links > MOST_LINKS {
                    return;
                }
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                for name in names(&target).into_iter().rev() {
                    left.push_front(name);
                }
            }
            None if is_folder => here = next,
            None => return,
        }
    }
    folders.entry(here).or_default().drop_ins = true;
}

/// The parts of a path that lead somewhere.
fn names(path: &Path) -> VecDeque<OsString> {
    let leads = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().filter_map(leads).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The folders below `root`, with the names that matter in each; `*` for drop-ins.
    fn told(root: &Path, path: &str) -> Vec<String> {
        let told = folders(&[root.join(path)]).into_iter().map(|(folder, names)| {
            let folder = folder.strip_prefix(root).unwrap().display().to_string();
            let mut words: Vec<_> =
                names.some.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            words.extend(names.drop_ins.then(|| "*".to_owned()));
            format!("{folder}: {}", words.join(" "))
        });
        told.collect()
    }

    #[test]
    fn the_folder_of_each_link_on_the_way_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("etc/..one")).unwrap();
        fs::create_dir_all(root.join("plain/below")).unwrap();
        fs::write(root.join("etc/..one/rq.toml"), "").unwrap();
        symlink("..one", root.join("etc/..data")).unwrap();
        symlink("..data/rq.toml", root.join("etc/rq.toml")).unwrap();
        symlink(root.join("etc"), root.join("other")).unwrap();
        symlink("loop", root.join("loop")).unwrap();

        assert_eq!(told(&root, "plain/below/rq.toml"), ["plain/below: rq.toml"]);
        assert_eq!(told(&root, "plain/not/there/rq.toml"), ["plain: not"]);
        assert_eq!(told(&root, "plain"), [": plain", "plain: *"]);
        assert_eq!(told(&root, "etc/rq.toml"), ["etc: ..data rq.toml", "etc/..one: rq.toml"]);
        assert_eq!(
            told(&root, "plain/../other/rq.toml"),
            [": other", "etc: ..data rq.toml", "etc/..one: rq.toml"]
        );
        assert_eq!(told(&root, "loop"), [": loop"]);
    }
}

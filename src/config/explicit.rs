//! What the name after `-c` means: a file, or a Python module.

use std::path::{Path, PathBuf};

use super::file::{ENDINGS, Format};
use super::origin::Origin;
use super::problem::{Problem, Problems};

/// What a name after `-c` was found to mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Explicit {
    /// A file in a format that we read.
    File(PathBuf),
    /// Something that an interpreter must import.
    Python(PythonCandidate),
}

/// A Python settings module, or what may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PythonCandidate {
    /// The name as it was given.
    pub(crate) name: String,
    /// What to import.
    pub(crate) source: PythonSource,
    /// Whether it was found. When it was not, only the interpreter can tell, as its own path has more places.
    pub(crate) certain: bool,
    /// Files of that name in other formats, which count when no such module exists.
    pub(crate) others: Vec<PathBuf>,
    /// The places where it was looked for.
    searched: Vec<PathBuf>,
    /// Who asked for it.
    asked: Origin,
}

/// What to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PythonSource {
    /// A module by its dotted name.
    Module(String),
    /// A file that ends in `.py`.
    File(PathBuf),
}

impl Explicit {
    /// Understands a name that `asked` gave. Relative paths start from `directory`; `path` is what Python will be told to search.
    pub(crate) fn of(
        name: &str,
        asked: &Origin,
        directory: &Path,
        path: &[PathBuf],
    ) -> Result<Self, Problems> {
        let file: PathBuf = directory.join(name).components().collect();
        let known = file.extension().is_some_and(|ending| ending == "py") || Format::of(&file).is_some();
        if name.contains('/') || (known && file.is_file()) {
            return by_path(&file, asked);
        }
        let others = ENDINGS.map(|ending| directory.join(format!("{name}.{ending}")));
        let candidate = PythonCandidate {
            name: name.to_owned(),
            source: PythonSource::Module(name.to_owned()),
            certain: path.iter().any(|place| importable(place, name)),
            others: others.into_iter().filter(|file| file.is_file()).collect(),
            searched: path.to_vec(),
            asked: asked.clone(),
        };
        let dotted = !name.is_empty() && name.split('.').all(|part| !part.is_empty());
        if candidate.certain || (dotted && !known) {
            return Ok(Self::Python(candidate));
        }
        candidate.as_file().map(Self::File)
    }
}

impl PythonCandidate {
    /// What the name means when there is no such module: the one file of that name.
    pub(crate) fn as_file(&self) -> Result<PathBuf, Problems> {
        match self.others.as_slice() {
            [file] => Ok(file.clone()),
            [] => Err(self.nothing().into()),
            files => {
                let problem = self.problem(format!("it fits several files: {}", listed(files)));
                Err(problem.hint("give the file's whole name, with its ending").into())
            }
        }
    }

    fn nothing(&self) -> Problem {
        let text = format!(
            "there is no such file, no Python module of that name in {} or on the interpreter's own path, and no file \
             {}.{{{}}}",
            listed(&self.searched),
            self.name,
            ENDINGS.join(",")
        );
        let as_module = self.name.strip_suffix(".py").filter(|name| !name.is_empty());
        self.problem(text).hint(match as_module {
            Some(module) => format!("a module is named without its ending: {module}"),
            None => "give the path of a file, or say by -P where the module is".to_owned(),
        })
    }

    fn problem(&self, text: String) -> Problem {
        Problem::with_key(format!("{:?}", self.name), self.asked.clone(), text)
    }
}

fn by_path(file: &Path, asked: &Origin) -> Result<Explicit, Problems> {
    let refuse = |text: &str| Problem::with_source(Origin::file(file), text);
    if file.is_dir() {
        return Err(refuse("it is a directory").hint("give the path of a file in it").into());
    }
    if !file.exists() {
        let near = ENDINGS.iter().chain(&["py"]).map(|ending| format!("{}.{ending}", file.display()));
        let hint = near.into_iter().find(|near| Path::new(near).is_file());
        let hint = hint.map_or("check the path, and where it starts from".to_owned(), |near| {
            format!("did you mean {near}?")
        });
        return Err(refuse("it does not exist").hint(hint).into());
    }
    if file.extension().is_some_and(|ending| ending == "py") {
        return Ok(Explicit::Python(PythonCandidate {
            name: file.display().to_string(),
            source: PythonSource::File(file.to_owned()),
            certain: true,
            others: Vec::new(),
            searched: Vec::new(),
            asked: asked.clone(),
        }));
    }
    if Format::of(file).is_none() {
        let hint = format!("use one of .py, .{}", ENDINGS.join(", ."));
        return Err(refuse("its ending tells no format").hint(hint).into());
    }
    Ok(Explicit::File(file.to_owned()))
}

/// Whether a dotted name is a module or package below a place, as far as files can tell.
fn importable(place: &Path, name: &str) -> bool {
    let path = place.join(name.replace('.', "/"));
    let module = PathBuf::from(format!("{}.py", path.display()));
    module.is_file() || path.join("__init__.py").is_file()
}

fn listed(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const ASKED: Origin = Origin::Option("-c");

    fn directory(files: &[&str]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        directory
    }

    fn meant(files: &[&str], name: &str) -> String {
        let directory = directory(files);
        let found = Explicit::of(name, &ASKED, directory.path(), &[directory.path().to_owned()]);
        let text = match found {
            Ok(Explicit::File(file)) => format!("file {}", file.display()),
            Ok(Explicit::Python(candidate)) => {
                let source = match &candidate.source {
                    PythonSource::Module(module) => format!("module {module}"),
                    PythonSource::File(file) => format!("python {}", file.display()),
                };
                let doubt = if candidate.certain { "" } else { "?" };
                format!("{source}{doubt} {}", listed(&candidate.others)).trim_end().to_owned()
            }
            Err(problems) => problems.to_string(),
        };
        text.replace(&format!("{}/", directory.path().display()), "/x/")
    }

    #[test]
    fn a_name_means_a_file_or_a_module() {
        let cases: [(&[&str], &str, &str); 12] = [
            (&["rq.toml"], "rq.toml", "file /x/rq.toml"),
            (&["conf/rq.yaml"], "conf/rq.yaml", "file /x/conf/rq.yaml"),
            (&["settings.py"], "settings", "module settings"),
            (&["settings.py"], "settings.py", "python /x/settings.py"),
            (&["settings.py"], "./settings.py", "python /x/settings.py"),
            (&["proj/settings.py"], "proj.settings", "module proj.settings"),
            (&["settings/__init__.py"], "settings", "module settings"),
            (
                &["settings.py", "settings.toml", "settings.ini"],
                "settings",
                "module settings /x/settings.toml, /x/settings.ini",
            ),
            (&["settings.toml"], "settings", "module settings? /x/settings.toml"),
            (&[], "settings", "module settings?"),
            (&["proj/toml.py"], "proj.toml", "module proj.toml"),
            (&["my-settings.json"], "my-settings", "module my-settings? /x/my-settings.json"),
        ];

        for (files, name, expected) in cases {
            assert_eq!(meant(files, name), expected, "{files:?}");
        }
    }

    #[test]
    fn a_name_that_means_nothing_is_told_with_all_that_was_looked_for() {
        assert!(
            meant(&[], "none.toml")
                .starts_with("error: cannot use \"none.toml\" from option -c: there is no such file")
        );
        assert!(meant(&[], "none.py").ends_with("hint: a module is named without its ending: none"));
        assert!(meant(&["a/b.toml"], "a/b").ends_with("hint: did you mean /x/a/b.toml?"));
        assert!(meant(&["a/b.txt"], "a/b.txt").contains("its ending tells no format"));
        assert!(meant(&["a/b.txt"], "a/").contains("it is a directory"));
        assert!(meant(&[], "").starts_with("error:"));
        assert!(meant(&[], ".settings").starts_with("error:"));
    }

    #[test]
    fn a_missing_module_gives_way_to_the_one_file_of_its_name() {
        let one = directory(&["settings.toml"]);
        let two = directory(&["settings.toml", "settings.yaml"]);
        let none = directory(&[]);
        let as_file =
            |directory: &TempDir| match Explicit::of("settings", &ASKED, directory.path(), &[]).unwrap() {
                Explicit::Python(candidate) => candidate.as_file(),
                Explicit::File(file) => Ok(file),
            };

        assert_eq!(as_file(&one).unwrap(), one.path().join("settings.toml"));
        assert!(as_file(&two).unwrap_err().to_string().contains("it fits several files"));
        assert!(as_file(&none).unwrap_err().to_string().contains("no file settings.{toml,yaml"));
    }
}

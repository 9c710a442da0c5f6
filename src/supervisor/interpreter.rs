//! Which interpreter runs the jobs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::SupervisorError;
use crate::config::{Problem, Resolved};
use crate::horse::{Interpreter, InterpreterError, Places, find_python};
use crate::os;

/// How to come to an interpreter.
pub(crate) const ADVICE: &str = "name one by --python, RQ_PYTHON or horse.python, or install python3";

/// What its author should know of the environment that was to name the interpreter.
pub(crate) fn doubt(resolved: &Resolved) -> Option<String> {
    let Interpreter { python, passed_over, distrusted } = find(resolved).ok()?;
    if let Some(other) = distrusted {
        return Some(format!(
            "{} is not used, as it is not root's, and nobody asked for it; jobs are run by {}",
            other.display(),
            python.display()
        ));
    }
    let (missing, python) = (passed_over?, python.display());
    Some(format!(
        "VIRTUAL_ENV from the environment: not used, as there is no {}; jobs are run by {python}",
        missing.display()
    ))
}

/// The interpreter that the settings and the environment mean.
pub(super) fn find(resolved: &Resolved) -> Result<Interpreter, SupervisorError> {
    let directory = std::env::current_dir().map_err(SupervisorError::System)?;
    let active = std::env::var_os("VIRTUAL_ENV").filter(|path| !path.is_empty()).map(PathBuf::from);
    let virtual_env = active.or_else(own_environment);
    let search_path =
        std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
    let places = Places {
        asked: resolved.settings.horse.python.as_deref(),
        virtual_env: virtual_env.as_deref(),
        directory: &directory,
        search_path: &search_path,
        // Root runs nothing of a folder that somebody else may have made.
        trusted: os::is_root().then_some(0),
    };
    find_python(&places)
        .map_err(|error| SupervisorError::Config(problem(resolved, "horse.python", &error).into()))
}

/// The virtual environment that this program was installed into, as pip does it.
fn own_environment() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let environment = program.parent()?.parent()?;
    environment.join("pyvenv.cfg").is_file().then(|| environment.to_owned())
}

/// The groups whose own interpreter cannot be used.
pub(super) fn missing_in_groups(resolved: &Resolved) -> Vec<Problem> {
    let missing = resolved.settings.groups.iter().filter_map(|(name, group)| {
        let asked = group.python.as_deref()?;
        // A path is all that it takes.
        let places = Places {
            asked: Some(asked),
            virtual_env: None,
            directory: Path::new(""),
            search_path: &OsString::new(),
            trusted: None,
        };
        let error = find_python(&places).err()?;
        Some(problem(resolved, &format!("group.{name}.python"), &error))
    });
    missing.collect()
}

fn problem(resolved: &Resolved, key: &str, error: &InterpreterError) -> Problem {
    let problem = match error {
        InterpreterError::Missing(asked) => resolved.problem(
            key,
            format!("there is no such executable file, found {:?}", asked.display().to_string()),
        ),
        InterpreterError::Broken(_) | InterpreterError::NotFound(_) => Problem::in_words(error.to_string()),
    };
    problem.hint(ADVICE)
}

//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

/// The place where a value was read; its text is what users see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Built in.
    Default,
    /// A file, and the line of the key where it could be found.
    File { path: PathBuf, line: Option<usize> },
    /// A Python settings module, by the name that it was asked for.
    Python { module: String, file: Option<PathBuf> },
    /// An environment variable.
    Variable(String),
    /// The file that an environment variable ending in `_FILE` names.
    VariableFile { variable: String, path: PathBuf },
    /// A credential that the service manager gave: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(PathBuf),
    /// An option of the command line.
    Option(&'static str),
}

impl Origin {
    /// A file as a whole.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self::File { path: path.into(), line: None }
    }

    /// The same without the line, which moves when something is written above it.
    pub(crate) fn place(&self) -> Self {
        match self {
            Self::File { path, .. } => Self::file(path),
            other => other.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the built-in default"),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::File { path, line: Some(line) } => write!(f, "{}, line {line}", path.display()),
            Self::Python { module, file: None } => write!(f, "Python module {module}"),
            Self::Python { module, file: Some(file) } => {
                write!(f, "Python module {module} ({})", file.display())
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::VariableFile { variable, path } => {
                write!(f, "{} (named by environment variable {variable})", path.display())
            }
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::Option(flag) => write!(f, "option {flag}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

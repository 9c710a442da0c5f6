//! Which Python RQ a test talks to, and where its virtual environment lies.

use std::{env, fmt, path::PathBuf};

use super::skip::Lack;

/// A released RQ that our worker promises to serve; the order is the order of release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V1_16_2,
    V2_6_1,
    V2_12_0,
    V3_0_0,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_16_2 => "1.16.2",
            Self::V2_6_1 => "2.6.1",
            Self::V2_12_0 => "2.12.0",
            Self::V3_0_0 => "3.0.0",
        })
    }
}

/// A virtual environment that exists.
#[derive(Clone, Debug)]
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// The environment with the given RQ, or what is missing.
    pub(crate) fn with_rq(version: Version) -> Result<Self, Lack> {
        if version == Version::V3_0_0
            && let Some(python) = env::var_os("RQ_TEST_PYTHON")
        {
            let python = PathBuf::from(python);
            return match python.parent().and_then(|bin| bin.parent()) {
                Some(dir) => Self::at(dir.to_path_buf()),
                None => Err(Lack::OfSetup(format!("RQ_TEST_PYTHON={} is not in a venv", python.display()))),
            };
        }
        Self::named(&format!("rq-{version}"))
    }

    /// The environment of that name in the folder `RQ_TEST_VENVS`, by default `build/venv`.
    pub(crate) fn named(name: &str) -> Result<Self, Lack> {
        let folder = env::var_os("RQ_TEST_VENVS")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build/venv"), PathBuf::from);
        Self::at(folder.join(name))
    }

    fn at(dir: PathBuf) -> Result<Self, Lack> {
        let venv = Self(dir);
        let python = venv.python();
        if python.exists() {
            Ok(venv)
        } else {
            let what = format!("no Python at {} (RQ_TEST_VENVS tells where to look)", python.display());
            Err(Lack::OfSetup(what))
        }
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// A program in its `bin`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }
}

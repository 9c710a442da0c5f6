//! A folder to run our binary in, for all that needs no Redis.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::harness::{Exit, Venv, Version};

/// A user's folder with nothing in it, and an environment that tells of nobody.
pub(super) struct Folder(TempDir);

impl Folder {
    /// An empty folder.
    pub(super) fn new() -> Self {
        Self(TempDir::with_prefix("rq-cli-").unwrap())
    }

    /// A folder with these files.
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// Where a file lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        write(self.0.path(), name, text)
    }

    /// `rq` with arguments, and the Python that the tests are for.
    pub(super) fn rq(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rq"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", env::var_os("PATH").unwrap_or_default()).env("HOME", self.0.path());
        command.env("LANG", "C.UTF-8").env("RQ_PYTHON", python());
        command
    }

    /// Runs `rq` with arguments to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Exit {
        run(self.rq(arguments))
    }

    /// `rq config show --json` with further arguments: each setting by its key.
    #[track_caller]
    pub(super) fn shown(&self, arguments: &[&str]) -> Shown {
        shown(self.rq(&["config", "show", "--json"]), arguments)
    }
}

/// The settings that `rq config show --json` tells.
pub(super) struct Shown(serde_json::Value);

impl Shown {
    /// One setting: `key`, `value`, `origin`, `shadows`.
    #[track_caller]
    pub(super) fn of(&self, key: &str) -> &serde_json::Value {
        let found = self.0.as_array().unwrap().iter().find(|setting| setting["key"] == key);
        found.unwrap_or_else(|| panic!("no {key} in {}", self.0))
    }
}

/// What a command that shows the configuration in JSON says, with further arguments.
#[track_caller]
pub(super) fn shown(mut command: Command, arguments: &[&str]) -> Shown {
    command.args(arguments);
    let exit = run(command);
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    Shown(serde_json::from_str(&exit.stdout).unwrap())
}

/// Runs a command to its end.
pub(super) fn run(mut command: Command) -> Exit {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.signal(), None, "{command:?} died");
    Exit { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Writes a file below a folder.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// Writes a program below a folder.
pub(super) fn write_program(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = write(folder, name, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The interpreter that has the newest RQ.
pub(super) fn python() -> PathBuf {
    Venv::with_rq(Version::V3_0_0).unwrap_or_else(|missing| panic!("{missing}")).python()
}

/// Asserts that a command ended with a code and said each of these on standard error.
#[track_caller]
pub(super) fn assert_refused(exit: &Exit, code: i32, told: &[&str]) {
    assert_eq!(exit.code(), code, "stdout:\n{}\nstderr:\n{}", exit.stdout, exit.stderr);
    for told in told {
        assert!(exit.stderr.contains(told), "{told:?} is not in:\n{}", exit.stderr);
    }
}

//! Tests that cannot run here: each is told, and `scripts/list-skipped` reads what was told.

use std::{env, fmt, fs, path::PathBuf, thread};

/// What a test lacks, in words.
#[derive(Debug)]
pub(crate) enum Lack {
    /// Something that `scripts/setup test` makes. Continuous integration fails when it is missing.
    OfSetup(String),
    /// Something that a machine may have or not.
    OfMachine(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::OfSetup(what) | Self::OfMachine(what)) = self;
        f.write_str(what)
    }
}

/// Counts the running test as skipped: a line on stderr, and a file in the folder that `RQ_TEST_SKIPPED` names.
pub(crate) fn skipped(lack: &Lack) {
    let test = thread::current().name().unwrap_or("unnamed").to_owned();
    eprintln!("skipped: {test}: {lack}");
    let Some(folder) = env::var_os("RQ_TEST_SKIPPED").map(PathBuf::from) else { return };
    let folder = folder.join(match lack {
        Lack::OfSetup(_) => "of-setup",
        Lack::OfMachine(_) => "of-machine",
    });
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(test), format!("{lack}\n")).unwrap();
}

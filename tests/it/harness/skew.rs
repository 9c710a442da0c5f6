//! A host whose clock is off.

use std::{path::PathBuf, process::Command};

use super::{skip::Lack, world::World};

/// A clock that is an hour or so off, for the processes that get it.
pub(crate) struct Skew {
    library: PathBuf,
}

impl Skew {
    /// Makes it ready, or says what is missing.
    pub(crate) fn new(world: &World) -> Result<Self, Lack> {
        let library = world.path("skew.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/skew.c");
        let made =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output();
        match made {
            Ok(made) if made.status.success() => Ok(Self { library }),
            Ok(made) => Err(Lack::OfSetup(format!("cc: {}", String::from_utf8_lossy(&made.stderr)))),
            Err(error) => Err(Lack::OfSetup(format!("cc: {error}"))),
        }
    }

    /// Lets a command's clock go that many seconds ahead, or behind.
    pub(crate) fn apply(&self, command: &mut Command, ahead: i64) {
        command.env("LD_PRELOAD", &self.library).env("RQ_TEST_CLOCK", ahead.to_string());
    }
}

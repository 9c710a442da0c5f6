//! Programs out of npm packages.

use std::{env, path::PathBuf, process::Command};

use super::skip::Lack;

/// The program of an npm package, where `scripts/setup` has installed it.
pub(crate) fn npm_program(package: &str) -> Result<PathBuf, Lack> {
    let version = Command::new("node").arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let major =
        version.and_then(|text| text.trim().strip_prefix('v')?.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < 20) {
        return Err(Lack::OfMachine("no Node 20 or newer on PATH (node)".to_owned()));
    }
    let folder = env::var_os("RQ_TEST_NODE")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build/node"), PathBuf::from);
    let program = folder.join(package).join("node_modules/.bin").join(package);
    let what = || format!("no {} (RQ_TEST_NODE tells where to look)", program.display());
    if program.exists() { Ok(program) } else { Err(Lack::OfSetup(what())) }
}

//! Ends every process that descends from a test, however it was orphaned: each carries the test's tag in its environment.
//!
//! A process group or a session would miss horses (which make their own), and the tests must not depend on being subreaper.

use std::fs;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// The environment variable that carries the tag.
pub(crate) const TAG: &str = "RQ_TEST_TAG";

/// Kills all living processes whose tag starts with `tag`; returns once none is left.
pub(crate) fn kill_tagged(tag: &str) {
    // A process may fork while we look, hence the rounds.
    for _ in 0..50 {
        let found = tagged(tag);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill(pid, Signal::SIGKILL);
        }
        std::thread::yield_now();
    }
}

/// The living processes whose tag starts with `tag`.
pub(crate) fn tagged(tag: &str) -> Vec<Pid> {
    let wanted = format!("{TAG}={tag}");
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            // A zombie has an empty environment.
            let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|byte| *byte == 0).any(|entry| entry.starts_with(wanted.as_bytes()))
        })
        .map(Pid::from_raw)
        .collect()
}

/// Whether a process runs; a zombie does not.
pub(crate) fn process_exists(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name, which may itself hold brackets.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

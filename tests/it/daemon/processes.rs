//! The daemon's descendants.

use std::fs;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::harness::{SOON, Worker, process_exists, wait_for, wait_until};

/// The fork server of a daemon.
#[track_caller]
pub(super) fn fork_server(worker: &Worker) -> Pid {
    wait_for(SOON, "the daemon's fork server", || {
        children(worker.pid()).into_iter().find(|child| !children(*child).is_empty())
    })
}

/// The work horses of a fork server, warm or at work.
pub(super) fn horses(fork_server: Pid) -> Vec<Pid> {
    children(fork_server)
}

/// The living children of a process.
pub(super) fn children(parent: Pid) -> Vec<Pid> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // State and parent follow the name, which may itself hold brackets.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        (fields.next()? != "Z" && fields.next()?.parse() == Ok(parent.as_raw())).then_some(Pid::from_raw(pid))
    });
    all.collect()
}

/// Kills a process by SIGKILL.
#[track_caller]
pub(super) fn sigkill(pid: Pid) {
    kill(pid, Signal::SIGKILL).unwrap();
}

/// Waits until a process is gone.
#[track_caller]
pub(super) fn wait_until_gone(pid: Pid) {
    wait_until(SOON, &format!("the end of process {pid}"), || !process_exists(pid));
}

//! The worker under test as a process: its output, its signals, its end.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    output::Output,
    tagged::{TAG, kill_tagged},
    wait::{SOON, wait_for},
};

/// How long the pipes of an ended process may stay open before we look at what is there.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A running worker; it and all that descends from it are killed when it is dropped.
pub(crate) struct Worker {
    child: Child,
    tag: String,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

/// How a worker ended, and all it wrote.
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Exit {
    /// The end of a command that has none of its output missing.
    pub(crate) fn of(output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The exit code; minus the signal's number when a signal ended it.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| -self.status.signal().unwrap())
    }
}

impl Worker {
    /// Starts the command under the tag that marks all of its descendants.
    pub(crate) fn start(mut command: Command, tag: String) -> Self {
        command.env(TAG, &tag).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = Output::capture(child.stdout.take().unwrap());
        let stderr = Output::capture(child.stderr.take().unwrap());
        Self { child, tag, stdout, stderr }
    }

    /// The worker's own process (for ours: the daemon).
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Sends a signal to the worker's process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Whether the process has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait_exit(&mut self) -> Exit {
        let status = wait_for(SOON, "the worker's end", || self.child.try_wait().unwrap());
        self.stdout.wait_for_end(LAST_WORDS);
        self.stderr.wait_for_end(LAST_WORDS);
        Exit { status, stdout: self.stdout.text(), stderr: self.stderr.text() }
    }

    /// Asks for a warm shutdown and waits for the end.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> Exit {
        if self.is_running() {
            self.signal(Signal::SIGTERM);
        }
        self.wait_exit()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        kill_tagged(&self.tag);
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the worker's stdout\n{}", self.stdout.text());
            eprintln!("--- the worker's stderr\n{}", self.stderr.text());
        }
    }
}

//! A gate in the way of a job: the job waits at it until the test lets it through, so that no test needs to sleep.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use nix::{sys::stat::Mode, unistd::Pid};

use super::wait::{SOON, wait_for};

/// A named pipe that a job of `jobs.waits` reads from.
pub(crate) struct Gate {
    path: PathBuf,
    open_end: Option<File>,
}

impl Gate {
    /// Makes the gate.
    pub(crate) fn new(path: &Path) -> Self {
        nix::unistd::mkfifo(path, Mode::S_IRWXU).unwrap();
        Self { path: path.to_path_buf(), open_end: None }
    }

    /// The path as a Python literal, for the job's arguments.
    pub(crate) fn literal(&self) -> String {
        format!("{:?}", self.path.display().to_string())
    }

    /// Waits until a job stands at the gate; the process it runs in.
    #[track_caller]
    pub(crate) fn wait_for_arrival(&mut self) -> Pid {
        self.open_end = Some(wait_for(SOON, "a job at the gate", || {
            // Opening a pipe for writing without blocking succeeds only when somebody reads.
            OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&self.path).ok()
        }));
        let pid = fs::read_to_string(self.path.with_extension("pid")).unwrap();
        Pid::from_raw(pid.parse().unwrap())
    }

    /// Lets the job through.
    pub(crate) fn open(&mut self) {
        let mut end = self.open_end.take().expect("a job at the gate");
        // The job may have been killed at the gate.
        let _ = end.write_all(b"go");
    }

    /// Lets everybody through from now on, also one who comes only then.
    pub(crate) fn open_for_good(&mut self) {
        let open = self.path.with_extension("open");
        fs::write(&open, "go").unwrap();
        // In this order: whoever still finds the pipe finds it with a writer.
        fs::rename(&open, &self.path).unwrap();
        self.open();
    }
}

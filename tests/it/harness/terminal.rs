//! A person's terminal.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use nix::{
    pty::{OpenptyResult, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::wait::{SOON, wait_until};

/// A terminal with a command in it.
pub(crate) struct Terminal {
    pub(crate) child: Child,
    pub(crate) keyboard: File,
    pub(crate) screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Runs a command as a shell would in a terminal of its own.
    pub(crate) fn run(command: &Command) -> Self {
        let mut command = leading(command);
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let stream = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        command.stdin(stream(&slave)).stdout(stream(&slave)).stderr(stream(&slave));
        let child = command.spawn().unwrap();
        drop((command, slave));
        let terminal =
            Self { child, keyboard: File::from(master.try_clone().unwrap()), screen: Arc::default() };
        let (screen, mut output) = (terminal.screen.clone(), File::from(master));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The last process that has the terminal open ends it with an error.
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                screen.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        terminal
    }

    pub(crate) fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let end = std::time::Instant::now() + SOON;
        while !self.screen().contains(text) {
            assert!(std::time::Instant::now() < end, "{text:?} is not on the screen:\n{}", self.screen());
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    /// Waits for the end and tells the exit code.
    #[track_caller]
    pub(crate) fn wait_exit(&mut self) -> Option<i32> {
        let mut status = None;
        wait_until(SOON, "the command's end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// The same command as the leader of a session whose terminal is its standard input; its process number stays.
pub(crate) fn leading(command: &Command) -> Command {
    let mut leading = Command::new("setsid");
    leading.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
    leading.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    leading.current_dir(command.get_current_dir().unwrap());
    leading
}

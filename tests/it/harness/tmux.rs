//! A real terminal: tmux, with a shell in it.

use std::{env, ffi::OsString, path::PathBuf, process::Output};

use super::{
    skip::Lack,
    wait::{SOON, wait_for},
    world::World,
};

/// A shell in a terminal of its own. It ends with its world.
pub(crate) struct Tmux<'a> {
    world: &'a World,
    program: OsString,
    socket: PathBuf,
}

impl<'a> Tmux<'a> {
    /// Starts a shell in a terminal of that size, or tells that there is no tmux.
    pub(crate) fn start(world: &'a World, (width, height): (u16, u16)) -> Result<Self, Lack> {
        let tmux = Self::again(world);
        let lacks = || Lack::OfMachine("no tmux (RQ_TEST_TMUX tells which one)".to_owned());
        let mut command = world.command(tmux.program.as_ref());
        if !command.arg("-V").output().is_ok_and(|output| output.status.success()) {
            return Err(lacks());
        }
        let size = [width, height].map(|size| size.to_string());
        let shell = "PS1='ready> ' exec sh -i";
        tmux.tell(&["-f", "/dev/null", "new-session", "-d", "-x", &size[0], "-y", &size[1], shell]);
        tmux.wait_for("ready>");
        Ok(tmux)
    }

    /// The terminal that was started in this world before.
    pub(crate) fn again(world: &'a World) -> Self {
        let program = env::var_os("RQ_TEST_TMUX").unwrap_or_else(|| "tmux".into());
        Self { world, program, socket: world.path("tmux.sock") }
    }

    /// Gives tmux a command of its own.
    #[track_caller]
    pub(crate) fn tell(&self, words: &[&str]) -> String {
        // Whatever it starts ends with the world.
        let mut command = self.world.command(self.program.as_ref());
        command.arg("-S").arg(&self.socket).args(words).env("TERM", "xterm-256color");
        command.env(super::tagged::TAG, self.world.tag("tmux"));
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert!(status.success(), "tmux {words:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// Types a line in the shell.
    #[track_caller]
    pub(crate) fn type_line(&self, line: &str) {
        self.tell(&["send-keys", "-l", line]);
        self.press("Enter");
    }

    /// Presses a key, by tmux' name of it.
    #[track_caller]
    pub(crate) fn press(&self, key: &str) {
        self.tell(&["send-keys", key]);
    }

    /// What can be seen.
    #[track_caller]
    pub(crate) fn screen(&self) -> String {
        self.tell(&["capture-pane", "-p"])
    }

    /// Waits until something can be seen.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(SOON, &format!("{text:?} on the screen"), || {
                last = self.screen();
                last.contains(text).then(|| last.clone())
            })
        }));
        seen.unwrap_or_else(|_| panic!("{text:?} is not on the screen:\n{last}"))
    }

    /// One of tmux' own facts about the terminal.
    #[track_caller]
    pub(crate) fn fact(&self, name: &str) -> String {
        self.tell(&["display-message", "-p", &format!("#{{{name}}}")]).trim().to_owned()
    }
}

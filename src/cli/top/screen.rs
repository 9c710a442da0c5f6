//! The terminal: taken over, and given back as it was on every way out.

use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::state::State;
use super::view::{self, Look};
use crate::os::terminal::stop_here;

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A panic is to be read on the screen as it was before.
static HOOK: Once = Once::new();

/// The terminal while it is ours.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    look: Look,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn take(look: Look) -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        enter()?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(stdout()))?, look })
    }

    /// Shows the state; notes how many rows fit.
    pub(super) fn show(&mut self, state: &mut State) -> io::Result<()> {
        state.height = view::rows_on(self.terminal.size()?.height);
        self.terminal.draw(|frame| view::draw(frame, state, self.look)).map(drop)
    }

    /// Draws all anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where its cursor is, and whoever waits for keys would get the answer.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Takes the terminal over again: while this process stood still, others used it.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        give_back();
        enter()?;
        self.clear()
    }

    /// Stops this process as Ctrl-Z does elsewhere; goes on when it is continued.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop_here()?;
        self.retake()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, Hide)
}

/// Gives the terminal back; where it is gone, there is nobody to be told.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use nix::pty::{OpenptyResult, openpty};

    use super::*;

    /// Tells this test's process, when it is started by itself, to panic.
    const WAY: &str = "RQ_TEST_PANIC_ON_SCREEN";

    /// A hook and a terminal are the whole process's: this test runs itself once more, in a terminal.
    #[test]
    fn a_panic_is_read_on_the_screen_as_it_was_before() {
        if std::env::var_os(WAY).is_some() {
            let _screen = Screen::take(Look { colour: true }).unwrap();
            panic!("planted in the view");
        }
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let stream = || Stdio::from(slave.try_clone().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "cli::top::screen::tests::a_panic_is_read_on_the_screen_as_it_was_before";
        command
            .args([name, "--exact", "--nocapture"])
            .env(WAY, "1")
            .env("TERM", "xterm")
            .env_remove("RUST_BACKTRACE");
        let mut child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        drop((command, slave));

        let (mut told, mut bytes, mut terminal) = (Vec::new(), [0; 4096], File::from(master));
        // The last process that has the terminal open ends it with an error.
        while let Ok(read @ 1..) = terminal.read(&mut bytes) {
            told.extend_from_slice(&bytes[..read]);
        }
        child.wait().unwrap();

        let told = String::from_utf8_lossy(&told);
        let (taken, left) = (told.find("\x1b[?1049h").unwrap(), told.find("\x1b[?1049l").unwrap());
        let panicked = told.find("planted in the view").unwrap();
        assert!(taken < left && left < panicked, "{told:?}");
    }
}

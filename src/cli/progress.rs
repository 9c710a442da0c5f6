//! How far a long command has come, and the question before it begins: for a person at a terminal alone.

use std::io::IsTerminal as _;

use super::output;
use crate::os::terminal::Stream;

/// From how many things on a command counts as long.
pub(super) const LONG: u64 = 1000;

/// How wide a bar is.
const WIDTH: u64 = 30;

/// A bar on standard error. Where nobody looks, or the work is short, nothing is drawn.
pub(super) struct Progress {
    total: u64,
    done: u64,
    drawn: bool,
}

impl Progress {
    pub(super) fn of(total: u64) -> Self {
        let drawn = total >= LONG && Stream::Error.is_terminal();
        let progress = Self { total, done: 0, drawn };
        progress.draw();
        progress
    }

    /// So many more are done.
    pub(super) fn add(&mut self, done: u64) {
        self.done = self.done.saturating_add(done).min(self.total);
        self.draw();
    }

    /// A line on standard output, past the bar.
    pub(super) fn print(&self, line: &str) {
        self.wipe();
        output::print(line);
        self.draw();
    }

    fn draw(&self) {
        if self.drawn {
            output::error(&format!("\r\x1b[K{}", bar(self.done, self.total)));
        }
    }

    fn wipe(&self) {
        if self.drawn {
            output::error("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.wipe();
    }
}

fn bar(done: u64, total: u64) -> String {
    let full = (done * WIDTH).checked_div(total).unwrap_or(WIDTH);
    let blocks = |count: u64, block: &str| block.repeat(usize::try_from(count).unwrap_or_default());
    let percent = (done * 100).checked_div(total).unwrap_or(100);
    format!("[{}{}] {percent:>3}%  {done} of {total}", blocks(full, "#"), blocks(WIDTH - full, "-"))
}

/// Whether to go on: asks a person at a terminal, and takes it for granted where there is none.
pub(super) fn confirmed(question: &str) -> bool {
    if !(std::io::stdin().is_terminal() && Stream::Error.is_terminal()) {
        return true;
    }
    output::error(&format!("{question} [y/N] "));
    let mut answer = String::new();
    // Where nothing can be read, nobody said yes.
    let _ = std::io::stdin().read_line(&mut answer);
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_work_is_done() {
        assert_eq!(bar(0, 10), format!("[{}]   0%  0 of 10", "-".repeat(30)));
        assert_eq!(bar(5, 10), format!("[{}{}]  50%  5 of 10", "#".repeat(15), "-".repeat(15)));
        assert_eq!(bar(10, 10), format!("[{}] 100%  10 of 10", "#".repeat(30)));
        assert!(bar(0, 0).contains("100%"));
    }
}

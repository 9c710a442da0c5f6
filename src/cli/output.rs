//! Printing. A reader that went away is no error: what is left unsaid was not wanted.

use std::borrow::Cow;
use std::time::Duration;

use crate::config::Excerpt;
use crate::os::terminal::Stream;
use crate::telemetry::line::escaped_block;

/// How long a terminal or a pipe may keep us waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints on standard output.
pub(super) fn print(text: &str) {
    // Nobody is there to be told of a closed pipe.
    let _ = Stream::Out.write_whole(text.as_bytes(), PATIENCE);
}

/// Prints on standard error.
pub(super) fn error(text: &str) {
    // Nobody is there to be told of a closed pipe.
    let _ = Stream::Error.write_whole(text.as_bytes(), PATIENCE);
}

/// A text in a colour, where colours are wanted.
pub(super) fn painted(code: &str, text: &str, colour: bool) -> String {
    if colour { format!("{code}{text}\x1b[0m") } else { text.to_owned() }
}

/// The line of a file with a mark under the place, and a line end.
pub(super) fn excerpt(excerpt: &Excerpt, colour: bool) -> String {
    let text = excerpt.to_string();
    let lines = text.lines().map(|line| painted("\x1b[2m", &safe(line), colour) + "\n");
    lines.collect()
}

/// A text from elsewhere, fit for a terminal.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    escaped_block(text)
}

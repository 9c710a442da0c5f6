//! How a command ends: its exit code, and what it says when it failed.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use super::output;
use crate::os::terminal::Stream;

/// The exit codes, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// What was asked for is done. RQ: also after a shutdown, warm or cold, and whatever became of the jobs.
    Done = 0,
    /// Something went wrong while running.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Redis was never reached.
    Unavailable = 69,
    /// An error of ours.
    Internal = 70,
    /// The configuration makes no sense.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that did not do what was asked for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
    verbatim: bool,
}

impl Failure {
    /// A failure in words: lower case, no full stop.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), hint: None, verbatim: false }
    }

    /// A failure whose words are an error's and those of its causes.
    pub(crate) fn of(exit: Exit, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many errors repeat their cause already.
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(exit, message)
    }

    /// A failure that RQ tells in words of its own, which stand alone and in red.
    pub(super) fn verbatim(exit: Exit, message: &str) -> Self {
        Self { verbatim: true, ..Self::new(exit, message) }
    }

    /// The same failure with advice.
    pub(crate) fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Which exit code this is.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Says on standard error what went wrong, and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        output::error(&self.text(Stream::Error.wants_colour()));
        self.exit.into()
    }

    /// What is said.
    fn text(&self, colour: bool) -> String {
        if self.verbatim {
            return output::painted("\x1b[31m", &self.message, colour) + "\n";
        }
        let mut text =
            output::painted("\x1b[1;31m", "error:", colour) + " " + &output::safe(&self.message) + "\n";
        if let Some(hint) = &self.hint {
            text += &(output::painted("\x1b[1;36m", "hint:", colour) + " " + &output::safe(hint) + "\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read rq.toml")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_failure_is_told_with_its_causes_and_a_hint() {
        let error = Outer(std::io::Error::other("is a directory"));

        let failure = Failure::of(Exit::Config, &error).with_hint("name a file");

        assert_eq!(failure.text(false), "error: cannot read rq.toml: is a directory\nhint: name a file\n");
        assert_eq!(failure.exit() as u8, 78);
    }

    #[test]
    fn a_failure_cannot_steer_the_terminal() {
        let failure = Failure::new(Exit::Failed, "odd name \x1b[2J");

        assert_eq!(failure.text(true), "\x1b[1;31merror:\x1b[0m odd name \\x1b[2J\n");
    }
}

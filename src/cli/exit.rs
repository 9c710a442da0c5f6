//! How a command ends: its exit code, and what it says when it failed.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use super::output;
use crate::config::{Excerpt, Problems, excerpts};
use crate::event::in_words;
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
    said: Said,
}

/// What a failure says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// Each mistake in words of ours.
    Mistakes(Vec<Mistake>),
    /// Words of RQ, which stand alone and in red, where RQ prints them.
    Verbatim(Stream, String),
}

/// One mistake, in words: lower case, no full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    message: String,
    hint: Option<String>,
    /// Somebody else's words that explain it, for example a traceback.
    detail: Option<String>,
    /// The line of a file that it is about.
    excerpt: Option<Excerpt>,
}

/// One mistake as a report tells it.
pub(super) struct Told {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) excerpt: Option<Excerpt>,
}

impl Failure {
    /// A failure in words.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self::listed(exit, [(message.to_string(), None)])
    }

    /// Several mistakes at once, each with advice if there is any.
    pub(crate) fn listed(exit: Exit, mistakes: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let mistakes = mistakes.into_iter();
        let mistakes = mistakes.map(|(message, hint)| Mistake { message, hint, detail: None, excerpt: None });
        Self { exit, said: Said::Mistakes(mistakes.collect()) }
    }

    /// All that is wrong with the configuration.
    pub(crate) fn of_config(problems: &Problems) -> Self {
        let mistakes = excerpts(problems.iter()).zip(problems.iter()).map(|(excerpt, problem)| Mistake {
            message: problem.to_string(),
            hint: problem.hint.clone(),
            detail: None,
            excerpt,
        });
        Self { exit: Exit::Config, said: Said::Mistakes(mistakes.collect()) }
    }

    /// A failure whose words are an error's and those of its causes.
    pub(crate) fn of(exit: Exit, error: &dyn Error) -> Self {
        Self::new(exit, in_words(error))
    }

    /// A failure that RQ tells in words of its own.
    pub(super) fn verbatim(exit: Exit, stream: Stream, message: impl fmt::Display) -> Self {
        Self { exit, said: Said::Verbatim(stream, message.to_string()) }
    }

    /// The same failure with advice.
    pub(crate) fn with_hint(self, hint: impl fmt::Display) -> Self {
        self.change(|mistake| mistake.hint = Some(hint.to_string()))
    }

    /// The same failure with somebody else's explanation.
    pub(crate) fn with_detail(self, detail: impl fmt::Display) -> Self {
        self.change(|mistake| mistake.detail = Some(detail.to_string()))
    }

    /// Which exit code this is.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Each mistake with its advice and its place.
    pub(super) fn problems(&self) -> Vec<Told> {
        match &self.said {
            Said::Mistakes(mistakes) => mistakes
                .iter()
                .map(|mistake| {
                    let detail = mistake.detail.as_ref().map(|detail| format!("\n{}", detail.trim_end()));
                    Told {
                        message: mistake.message.clone() + detail.as_deref().unwrap_or_default(),
                        hint: mistake.hint.clone(),
                        excerpt: mistake.excerpt.clone(),
                    }
                })
                .collect(),
            Said::Verbatim(_, words) => {
                vec![Told { message: words.clone(), hint: None, excerpt: None }]
            }
        }
    }

    /// What went wrong, in one line of words.
    pub(super) fn message(&self) -> String {
        self.problems().into_iter().map(|told| told.message).collect::<Vec<_>>().join("; ")
    }

    /// Says what went wrong, and returns the exit code.
    pub(crate) fn report(&self) -> Exit {
        match &self.said {
            Said::Verbatim(Stream::Out, _) => output::print(&self.text(Stream::Out.wants_colour())),
            Said::Verbatim(Stream::Error, _) | Said::Mistakes(_) => {
                output::error(&self.text(Stream::Error.wants_colour()));
            }
        }
        self.exit
    }

    fn change(mut self, change: impl FnOnce(&mut Mistake)) -> Self {
        if let Said::Mistakes(mistakes) = &mut self.said
            && let Some(last) = mistakes.last_mut()
        {
            change(last);
        }
        self
    }

    /// What is said.
    fn text(&self, colour: bool) -> String {
        match &self.said {
            Said::Verbatim(_, words) => output::painted("\x1b[31m", words, colour) + "\n",
            Said::Mistakes(mistakes) => mistakes.iter().map(|mistake| mistake.text(colour)).collect(),
        }
    }
}

impl Mistake {
    fn text(&self, colour: bool) -> String {
        let mut text =
            output::painted("\x1b[1;31m", "error:", colour) + " " + &output::safe(&self.message) + "\n";
        if let Some(detail) = &self.detail {
            text += &(output::safe(detail.trim_end()).into_owned() + "\n");
        }
        if let Some(excerpt) = &self.excerpt {
            text += &output::excerpt(excerpt, colour);
        }
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

//! The options of `rq completions`.

use clap::{Args, ValueEnum};

/// Examples for the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  rq completions bash > /etc/bash_completion.d/rq
  rq completions zsh > ~/.zfunc/_rq
  rq completions fish > ~/.config/fish/completions/rq.fish

Names of queues and workers and ids of recent jobs are completed, too: from the Redis that -u, -c, the environment or the default files name. \
One that does not answer within a second (three, where -c names a Python module) offers nothing.

Exit codes: 0 printed, 2 usage.";

/// The options of `rq completions`.
#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    pub(crate) shell: Shell,
}

/// A shell that words are completed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// Its name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }
}

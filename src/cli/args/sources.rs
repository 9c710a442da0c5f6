//! The options that say where the configuration and the application are.
#![expect(clippy::doc_markdown, reason = "these comments are the help, which is plain text")]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::settings::{OptionValue, Override, given, list};

/// Where the configuration comes from.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Configuration and connection")]
pub(crate) struct SourceArgs {
    /// URL of Redis: redis://[user][:password]@host:port/db, rediss://..., unix://path?db=n.
    ///
    /// Takes the query options that redis-py takes. It replaces the connection only; queues, name and logging of the
    /// configuration still count.
    #[arg(long, short = 'u', value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,

    /// Settings: a dotted Python module, or a .py, .toml, .yaml, .json, .json5, .ini or .ron file.
    ///
    /// A Python module is looked for along --path. Where a bare name fits both a module and a file, the module wins. May be
    /// given more than once: what is named later counts higher, key by key.
    #[arg(long, short = 'c', env = "RQ_CONFIG", hide_env_values = true, value_name = "NAME", value_hint = ValueHint::AnyPath)]
    pub(crate) config: Vec<String>,

    /// Where to look for the settings module and for jobs; may be given more than once.
    ///
    /// Each is appended to Python's import path. Giving one replaces the default.
    #[arg(long, short = 'P', value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) path: Vec<String>,

    /// The Python interpreter that runs the jobs.
    ///
    /// Without it: $VIRTUAL_ENV/bin/python, then .venv/bin/python, then python3 on PATH.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::ExecutablePath)]
    pub(crate) python: Option<PathBuf>,
}

impl SourceArgs {
    /// The names of the settings to read, the lowest first. RQ: an empty one is none.
    pub(crate) fn config(&self) -> impl Iterator<Item = &str> {
        self.config.iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The settings that these options override, only those which were given.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let python = self.python.as_ref().map(|path| path.to_string_lossy().into_owned());
        [
            given("url", self.url.clone().filter(|url| !url.is_empty()).map(OptionValue::Text)),
            given("path", list(&self.path)),
            given("python", python.map(OptionValue::Text)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

//! Configuration files: reading them within bounds, and what each format makes of them.

mod scan;
mod shelf;
mod yaml;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Raw};

use scan::Keys;

use super::excerpt::Spot;
use super::origin::Origin;
use super::problem::{Problem, Problems};

/// How long a file may be.
const LONGEST: u64 = 1024 * 1024;

/// How deep it may be nested.
const DEEPEST: usize = 64;

/// What to do about a key or a table that stands there twice, where the parser refuses it.
const ONCE: &str = "a key or a table may stand there once: keep one of them, with all that belongs to it";

/// The formats of configuration files, Python apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Yaml,
    Json,
    Json5,
    Ini,
    Ron,
}

/// Endings that files of a bare name are looked for with, in this order.
pub(crate) const ENDINGS: [&str; 7] = ["toml", "yaml", "yml", "json", "json5", "ini", "ron"];

impl Format {
    /// The format that the ending of a path tells.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Self::Toml,
            "yaml" | "yml" => Self::Yaml,
            "json" => Self::Json,
            "json5" => Self::Json5,
            "ini" => Self::Ini,
            "ron" => Self::Ron,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Json5 => "JSON5",
            Self::Ini => "INI",
            Self::Ron => "RON",
        }
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it does not exist")]
    Missing,
    #[error("it is a directory")]
    Directory,
    #[error("it is longer than 1 MiB")]
    TooLong,
    #[error("it is not UTF-8 text (byte {0})")]
    NotText(usize),
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::IsADirectory => Self::Directory,
            _ => Self::Io(error),
        }
    }
}

/// The text of a file, without a byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, Unreadable> {
    let file = fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(Unreadable::Directory);
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Unreadable::TooLong);
    }
    let text =
        String::from_utf8(bytes).map_err(|error| Unreadable::NotText(error.utf8_error().valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The text of a file that holds one value, such as a secret, without the line end that editors put behind it.
pub(crate) fn read_value(path: &Path) -> Result<String, Unreadable> {
    let mut text = read(path)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// A file after parsing.
pub(crate) struct Document {
    path: PathBuf,
    keys: Keys,
    /// What it says.
    pub(crate) table: Map<String, Raw>,
}

impl Document {
    /// Reads and parses a file whose ending tells its format.
    pub(crate) fn load(path: &Path) -> Result<Self, Problems> {
        let refuse =
            |line, text: String| Problem::with_source(Origin::File { path: path.to_owned(), line }, text);
        let Some(format) = Format::of(path) else {
            let hint = format!("use one of .{}", ENDINGS.join(", ."));
            return Err(refuse(None, "its ending tells no format".to_owned()).hint(hint).into());
        };
        let text = read(path).map_err(|reason| refuse(None, reason.to_string()))?;
        let table = shelf::parse(format, &text).map_err(|fault| {
            let is_double = fault.text.contains(": duplicate ");
            let problem = refuse(fault.line, fault.text);
            let problem = if is_double { problem.hint(ONCE) } else { problem };
            fault.column.map_or(problem.clone(), |column| problem.spot(Spot::Column(column)))
        })?;
        Ok(Self { path: path.to_owned(), keys: Keys::of(format, &text), table })
    }

    /// The place of a key, with its line when it can be told for sure.
    pub(crate) fn origin(&self, key: &[&str]) -> Origin {
        Origin::File { path: self.path.clone(), line: self.keys.line(key) }
    }

    /// Keys that stand there twice, of which most parsers take the last without a word.
    pub(crate) fn doubles(&self) -> impl Iterator<Item = Problem> {
        self.keys.doubles().map(|(key, first, second)| {
            let origin = Origin::File { path: self.path.clone(), line: Some(second) };
            let text = format!("it stands on line {first} already");
            Problem::with_key(key, origin, text).hint("keep one of them")
        })
    }
}

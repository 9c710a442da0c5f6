//! The fields of a line: those of Python's `LogRecord`.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Scene;
use crate::os::clock::DateFormat;

/// A field that a format may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Asctime,
    Created,
    Filename,
    FuncName,
    Levelname,
    Levelno,
    Lineno,
    Message,
    Module,
    Msecs,
    Name,
    Pathname,
    Process,
    ProcessName,
    RelativeCreated,
    TaskName,
    Thread,
    ThreadName,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'line> {
    Text(&'line str),
    Owned(String),
    Whole(u64),
    Broken(f64),
}

/// Letters for text, for numbers without and with a fraction. RQ: Python shows a fraction as a whole number when asked to.
const TEXT: (&str, &str, &str) = ("text", "sra", "s");
const WHOLE: (&str, &str, &str) = ("a whole number", "diuxXosraeEfFgG", "d or s");
const BROKEN: (&str, &str, &str) = ("a number with a fraction", "diusraeEfFgG", "d, f or s");

/// When this process first told something.
static BEGAN: OnceLock<SystemTime> = OnceLock::new();

impl Field {
    /// Every field, by its name in Python.
    const ALL: [(&'static str, Self); 18] = [
        ("asctime", Self::Asctime),
        ("created", Self::Created),
        ("filename", Self::Filename),
        ("funcName", Self::FuncName),
        ("levelname", Self::Levelname),
        ("levelno", Self::Levelno),
        ("lineno", Self::Lineno),
        ("message", Self::Message),
        ("module", Self::Module),
        ("msecs", Self::Msecs),
        ("name", Self::Name),
        ("pathname", Self::Pathname),
        ("process", Self::Process),
        ("processName", Self::ProcessName),
        ("relativeCreated", Self::RelativeCreated),
        ("taskName", Self::TaskName),
        ("thread", Self::Thread),
        ("threadName", Self::ThreadName),
    ];

    /// The field of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// The name of the field.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }

    /// All names, for an error message.
    pub(super) fn names() -> String {
        Self::ALL.map(|(name, _)| name).join(", ")
    }

    /// The name that a wrong one was probably meant to be, for an error message.
    pub(super) fn suggestion(found: &str) -> String {
        Self::ALL
            .iter()
            .map(|(name, _)| (strsim::damerau_levenshtein(&found.to_lowercase(), &name.to_lowercase()), name))
            .min()
            .filter(|(distance, _)| *distance <= 2)
            .map_or_else(String::new, |(_, name)| format!(" (did you mean {name}?)"))
    }

    /// What kind of value the field holds, which letters suit it, and which to advise.
    pub(super) fn kind(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Levelno | Self::Lineno | Self::Process | Self::Thread => WHOLE,
            Self::Created | Self::Msecs | Self::RelativeCreated => BROKEN,
            Self::Asctime
            | Self::Filename
            | Self::FuncName
            | Self::Levelname
            | Self::Message
            | Self::Module
            | Self::Name
            | Self::Pathname
            | Self::ProcessName
            | Self::TaskName
            | Self::ThreadName => TEXT,
        }
    }

    /// What the field holds on one line.
    ///
    /// There is no Python source that a line comes from: those fields hold what Python gives when it finds none.
    pub(super) fn value<'line>(self, scene: &Scene<'line>) -> Value<'line> {
        match self {
            Self::Asctime => Value::Owned(asctime(scene)),
            Self::Created => Value::Broken(since(UNIX_EPOCH, scene.created).as_secs_f64()),
            Self::Filename | Self::Module | Self::Pathname => Value::Text("(unknown file)"),
            Self::FuncName => Value::Text("(unknown function)"),
            Self::Levelname => Value::Text(scene.level.name()),
            Self::Levelno => Value::Whole(u64::from(scene.level.number())),
            Self::Lineno => Value::Whole(0),
            Self::Message => Value::Text(scene.message),
            Self::Msecs => Value::Broken(f64::from(milliseconds(scene.created))),
            Self::Name => Value::Text(scene.logger),
            // The main thread of a process on Linux has the number of the process.
            Self::Process | Self::Thread => Value::Whole(u64::from(std::process::id())),
            Self::ProcessName => Value::Text("MainProcess"),
            Self::RelativeCreated => {
                let began = *BEGAN.get_or_init(|| scene.created);
                Value::Broken(since(began, scene.created).as_secs_f64() * 1000.0)
            }
            Self::TaskName => Value::Text("None"),
            Self::ThreadName => Value::Text("MainThread"),
        }
    }
}

/// The time in words. RQ: without a date format, Python adds milliseconds after a comma.
fn asctime(scene: &Scene<'_>) -> String {
    static DEFAULT: OnceLock<Option<DateFormat>> = OnceLock::new();
    if let Some(format) = scene.date_format {
        return format.local(scene.created);
    }
    let format = DEFAULT.get_or_init(|| DateFormat::new("%Y-%m-%d %H:%M:%S"));
    let date = format.as_ref().map_or_else(String::new, |format| format.local(scene.created));
    format!("{date},{:03}", milliseconds(scene.created))
}

/// The milliseconds within the second.
fn milliseconds(at: SystemTime) -> u32 {
    since(UNIX_EPOCH, at).subsec_millis()
}

/// The time between two times, none when the clock went back.
fn since(earlier: SystemTime, later: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}

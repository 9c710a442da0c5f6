//! `[logging.appender.NAME]`: the places where log lines go.

use std::path::PathBuf;

use serde::Deserialize;

use super::horse::octal;
use super::logging::{LEVELS, Level};
use super::{Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;

section! {
    /// Places where log lines go: one table for each, by a name of your choice. Without any table, lines go to the console as RQ
    /// writes them; with tables, only to those. [logging.md](logging.md) has examples.
    Appender as "logging.appender.*" {
        /// What it is: `console`, `file` (with rotation of our own), `rolling` (a new file for each period, in UTC), `syslog`,
        /// `journald`, `sentry` (lines become messages there) or `null`. It is needed.
        kind: Option<AppenderKind> = Key::new(Kind::Choice(KINDS)).example("\"file\""), Immediate;
        /// What goes there, and all that is worse. When unset: as `logging.level`.
        level: Option<Level> = Key::new(Kind::Choice(LEVELS)).example("\"warning\""), Immediate;
        /// Which loggers go there, each with those below it (`myapp` takes `myapp.mail`), and each with a level of its own where
        /// it says `=LEVEL`, or `=off`; the longest name counts. When empty: all.
        targets: Vec<String> = Key::new(Kind::List).default("[]").check(targets), Immediate;
        /// How a line looks: `rq` (as `line` says), `text`, `json` or `logfmt`, the latter three with what is known of the job.
        /// When unset: `rq`; for `syslog` and `journald` the bare message, beside the fields that these have of their own.
        format: Option<LineLook> = Key::new(Kind::Choice(LOOKS)).example("\"json\""), Immediate;
        /// How a line looks where `format` is `rq`, in the notation of Python's `logging`. When unset: as `logging.format`.
        line: Option<String> = Key::new(Kind::Text).example("\"%(asctime)s %(levelname)s %(message)s\""), Immediate;
        /// How its `%(asctime)s` looks. When unset: as `logging.date_format`.
        date_format: Option<String> = Key::new(Kind::Text).example("\"%Y-%m-%d %H:%M:%S\""), Immediate;
        /// Of a console: errors on standard error and the rest on standard output (`split`, as RQ), or all on one: `stdout`, `stderr`.
        stream: StreamChoice = Key::new(Kind::Choice(STREAMS)).default("\"split\""), Immediate;
        /// The file of `file` and `rolling`, or the socket of `journald`. Its folder must be there.
        path: Option<PathBuf> = Key::new(Kind::Path).example("\"/var/log/rq/worker.log\""), Immediate;
        /// When a file is put aside: `never`, `minutely`, `hourly`, `daily`, `weekly` (at midnight before Monday), or `size` for
        /// `max_size` alone. The clock of a `file` is local.
        rotate: Rotate = Key::new(Kind::Choice(ROTATE)).default("\"never\""), Immediate;
        /// How large a file may become before it is put aside.
        max_size: Option<u64> = Key::size(1, i64::MAX as u64).example("\"100MiB\""), Immediate;
        /// How many files that were put aside are kept.
        keep: usize = Key::integer(0, 10_000).default("7"), Immediate;
        /// Whether files that were put aside are compressed (gzip).
        compress: bool = Key::new(Kind::Boolean).default("false"), Immediate;
        /// The rights of new files, in octal digits.
        mode: String = Key::new(Kind::Text).check(octal).default("\"0640\""), Immediate;
        /// Where syslog listens: the path of a socket, `udp://HOST:PORT` or `tcp://HOST:PORT`. `/dev/log` when unset.
        address: Option<String> = Key::new(Kind::Text).example("\"udp://logs.example:514\"").check(address), Immediate;
        /// The header of syslog's messages: `rfc5424`, with the job's fields as structured data, or `bsd`, the old one.
        protocol: Protocol = Key::new(Kind::Choice(PROTOCOLS)).default("\"rfc5424\""), Immediate;
        /// The facility of syslog's messages.
        facility: Facility = Key::new(Kind::Choice(FACILITIES)).default("\"daemon\""), Immediate;
        /// The name by which syslog and the journal know us.
        app_name: String = Key::new(Kind::Text).default("\"rq\"").check(printable), Immediate;
    }
}

/// What an appender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppenderKind {
    Console,
    File,
    Rolling,
    Syslog,
    Journald,
    Sentry,
    Null,
}

const KINDS: &[(&str, &str)] = &[
    ("console", "console"),
    ("file", "file"),
    ("rolling", "rolling"),
    ("syslog", "syslog"),
    ("journald", "journald"),
    ("sentry", "sentry"),
    ("null", "null"),
];

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LineLook {
    Rq,
    Text,
    Json,
    Logfmt,
}

const LOOKS: &[(&str, &str)] = &[("rq", "rq"), ("text", "text"), ("json", "json"), ("logfmt", "logfmt")];

/// Which standard streams a console writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamChoice {
    Split,
    Stdout,
    Stderr,
}

const STREAMS: &[(&str, &str)] = &[("split", "split"), ("stdout", "stdout"), ("stderr", "stderr")];

/// When a file is put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rotate {
    Never,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Size,
}

const ROTATE: &[(&str, &str)] = &[
    ("never", "never"),
    ("minutely", "minutely"),
    ("hourly", "hourly"),
    ("daily", "daily"),
    ("weekly", "weekly"),
    ("size", "size"),
];

/// The header of a message for syslog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Rfc5424,
    Bsd,
}

const PROTOCOLS: &[(&str, &str)] = &[("rfc5424", "rfc5424"), ("bsd", "bsd")];

/// A facility of syslog, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facility(pub(crate) u8);

impl Facility {
    /// The facility of that name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let (number, _) = NUMBERS.iter().find(|(_, known)| *known == name)?;
        Some(Self(*number))
    }
}

impl<'de> Deserialize<'de> for Facility {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom("an unknown facility"))
    }
}

const NUMBERS: [(u8, &str); 20] = [
    (0, "kern"),
    (1, "user"),
    (2, "mail"),
    (3, "daemon"),
    (4, "auth"),
    (5, "syslog"),
    (6, "lpr"),
    (7, "news"),
    (8, "uucp"),
    (9, "cron"),
    (10, "authpriv"),
    (11, "ftp"),
    (16, "local0"),
    (17, "local1"),
    (18, "local2"),
    (19, "local3"),
    (20, "local4"),
    (21, "local5"),
    (22, "local6"),
    (23, "local7"),
];

const FACILITIES: &[(&str, &str)] = &[
    ("kern", "kern"),
    ("user", "user"),
    ("mail", "mail"),
    ("daemon", "daemon"),
    ("auth", "auth"),
    ("syslog", "syslog"),
    ("lpr", "lpr"),
    ("news", "news"),
    ("uucp", "uucp"),
    ("cron", "cron"),
    ("authpriv", "authpriv"),
    ("ftp", "ftp"),
    ("local0", "local0"),
    ("local1", "local1"),
    ("local2", "local2"),
    ("local3", "local3"),
    ("local4", "local4"),
    ("local5", "local5"),
    ("local6", "local6"),
    ("local7", "local7"),
];

/// A logger and the least level that it shows there: `None` of that is nothing at all.
pub(crate) type Target = (String, Option<Option<Level>>);

/// Reads `myapp`, `rq.worker=debug` or `rq.scheduler=off`.
pub(crate) fn target(text: &str) -> Option<Target> {
    let (logger, level) = match text.split_once('=') {
        None => (text, None),
        Some((logger, level)) => {
            let level = level.trim().to_lowercase();
            let named = LEVELS.iter().find(|(word, _)| *word == level).map(|(_, meant)| *meant);
            let read = || serde_json::from_value(named?.into()).ok();
            (logger, Some(if level == "off" { None } else { Some(read()?) }))
        }
    };
    let logger = logger.trim();
    let fits = !logger.is_empty() && !logger.contains(|c: char| c.is_whitespace() || c.is_control());
    fits.then(|| (logger.to_owned(), level))
}

fn targets(value: &Value) -> Result<(), Mismatch> {
    let Value::List(items) = value else { return Ok(()) };
    match items.iter().find(|item| target(item).is_none()) {
        None => Ok(()),
        Some(item) => Err(Mismatch::new("names of loggers, NAME or NAME=LEVEL", format!("{item:?}"))),
    }
}

fn address(value: &Value) -> Result<(), Mismatch> {
    let Value::Text(text) = value else { return Ok(()) };
    let fits = match text.split_once("://") {
        Some(("udp" | "tcp", place)) => {
            let (host, port) = place.rsplit_once(':').unwrap_or_default();
            !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
        }
        Some(_) => false,
        None => text.starts_with('/') && !text.contains('\0'),
    };
    let expected = "the path of a socket, udp://HOST:PORT or tcp://HOST:PORT";
    if fits { Ok(()) } else { Err(Mismatch::new(expected, format!("{text:?}"))) }
}

fn printable(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text)
            if !text.is_empty() && text.len() <= 48 && text.chars().all(|c| c.is_ascii_graphic()) =>
        {
            Ok(())
        }
        Value::Text(text) => {
            Err(Mismatch::new("a word of up to 48 letters, digits and signs", format!("{text:?}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_logger_and_may_have_a_level() {
        assert_eq!(target("rq.worker"), Some(("rq.worker".to_owned(), None)));
        assert_eq!(target("myapp = Warn"), Some(("myapp".to_owned(), Some(Some(Level::Warning)))));
        assert_eq!(target("rq.scheduler=off"), Some(("rq.scheduler".to_owned(), Some(None))));
        for wrong in ["", "=info", "a=loud", "a b"] {
            assert_eq!(target(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_address_is_a_path_or_a_host_with_a_port() {
        for (text, fits) in [
            ("/dev/log", true),
            ("udp://h:514", true),
            ("tcp://[::1]:601", true),
            ("udp://h", false),
            ("http://h:1", false),
            ("dev/log", false),
        ] {
            assert_eq!(address(&Value::Text(text.to_owned())).is_ok(), fits, "{text}");
        }
    }
}

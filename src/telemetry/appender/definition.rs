//! What the settings want of each appender.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Sink;
use super::console::{Console, Streams};
use super::file::{FilePlan, FileSink};
use super::journald::{self, Journald};
use super::period::Every;
use super::rolling::Rolling;
use super::syslog::{Address, Syslog};
use crate::config::{self, AppenderKind, LineLook, Rotate, StreamChoice};
use crate::os::terminal::Stream;
use crate::telemetry::filter::{Filter, Target};
use crate::telemetry::format::{LineFormat, date_format};
use crate::telemetry::layout::{Envelope, Format, Header, Layout};
use crate::telemetry::level::Level;
use crate::telemetry::{FormatError, LoggingOptions};

/// One appender: what it takes, how that looks, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    pub(crate) layout: Layout,
    pub(crate) streams: Streams,
    pub(crate) outlet: Outlet,
}

/// Where lines leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outlet {
    /// A place with a thread of its own.
    Place(Place),
    /// Whoever reports to Sentry.
    Sentry,
    /// Nowhere.
    Null,
}

/// A place with a thread of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Console,
    File(FilePlan),
    Rolling { path: PathBuf, every: Option<Every>, keep: usize },
    Syslog(Address),
    Journald(PathBuf),
}

impl Place {
    pub(super) fn sink(&self) -> Box<dyn Sink> {
        match self.clone() {
            Self::Console => Box::new(Console::new()),
            Self::File(plan) => Box::new(FileSink::new(plan)),
            Self::Rolling { path, every, keep } => Box::new(Rolling::new(path, every, keep)),
            Self::Syslog(address) => Box::new(Syslog::new(address)),
            Self::Journald(path) => Box::new(Journald::new(path)),
        }
    }
}

/// A format that is none, and the setting that says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misformed {
    pub(crate) key: String,
    pub(crate) error: FormatError,
}

impl Definition {
    /// The console as RQ has it.
    pub(crate) fn as_rq(options: &LoggingOptions) -> Result<Self, Misformed> {
        Ok(Self {
            name: "console".to_owned(),
            filter: Filter::AsRq { level: options.level, elsewhere: Vec::new() },
            layout: Layout::lines(rq(options, ("logging.format", &options.format), None)?),
            streams: Streams::Split,
            outlet: Outlet::Place(Place::Console),
        })
    }

    /// All that tables of the configuration want.
    pub(crate) fn all(
        options: &LoggingOptions,
        tables: &BTreeMap<String, config::Appender>,
    ) -> Result<Vec<Self>, Misformed> {
        tables.iter().map(|(name, table)| Self::of(options, name, table)).collect()
    }

    fn of(options: &LoggingOptions, name: &str, table: &config::Appender) -> Result<Self, Misformed> {
        let least = table.level.map(Level::from).or(options.level).unwrap_or(Level::Info);
        let kind = table.kind.unwrap_or(AppenderKind::Null);
        Ok(Self {
            name: name.to_owned(),
            filter: Filter::Named { least, targets: targets(&table.targets, least) },
            layout: Layout { format: format(options, name, table, kind)?, envelope: envelope(kind, table) },
            streams: match table.stream {
                StreamChoice::Split => Streams::Split,
                StreamChoice::Stdout => Streams::One(Stream::Out),
                StreamChoice::Stderr => Streams::One(Stream::Error),
            },
            outlet: outlet(kind, table),
        })
    }
}

fn targets(texts: &[String], least: Level) -> Vec<Target> {
    let read = texts.iter().filter_map(|text| config::target(text));
    let target = |(logger, level): config::Target| Target {
        logger,
        least: level.map_or(Some(least), |level| level.map(Level::from)),
    };
    read.map(target).collect()
}

fn format(
    options: &LoggingOptions,
    name: &str,
    table: &config::Appender,
    kind: AppenderKind,
) -> Result<Format, Misformed> {
    let has_fields = matches!(kind, AppenderKind::Syslog | AppenderKind::Journald);
    match table.format {
        Some(LineLook::Text) => Ok(Format::Text),
        Some(LineLook::Json) => Ok(Format::Json),
        Some(LineLook::Logfmt) => Ok(Format::Logfmt),
        None if has_fields && table.line.is_none() => Ok(Format::Bare),
        Some(LineLook::Rq) | None => {
            let own = format!("logging.appender.{name}.line");
            let line = match &table.line {
                Some(line) => (own.as_str(), line.as_str()),
                None => ("logging.format", options.format.as_str()),
            };
            let colour = kind == AppenderKind::Console && options.colour;
            let options = LoggingOptions { colour, ..options.clone() };
            let date = table.date_format.as_deref();
            rq(&options, line, date.map(|date| (format!("logging.appender.{name}.date_format"), date)))
        }
    }
}

/// Lines as RQ writes them; each text comes with the setting that says it.
fn rq(
    options: &LoggingOptions,
    (key, line): (&str, &str),
    own_date: Option<(String, &str)>,
) -> Result<Format, Misformed> {
    let line = LineFormat::parse(line).map_err(|error| Misformed { key: key.to_owned(), error })?;
    let (key, date) = own_date.unwrap_or_else(|| ("logging.date_format".to_owned(), &options.date_format));
    let date = date_format(date).map_err(|error| Misformed { key, error })?;
    Ok(Format::Rq { line, date, colour: options.colour })
}

fn envelope(kind: AppenderKind, table: &config::Appender) -> Envelope {
    match kind {
        AppenderKind::Syslog => {
            Envelope::Syslog(Header::of(table.protocol, table.facility, table.app_name.clone()))
        }
        AppenderKind::Journald => Envelope::Journald { identifier: table.app_name.clone() },
        AppenderKind::Console
        | AppenderKind::File
        | AppenderKind::Rolling
        | AppenderKind::Sentry
        | AppenderKind::Null => Envelope::LineEnd,
    }
}

fn outlet(kind: AppenderKind, table: &config::Appender) -> Outlet {
    let every = every(table.rotate);
    let path = table.path.clone();
    Outlet::Place(match kind {
        AppenderKind::Console => Place::Console,
        AppenderKind::File => Place::File(FilePlan {
            path: path.unwrap_or_default(),
            // It was checked to be octal.
            mode: u32::from_str_radix(&table.mode, 8).ok(),
            max_size: table.max_size,
            every,
            keep: table.keep,
            compress: table.compress,
        }),
        AppenderKind::Rolling => Place::Rolling { path: path.unwrap_or_default(), every, keep: table.keep },
        AppenderKind::Syslog => Place::Syslog(
            table.address.as_deref().map_or_else(|| Address::Path("/dev/log".into()), Address::read),
        ),
        AppenderKind::Journald => Place::Journald(path.unwrap_or_else(|| journald::SOCKET.into())),
        AppenderKind::Sentry => return Outlet::Sentry,
        AppenderKind::Null => return Outlet::Null,
    })
}

fn every(rotate: Rotate) -> Option<Every> {
    match rotate {
        Rotate::Never | Rotate::Size => None,
        Rotate::Minutely => Some(Every::Minute),
        Rotate::Hourly => Some(Every::Hour),
        Rotate::Daily => Some(Every::Day),
        Rotate::Weekly => Some(Every::Week),
    }
}

//! The handlers of a table.

use serde_json::{Map, Value};

use super::formatter::{self, told};
use super::loggers::is_set;
use super::{Mapping, text};
use crate::config::Facility;
use crate::os::terminal::Stream;
use crate::telemetry::LoggingOptions;
use crate::telemetry::appender::{Definition, Every, FilePlan, Outlet, Place, Streams, SyslogAddress};
use crate::telemetry::filter::Filter;
use crate::telemetry::layout::{Envelope, Header, Layout, Style};
use crate::telemetry::level::Level;

/// How many files stay that are never dropped.
const ALL: usize = 10_000;

/// The appender that a handler is; its filter is for the caller to say.
pub(super) fn read(
    name: &str,
    handler: &Value,
    table: &Map<String, Value>,
    options: &LoggingOptions,
    mapping: &mut Mapping,
) -> Option<Definition> {
    let class = match handler.get("()").or_else(|| handler.get("class")) {
        Some(Value::String(class)) => class.clone(),
        Some(object) => told(object),
        None => "no class".to_owned(),
    };
    let outlet = outlet(name, &class, handler, mapping)?;
    if is_set(handler, "filters") {
        mapping.doubt(&format!("the filters of the handler {name} hold nothing back"));
    }
    // Python's default.
    let streams = Streams::One(stream(handler).unwrap_or(Stream::Error));
    let is_console = outlet == Outlet::Place(Place::Console);
    let format = formatter::of(handler, table, is_console && options.colour, mapping);
    let envelope =
        if class == "logging.handlers.SysLogHandler" { header(handler) } else { Envelope::LineEnd };
    Some(Definition {
        name: name.to_owned(),
        filter: Filter::Named { least: Level::Debug, targets: Vec::new() },
        layout: Layout { format, envelope },
        streams,
        outlet,
    })
}

/// Where a handler writes to; nothing when that has no equal here.
fn outlet(name: &str, class: &str, handler: &Value, mapping: &mut Mapping) -> Option<Outlet> {
    let place = match class {
        "logging.NullHandler" => return Some(Outlet::Null),
        "logging.StreamHandler" => {
            (stream(handler).is_some() || !is_set(handler, "stream")).then_some(Place::Console)
        }
        "logging.FileHandler" | "logging.handlers.WatchedFileHandler" => file(handler, None, ALL, None),
        "logging.handlers.RotatingFileHandler" => {
            let keep = number(handler, "backupCount");
            // Python puts nothing aside where it is to keep nothing.
            file(handler, Some(number(handler, "maxBytes")).filter(|_| keep > 0), keep, None)
        }
        "logging.handlers.TimedRotatingFileHandler" => {
            let every = every(handler);
            if every.is_none() {
                mapping.doubt(&format!(
                    "the handler {name} is not rotated by the daemon: its interval has no equal"
                ));
            }
            let keep = number(handler, "backupCount");
            file(handler, None, if keep == 0 { ALL } else { keep }, every)
        }
        "logging.handlers.SysLogHandler" => address(handler).map(Place::Syslog),
        _ => None,
    };
    if place.is_none() {
        mapping.doubt(&format!("the handler {name} ({class}) has no equal and gets none of them"));
    }
    place.map(Outlet::Place)
}

/// A standard stream, by its name or as the object that it is.
fn stream(handler: &Value) -> Option<Stream> {
    let stream = handler.get("stream")?;
    let name = stream.as_str().map_or_else(|| told(stream), str::to_owned);
    if name == "ext://sys.stdout" || name.contains("name='<stdout>'") {
        Some(Stream::Out)
    } else {
        (name == "ext://sys.stderr" || name.contains("name='<stderr>'")).then_some(Stream::Error)
    }
}

fn file(handler: &Value, max_size: Option<usize>, keep: usize, every: Option<Every>) -> Option<Place> {
    let path = text(handler, "filename")?.into();
    let max_size = max_size.filter(|size| *size > 0).map(|size| size as u64);
    // Python leaves the rights to the mask of the process.
    Some(Place::File(FilePlan { path, mode: None, max_size, every, keep, compress: false }))
}

fn number(handler: &Value, name: &str) -> usize {
    handler.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

fn every(handler: &Value) -> Option<Every> {
    if handler.get("interval").is_some_and(|interval| interval.as_u64() != Some(1)) || is_set(handler, "utc")
    {
        return None;
    }
    match text(handler, "when").unwrap_or("H").to_uppercase().as_str() {
        "M" => Some(Every::Minute),
        "H" => Some(Every::Hour),
        "D" | "MIDNIGHT" => Some(Every::Day),
        "W0" => Some(Every::Week),
        _ => None,
    }
}

fn address(handler: &Value) -> Option<SyslogAddress> {
    let is_stream = match handler.get("socktype") {
        None | Some(Value::Null) => false,
        Some(Value::String(name)) => name.ends_with("SOCK_STREAM"),
        Some(Value::Object(object)) => told(&Value::Object(object.clone())).contains("SOCK_STREAM"),
        Some(number) => number.as_u64() == Some(1),
    };
    let place = match handler.get("address") {
        None => "localhost:514".to_owned(),
        Some(Value::String(path)) => return Some(SyslogAddress::Path(path.into())),
        Some(Value::Array(parts)) => match parts.as_slice() {
            [Value::String(host), Value::Number(port)] => format!("{host}:{port}"),
            _ => return None,
        },
        Some(_) => return None,
    };
    Some(if is_stream { SyslogAddress::Tcp(place) } else { SyslogAddress::Udp(place) })
}

/// RQ: the number of the priority, and no more.
fn header(handler: &Value) -> Envelope {
    let facility = match handler.get("facility") {
        Some(Value::String(name)) => Facility::named(name),
        Some(number) => number
            .as_u64()
            .and_then(|number| u8::try_from(number).ok())
            .filter(|number| *number < 24)
            .map(Facility),
        None => None,
    };
    Envelope::Syslog(Header::new(Style::Python, facility.unwrap_or(Facility(1)), String::new()))
}

//! The formatters of a table.

use serde_json::{Map, Value};

use super::{Mapping, last_part, text};
use crate::telemetry::format::{LineFormat, date_format};
use crate::telemetry::layout::Format;

/// What a handler writes whose formatter has no equal here.
const INSTEAD: &str = "%(asctime)s %(levelname)s %(name)s: %(message)s";
/// What Python writes without a formatter.
const PLAIN: &str = "%(message)s";

/// The format of a handler.
pub(super) fn of(handler: &Value, table: &Map<String, Value>, colour: bool, mapping: &mut Mapping) -> Format {
    let name = text(handler, "formatter");
    let formatter = name.and_then(|name| table.get("formatters")?.get(name));
    let (Some(name), Some(formatter)) = (name, formatter) else { return rq(PLAIN, "", colour) };
    if let Some(class) = own_class(formatter) {
        if last_part(&class).to_lowercase().contains("json") {
            mapping.doubt(&format!("the formatter {name} ({class}) is our own JSON instead"));
            return Format::Json;
        }
        mapping.doubt(&format!("the formatter {name} ({class}) has no equal, lines look plain"));
        return rq(INSTEAD, "", colour);
    }
    let style = text(formatter, "style").unwrap_or("%");
    if style != "%" {
        mapping.doubt(&format!("the style {style} of the formatter {name} has no equal, lines look plain"));
        return rq(INSTEAD, "", colour);
    }
    let line = text(formatter, "format").or_else(|| text(formatter, "fmt")).unwrap_or(PLAIN);
    let date = text(formatter, "datefmt").unwrap_or_default();
    if let Err(error) = LineFormat::parse(line) {
        mapping.doubt(&format!("the formatter {name} cannot be used ({error}), lines look plain"));
        return rq(INSTEAD, date, colour);
    }
    rq(line, date, colour)
}

/// The class of a formatter that is not Python's own, or the function that makes it.
fn own_class(formatter: &Value) -> Option<String> {
    let made = formatter.get("()").or_else(|| formatter.get("class")).filter(|class| !class.is_null())?;
    let class = made.as_str().map_or_else(|| told(made), str::to_owned);
    (class != "logging.Formatter").then_some(class)
}

/// What stands for an object that is no text.
pub(super) fn told(object: &Value) -> String {
    object.get("()").and_then(Value::as_str).unwrap_or("an object").to_owned()
}

fn rq(line: &str, date: &str, colour: bool) -> Format {
    match (LineFormat::parse(line), date_format(date)) {
        (Ok(line), Ok(date)) => Format::Rq { line, date, colour },
        // What it falls back to can be read, and a date has no zero byte.
        _ => Format::Bare,
    }
}

//! Messages for syslog: RFC 5424 with structured data, and the older header that came before it.

use std::fmt::Write as _;

use super::fields::context;
use crate::config::{Facility, Protocol};
use crate::os;
use crate::os::clock::DateFormat;
use crate::telemetry::Record;
use crate::telemetry::level::Level;
use crate::telemetry::python_text::rfc3339;

/// The number of the structured data's owner: the one that IANA sets aside for examples, as this project has none.
const OWNER: &str = "rq@32473";

/// What stands before a message, but for the message's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) style: Style,
    pub(crate) facility: Facility,
    pub(crate) app_name: String,
    host: String,
}

/// Which header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// RFC 5424.
    Rfc5424,
    /// That of before: time of the day, name and number of the process.
    Bsd,
    /// RQ: what Python's `SysLogHandler` sends: the number of the priority alone.
    Python,
}

impl Header {
    /// A header in this style.
    pub(crate) fn new(style: Style, facility: Facility, app_name: String) -> Self {
        let host: String = os::hostname().chars().filter(char::is_ascii_graphic).take(255).collect();
        let host = if host.is_empty() { "-".to_owned() } else { host };
        Self { style, facility, app_name, host }
    }

    /// The header that a setting asks for.
    pub(crate) fn of(protocol: Protocol, facility: Facility, app_name: String) -> Self {
        let style = match protocol {
            Protocol::Rfc5424 => Style::Rfc5424,
            Protocol::Bsd => Style::Bsd,
        };
        Self::new(style, facility, app_name)
    }

    /// A whole message.
    pub(super) fn around(&self, record: &Record<'_>, text: &str) -> String {
        let priority = self.facility.0 * 8 + severity(record.line.level);
        let pid = std::process::id();
        match self.style {
            Style::Rfc5424 => format!(
                "<{priority}>1 {} {} {} {pid} - {} {text}",
                rfc3339(record.created),
                self.host,
                self.app_name,
                structured(record)
            ),
            Style::Bsd => {
                let time = DateFormat::new("%b %e %H:%M:%S").map(|format| format.local(record.created));
                format!("<{priority}>{} {}[{pid}]: {text}", time.unwrap_or_default(), self.app_name)
            }
            Style::Python => format!("<{priority}>{text}\0"),
        }
    }
}

/// The severity of syslog, which the journal shares.
pub(super) fn severity(level: Level) -> u8 {
    match level {
        Level::Debug => 7,
        Level::Info => 6,
        Level::Warning => 4,
        Level::Error => 3,
        Level::Critical => 2,
    }
}

/// Logger, job and so on.
fn structured(record: &Record<'_>) -> String {
    let mut text = format!("[{OWNER} logger=\"{}\"", quoted(&super::logger(record.line)));
    for (name, value) in context(record.about) {
        // Writing to a string cannot fail.
        let _ = write!(text, " {name}=\"{}\"", quoted(&value));
    }
    text.push(']');
    text
}

fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

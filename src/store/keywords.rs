//! The keyword arguments of redis-py's connections, and what each means to the daemon.
//!
//! They come from a URL's query or from a `SENTINEL` dictionary. A name is one of
//!
//! - **honoured**: `host port path db username password client_name protocol lib_name lib_version
//!   socket_timeout socket_connect_timeout socket_keepalive` and, over TLS, `ssl_cert_reqs ssl_ca_certs
//!   ssl_ca_path ssl_ca_data ssl_certfile ssl_keyfile ssl_check_hostname ssl_min_version`;
//! - **checked and set aside**, because it tunes redis-py itself or rustls always does it:
//!   `encoding encoding_errors health_check_interval legacy_responses max_connections retry_on_error
//!   retry_on_timeout socket_read_size socket_type ssl_password` (of a key that is not encrypted),
//!   `ssl_include_verify_flags ssl_exclude_verify_flags` (except for revocation lists);
//! - **refused**, because the daemon would not do what it says: `decode_responses` (RQ cannot work with it),
//!   `ssl_ciphers`, everything about OCSP, and what only a Python object can fill;
//! - **unknown**: redis-py raises `TypeError` for it, and it is an error here too.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::address::AddressError;

/// redis-py's connection classes: each takes other keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Tcp,
    Tls,
    Unix,
}

/// What becomes of a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    SetAside,
    Refused(&'static str),
}

const OBJECT: Fate = Fate::Refused("takes a Python object");
const OCSP: Fate = Fate::Refused("is not supported: the daemon does not check OCSP");

/// What every connection takes.
const ANY: &[(&str, Fate)] = &[
    ("db", Fate::Taken),
    ("username", Fate::Taken),
    ("password", Fate::Taken),
    ("client_name", Fate::Taken),
    ("protocol", Fate::Taken),
    ("lib_name", Fate::Taken),
    ("lib_version", Fate::Taken),
    ("socket_timeout", Fate::Taken),
    ("socket_connect_timeout", Fate::Taken),
    ("encoding", Fate::SetAside),
    ("encoding_errors", Fate::SetAside),
    ("health_check_interval", Fate::SetAside),
    ("legacy_responses", Fate::SetAside),
    ("max_connections", Fate::SetAside),
    ("retry_on_error", Fate::SetAside),
    ("retry_on_timeout", Fate::SetAside),
    ("socket_read_size", Fate::SetAside),
    ("decode_responses", Fate::Refused("must not be set: RQ reads bytes")),
    ("cache", OBJECT),
    ("cache_config", OBJECT),
    ("cache_factory", OBJECT),
    ("command_packer", OBJECT),
    ("connection_class", OBJECT),
    ("credential_provider", OBJECT),
    ("driver_info", OBJECT),
    ("event_dispatcher", OBJECT),
    ("himport_registry", OBJECT),
    ("maint_notifications_config", OBJECT),
    ("parser_class", OBJECT),
    ("redis_connect_func", OBJECT),
    ("retry", OBJECT),
];

/// What TCP connections take, with and without TLS.
const TCP: &[(&str, Fate)] = &[
    ("host", Fate::Taken),
    ("port", Fate::Taken),
    ("socket_keepalive", Fate::Taken),
    ("socket_keepalive_options", OBJECT),
    ("socket_type", OBJECT),
];

/// What TLS connections take.
const TLS: &[(&str, Fate)] = &[
    ("ssl_cert_reqs", Fate::Taken),
    ("ssl_ca_certs", Fate::Taken),
    ("ssl_ca_path", Fate::Taken),
    ("ssl_ca_data", Fate::Taken),
    ("ssl_certfile", Fate::Taken),
    ("ssl_keyfile", Fate::Taken),
    ("ssl_check_hostname", Fate::Taken),
    ("ssl_min_version", Fate::Taken),
    ("ssl_password", Fate::SetAside),
    ("ssl_include_verify_flags", Fate::SetAside),
    ("ssl_exclude_verify_flags", Fate::SetAside),
    ("ssl_ciphers", Fate::Refused("is not supported: rustls offers its own, modern ciphers")),
    ("ssl_validate_ocsp", OCSP),
    ("ssl_validate_ocsp_stapled", OCSP),
    ("ssl_ocsp_context", OCSP),
    ("ssl_ocsp_expected_cert", OCSP),
];

const UNIX: &[(&str, Fate)] = &[("path", Fate::Taken)];

/// The verify flags of Python's `ssl` module.
const VERIFY_FLAGS: [&str; 7] = [
    "VERIFY_DEFAULT",
    "VERIFY_CRL_CHECK_LEAF",
    "VERIFY_CRL_CHECK_CHAIN",
    "VERIFY_X509_STRICT",
    "VERIFY_ALLOW_PROXY_CERTS",
    "VERIFY_X509_TRUSTED_FIRST",
    "VERIFY_X509_PARTIAL_CHAIN",
];

/// Checks that a connection of this class takes each keyword, and that we do what it says.
pub(super) fn check(class: Class, keywords: &Map<String, Value>) -> Result<(), AddressError> {
    let own: &[&[_]] = match class {
        Class::Tcp => &[ANY, TCP],
        Class::Tls => &[ANY, TCP, TLS],
        Class::Unix => &[ANY, UNIX],
    };
    for (name, value) in keywords {
        let fate = own.iter().copied().flatten().find(|(known, _)| known == name).map(|(_, fate)| fate);
        match fate {
            Some(Fate::Taken | Fate::SetAside) => {}
            // Python code that spells a default out asks for nothing.
            Some(Fate::Refused(_)) if matches!(value, Value::Null | Value::Bool(false)) => {}
            Some(Fate::Refused(why)) => return Err(AddressError::Unsupported { option: name.clone(), why }),
            None => {
                let near = near(name, own);
                return Err(AddressError::Unknown { option: printable(name), near });
            }
        }
    }
    if keywords.get("max_connections").and_then(Value::as_i64).is_some_and(|count| count < 0) {
        return Err(wrong("max_connections", "a positive number"));
    }
    Ok(())
}

/// The text of a URL's option as the type that redis-py gives it.
pub(super) fn typed(name: &str, text: &str) -> Result<Value, AddressError> {
    let wrong = |expected| wrong(name, expected);
    Ok(match name {
        "db"
        | "socket_read_size"
        | "max_connections"
        | "health_check_interval"
        | "ssl_min_version"
        | "protocol" => json!(python_int(text).ok_or_else(|| wrong("a whole number"))?),
        "socket_timeout" | "socket_connect_timeout" => {
            json!(python_float(text).ok_or_else(|| wrong("a number of seconds"))?)
        }
        "socket_keepalive" | "retry_on_timeout" | "ssl_check_hostname" | "legacy_responses" => {
            json!(python_bool(text))
        }
        "ssl_include_verify_flags" | "ssl_exclude_verify_flags" => {
            for flag in text.replace(['[', ']'], "").split(',').map(python_strip) {
                if !VERIFY_FLAGS.contains(&flag) {
                    return Err(wrong("a list of verify flags, as VERIFY_X509_STRICT"));
                }
                if name == "ssl_include_verify_flags" && flag.contains("CRL") {
                    return Err(wrong("without revocation lists, which the daemon does not check"));
                }
            }
            json!(text)
        }
        _ => json!(text),
    })
}

/// The error of a value that is of the wrong kind.
pub(super) fn wrong(option: &str, expected: &'static str) -> AddressError {
    AddressError::Value { option: option.to_owned(), expected }
}

/// A text.
pub(super) fn text(keywords: &Map<String, Value>, name: &str) -> Result<Option<String>, AddressError> {
    match keywords.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, "a text")),
    }
}

/// A whole number, also as text: settings modules often hold `"6380"`.
pub(super) fn integer(keywords: &Map<String, Value>, name: &str) -> Result<Option<i64>, AddressError> {
    let number = match keywords.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => python_int(text),
        Some(_) => None,
    };
    number.map(Some).ok_or_else(|| wrong(name, "a whole number"))
}

/// A yes or no.
pub(super) fn boolean(keywords: &Map<String, Value>, name: &str) -> Result<Option<bool>, AddressError> {
    match keywords.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::Number(number)) => Ok(Some(number.as_f64() != Some(0.0))),
        Some(_) => Err(wrong(name, "true or false")),
    }
}

/// A time above zero: redis-py fails with a time-out of zero, too, if only when it connects.
pub(super) fn seconds(keywords: &Map<String, Value>, name: &str) -> Result<Option<Duration>, AddressError> {
    let expected = "a number of seconds above 0";
    match keywords.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            let seconds = number.as_f64().filter(|seconds| *seconds > 0.0);
            let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.min(1e9)).ok());
            time.map(Some).ok_or_else(|| wrong(name, expected))
        }
        Some(_) => Err(wrong(name, expected)),
    }
}

/// The spelling that was perhaps meant.
fn near(name: &str, own: &[&[(&'static str, Fate)]]) -> Option<&'static str> {
    let known = own.iter().copied().flatten().map(|(known, _)| *known);
    let (distance, best) =
        known.map(|known| (strsim::damerau_levenshtein(name, known), known)).min_by_key(|found| found.0)?;
    (distance <= 3 && distance * 2 < name.len()).then_some(best)
}

/// A name as it may stand in a message: the end of an unescaped password can land here.
fn printable(name: &str) -> String {
    let is_name = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name { name.to_owned() } else { "(not a name)".to_owned() }
}

/// `str.strip()`: Python counts four control characters as space that Rust does not.
fn python_strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}

/// `int(text)`: space around, a sign, single underscores between digits. Only ASCII digits are taken.
pub(super) fn python_int(text: &str) -> Option<i64> {
    let text = python_strip(text);
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let grouped =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    if !grouped {
        return None;
    }
    format!("{sign}{}", digits.replace('_', "")).parse().ok()
}

/// `float(text)`, without infinities and "not a number": neither is a time.
fn python_float(text: &str) -> Option<f64> {
    let text = python_strip(text);
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('_') {
        let beside = |found: Option<&u8>| found.is_some_and(u8::is_ascii_digit);
        if at == 0 || !beside(bytes.get(at - 1)) || !beside(bytes.get(at + 1)) {
            return None;
        }
    }
    text.replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite())
}

/// redis-py's `to_bool`: true unless it is one of its words for no.
fn python_bool(text: &str) -> bool {
    !["0", "F", "FALSE", "N", "NO"].contains(&text.to_uppercase().as_str())
}

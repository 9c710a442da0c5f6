//! A Redis URL, read exactly as redis-py reads it.
//!
//! RQ's users wrote their URLs for redis-py, and the horse hands the same text to redis-py: another reading
//! would work on another database without a word. So this follows `redis.connection.parse_url` and the
//! functions of Python's library that it rests on (`urlparse`, `parse_qs`, `unquote`, `int`, `float`).

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::address::AddressError;
use super::keywords::{self, Class};

/// Reads a URL into the kind of connection and the keyword arguments that redis-py would make it with.
pub(super) fn parse(url: &str) -> Result<(Class, Map<String, Value>), AddressError> {
    let given = ["redis://", "rediss://", "unix://"];
    let class = match given.iter().position(|scheme| url.starts_with(scheme)) {
        Some(0) => Class::Tcp,
        Some(1) => Class::Tls,
        Some(_) => Class::Unix,
        None => return Err(AddressError::Scheme),
    };
    // RQ: Python drops these wherever they stand; the line break at the end of a secret's file is the usual one.
    let url: String = url.chars().filter(|c| !['\t', '\r', '\n'].contains(c)).collect();
    let parts = split(&url)?;
    let mut keywords = query(parts.query)?;
    let (username, password, host_and_port) = userinfo(parts.netloc);
    for (name, text) in [("username", username), ("password", password)] {
        if !text.is_empty() {
            keywords.insert(name.into(), json!(unquote(text)));
        }
    }
    if class == Class::Unix {
        if !parts.path.is_empty() {
            keywords.insert("path".into(), json!(unquote(parts.path)));
        }
        return Ok((class, keywords));
    }
    let (host, port) = host_and_port_of(host_and_port)?;
    if !host.is_empty() {
        keywords.insert("host".into(), json!(unquote(&host)));
    }
    if port != 0 {
        keywords.insert("port".into(), json!(port));
    }
    // RQ: a path that is no number (`/abc`) leaves the database unset, without a word.
    if !keywords.contains_key("db")
        && let Some(db) = keywords::python_int(&unquote(parts.path).replace('/', ""))
    {
        keywords.insert("db".into(), json!(db));
    }
    Ok((class, keywords))
}

/// The parts of a URL, still encoded.
struct Parts<'a> {
    netloc: &'a str,
    path: &'a str,
    query: &'a str,
}

/// `urlsplit`: the text after `//` ends at the first of `/?#`, whatever the password meant to say.
fn split(url: &str) -> Result<Parts<'_>, AddressError> {
    let (_, rest) = url.split_once("//").expect("the scheme was checked");
    let (netloc, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    check_netloc(netloc)?;
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(Parts { netloc, path, query })
}

/// Refuses brackets without an IPv6 address in them, and characters that turn into delimiters.
fn check_netloc(netloc: &str) -> Result<(), AddressError> {
    if netloc.contains('[') != netloc.contains(']') {
        return Err(AddressError::Grammar("an unpaired bracket in the host"));
    }
    if let Some((_, after)) = netloc.split_once('[') {
        let inside = after.split(']').next().unwrap_or_default();
        if !is_bracketed_host(inside) {
            return Err(AddressError::Grammar("no IPv6 address in the brackets"));
        }
    }
    // What Unicode's compatibility form turns into one of `/?#@:`.
    let disguised = "℀℁℅℆⁇⁈⁉⩴︓︖﹕﹖﹟﹫＃／：？＠";
    if netloc.chars().any(|c| disguised.contains(c)) {
        return Err(AddressError::Grammar("a character that is a disguised delimiter"));
    }
    Ok(())
}

/// An IPv6 address, perhaps with a zone, or the form for the future of RFC 3986.
fn is_bracketed_host(host: &str) -> bool {
    if let Some(future) = host.strip_prefix('v') {
        let Some((version, rest)) = future.split_once('.') else { return false };
        return !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit()) && !rest.is_empty();
    }
    let (address, zone) = host.split_once('%').map_or((host, None), |(address, zone)| (address, Some(zone)));
    zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%')) && address.parse::<Ipv6Addr>().is_ok()
}

/// User name, password and the rest; all before the last `@` is the user's.
fn userinfo(netloc: &str) -> (&str, &str, &str) {
    let Some((user, rest)) = netloc.rsplit_once('@') else { return ("", "", netloc) };
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    (username, password, rest)
}

/// Host in lower case (a zone keeps its case), and the port: 0 when none is given.
fn host_and_port_of(text: &str) -> Result<(String, u16), AddressError> {
    let (host, port) = match text.split_once('[') {
        Some((_, bracketed)) => {
            let (host, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
            (host, after.split_once(':').map_or("", |(_, port)| port))
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = match port {
        "" => 0,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().map_err(|_| AddressError::Grammar("a port above 65535"))?
        }
        _ => return Err(AddressError::Grammar("a port that is not a number")),
    };
    let (name, zone) = host.split_at(host.find('%').unwrap_or(host.len()));
    Ok((name.to_lowercase() + zone, port))
}

/// `parse_qs`: empty values are left out, the first of several counts, `+` is a space.
fn query(text: &str) -> Result<Map<String, Value>, AddressError> {
    let mut keywords = Map::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if value.is_empty() {
            continue;
        }
        let name = unquote(&name.replace('+', " "));
        let value = unquote(&value.replace('+', " "));
        if !keywords.contains_key(&name) {
            let value = keywords::typed(&name, &value)?;
            keywords.insert(name, value);
        }
    }
    Ok(keywords)
}

/// `unquote`: percent-decoded as UTF-8, with U+FFFD for what is none.
fn unquote(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;

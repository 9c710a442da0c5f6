//! The arguments of a call as RQ's command line writes them.

use std::fs::File;
use std::io::Read as _;

use crate::cli::exit::{Exit, Failure};
use crate::job::call::{Plain, from_json, from_literal};

/// The most that is read of a file: what Redis takes as one value.
const LARGEST: u64 = 512 << 20;

/// Those without a name, and those with one, in their order.
type Parsed = (Vec<Plain>, Vec<(String, Plain)>);

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    Text,
    Json,
    Literal,
}

/// Reads all arguments.
pub(super) fn parse(arguments: &[String]) -> Result<Parsed, Failure> {
    let (mut args, mut kwargs): Parsed = (Vec::new(), Vec::new());
    for argument in arguments {
        let (name, notation, value) = split(argument);
        let what = name.map_or_else(|| format!("{}. non keyword argument", args.len() + 1), str::to_owned);
        let value = read(&what, notation, value)?;
        match name {
            None => args.push(value),
            Some(name) if kwargs.iter().any(|(other, _)| other == name) => {
                // RQ: these words, here and below.
                let words = format!("you can't specify multiple values for the same keyword: {name}");
                return Err(Failure::new(Exit::Usage, words));
            }
            Some(name) => kwargs.push((name.to_owned(), value)),
        }
    }
    Ok((args, kwargs))
}

/// Name, notation and value: `:1`, `%1`, `name=text`, `name:=1`, `name%=1`. RQ: the first colon or percent sign counts, and only
/// when the equals sign follows it.
fn split(argument: &str) -> (Option<&str>, Notation, &str) {
    if let Some(value) = argument.strip_prefix(':') {
        return (None, Notation::Json, value);
    }
    if let Some(value) = argument.strip_prefix('%') {
        return (None, Notation::Literal, value);
    }
    let Some((name, value)) = argument.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return (None, Notation::Text, argument);
    };
    for (sign, notation) in [(':', Notation::Json), ('%', Notation::Literal)] {
        if argument.find(sign).is_some_and(|at| at + 1 == name.len()) {
            return (Some(&name[..name.len() - 1]), notation, value);
        }
    }
    (Some(name), Notation::Text, value)
}

fn read(what: &str, notation: Notation, value: &str) -> Result<Plain, Failure> {
    let content;
    let value = match value.strip_prefix('@') {
        Some(path) => {
            content = file(path)?;
            &content
        }
        None => value,
    };
    let (parsed, failed) = match notation {
        Notation::Text => return Ok(Plain::Text(value.to_owned())),
        Notation::Json => (from_json(value), format!("unable to parse {what} as JSON")),
        Notation::Literal => (from_literal(value), format!("unable to eval {what} as Python object")),
    };
    parsed.map_err(|reason| Failure::new(Exit::Usage, format!("{failed}: {reason}")))
}

/// The text of a file, with Python's ends of lines.
fn file(path: &str) -> Result<String, Failure> {
    let failed = |reason: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, format!("could not open file '{path}': {reason}"))
    };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    let read = file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
    if read as u64 > LARGEST {
        return Err(failed(&"it is larger than Redis takes"));
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notation_is_rqs() {
        for (argument, expected) in [
            ("text", (None, Notation::Text, "text")),
            (":1", (None, Notation::Json, "1")),
            ("%1", (None, Notation::Literal, "1")),
            ("a=b=c", (Some("a"), Notation::Text, "b=c")),
            ("a:=b:=c", (Some("a"), Notation::Json, "b:=c")),
            ("a%=1", (Some("a"), Notation::Literal, "1")),
            ("=x", (None, Notation::Text, "=x")),
            ("a=:=b", (Some("a"), Notation::Text, ":=b")),
            ("a:b:=c", (Some("a:b:"), Notation::Text, "c")),
            ("a b=1", (Some("a b"), Notation::Text, "1")),
            ("", (None, Notation::Text, "")),
        ] {
            assert_eq!(split(argument), expected, "{argument}");
        }
    }
}

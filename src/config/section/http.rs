//! `[http]`: pages for monitoring systems.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::horse::octal;
use super::{Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;

section! {
    /// Pages for monitoring systems: `/metrics`, `/livez`, `/readyz` and `/status`. There are none unless `listen` is set.
    Http as "http" {
        /// Where the pages are: an address and a port, or `unix:` and a path.
        listen: Option<Place> = Key::new(Kind::Text).check(place).example("\"127.0.0.1:9464\""), Immediate;
        /// What whoever asks has to show as a bearer token. Without it, `/livez` and `/readyz` then tell yes or no and nothing
        /// else.
        token: Option<SecretString> = Key::new(Kind::Secret).check(token).example("\"a long random text\""), Immediate;
        /// Whether others may look without a token, where `listen` is no address of this machine alone.
        allow_anonymous: bool = Key::new(Kind::Boolean).default("false"), Immediate;
        /// Who may use a Unix socket, in the notation of `chmod`.
        mode: String = Key::new(Kind::Text).check(octal).default("\"0660\""), Immediate;
        /// How many clients are served at a time; the others wait.
        max_connections: u64 = Key::integer(1, 1_000).default("32"), Immediate;
        /// How long a client may take to ask, and to take the answer.
        timeout: Duration = Key::span(100).default("\"5s\""), Immediate;
    }
}

/// Where pages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Place {
    /// Reads `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464` or `unix:/run/rq/http.sock`.
    fn read(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return (path.is_absolute() && path.file_name().is_some()).then_some(Self::Unix(path));
        }
        let address = match text.strip_prefix("localhost:") {
            Some(port) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?),
            None => text.parse().ok()?,
        };
        (address.port() != 0).then_some(Self::Tcp(address))
    }

    /// Whether only this machine can reach it.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("this is no place to listen at"))
    }
}

fn place(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if Place::read(text).is_none() => Err(Mismatch::new(
            "an address of this machine and a port, such as 127.0.0.1:9464, or unix: and an absolute path",
            format!("{text:?}"),
        )),
        _ => Ok(()),
    }
}

/// The fewest characters of a token: what is shorter is guessed.
const SHORTEST: usize = 8;

/// Nothing of it is told.
fn token(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if text.trim().len() < SHORTEST => {
            Err(Mismatch::new(format!("at least {SHORTEST} characters"), "fewer"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_and_known_to_be_local_or_not() {
        let cases = [
            ("127.0.0.1:9464", Some(true)),
            ("localhost:80", Some(true)),
            ("[::1]:9464", Some(true)),
            ("[::ffff:127.0.0.1]:9464", Some(true)),
            ("0.0.0.0:9464", Some(false)),
            ("[::]:9464", Some(false)),
            ("unix:/run/rq/http.sock", Some(true)),
            ("unix:http.sock", None),
            ("unix:/", None),
            ("127.0.0.1", None),
            ("127.0.0.1:0", None),
            ("example.org:80", None),
            ("", None),
        ];

        for (text, local) in cases {
            assert_eq!(Place::read(text).map(|place| place.is_local()), local, "{text}");
        }
    }
}

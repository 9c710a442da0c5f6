//! What can go wrong between the daemon and Redis.

use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::{ErrorKind, RedisError};

use super::address::AddressError;

/// Why Redis could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// Nobody answered, the connection broke or timed out, or the server cannot serve yet (it loads its data,
    /// or another one becomes master). Whether a command that was under way took effect is unknown.
    #[error("redis at {address} is away: {}", told(.cause))]
    Away {
        /// The server, without secrets.
        address: String,
        /// The server's error code, when it was the server that said so.
        code: Option<String>,
        /// What the last attempt met.
        #[source]
        cause: RedisError,
    },
    /// The server answered with an error: authentication, permission, wrong type, out of memory.
    #[error("redis at {address} refused: {}", told(.cause))]
    Refused {
        /// The server, without secrets.
        address: String,
        /// The server's error code.
        code: Option<String>,
        /// The server's answer.
        #[source]
        cause: RedisError,
    },
    /// TLS failed over something that no time cures.
    #[error("cannot set up TLS with redis at {address}: {}", told(.cause))]
    Insecure {
        /// The server, without secrets.
        address: String,
        /// What stands in the way.
        obstacle: TlsObstacle,
        /// What the library says of it.
        #[source]
        cause: RedisError,
    },
    /// The server answered something that we cannot read.
    #[error("cannot read the answer of redis at {address}: {what}")]
    Malformed {
        /// The server, without secrets.
        address: String,
        /// What was wrong with the answer.
        what: String,
    },
    /// The connection cannot be made with the settings given, whatever the server does.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// What stands in the way of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsObstacle {
    /// No authority that we know has signed the server's certificate.
    Unknown,
    /// The server's certificate is for another name.
    OtherName,
    /// The server's certificate is not valid yet, or not any more.
    NotNow,
    /// The server does not accept us.
    Unaccepted,
    /// The other side speaks something else.
    NotSpoken,
}

impl StoreError {
    /// Sorts what the client library reports, for the server at `address`.
    pub(super) fn sort(address: &str, cause: RedisError) -> Self {
        let (address, code) = (address.to_owned(), server_code(&cause));
        if let Some(obstacle) = tls_error(&cause).and_then(obstacle) {
            return Self::Insecure { address, obstacle, cause };
        }
        match cause.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::Client => {
                Self::Malformed { address, what: cause.to_string() }
            }
            ErrorKind::Io if is_impossible(&cause) => Self::Refused { address, code, cause },
            ErrorKind::Io => Self::Away { address, code, cause },
            _ if code.as_deref().is_some_and(|code| is_passing(code, &cause)) => {
                Self::Away { address, code, cause }
            }
            _ => Self::Refused { address, code, cause },
        }
    }

    /// An answer that is well-formed but not what the command is known to give.
    pub(super) fn unexpected(address: &str, what: impl Into<String>) -> Self {
        Self::Malformed { address: address.to_owned(), what: what.into() }
    }

    /// The same, once it is known that the server is there.
    pub(super) fn refused(self) -> Self {
        match self {
            Self::Away { address, code, cause } => Self::Refused { address, code, cause },
            other => other,
        }
    }

    /// Whether trying again later may help, without anyone changing a setting.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// Whether the server takes no value of that length, however often it is sent.
    pub(crate) fn is_too_long(&self) -> bool {
        matches!(self, Self::Refused { cause, .. } if told(cause).contains(TOO_LONG))
    }

    /// The server's error code (`OOM`, `NOPERM`, `WRONGTYPE`), when it answered with one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Away { code, .. } | Self::Refused { code, .. } => code.as_deref(),
            Self::Insecure { .. } | Self::Malformed { .. } | Self::Address(_) => None,
        }
    }
}

/// Whether a connection that met this error is of no more use.
///
/// A server that turned into a replica is such a case: only a new connection finds the new master.
pub(super) fn breaks_connection(cause: &RedisError) -> bool {
    matches!(cause.kind(), ErrorKind::Io | ErrorKind::Parse)
        || matches!(server_code(cause).as_deref(), Some("READONLY" | "MASTERDOWN" | "UNBLOCKED"))
}

/// The server's error in its own words, or what the library says.
fn told(cause: &RedisError) -> String {
    let errors = cause.clone().into_server_errors();
    match errors.as_ref().and_then(|errors| errors.first()) {
        Some((_, error)) => [error.code(), error.details().unwrap_or_default()].join(" "),
        None => cause.to_string(),
    }
}

/// What the server says, before it hangs up, of a value that is longer than it takes.
const TOO_LONG: &str = "Protocol error: invalid bulk length";

/// The first word of the server's error; of a pipeline's errors, that of the first.
fn server_code(cause: &RedisError) -> Option<String> {
    let errors = cause.clone().into_server_errors()?;
    let (_, error) = errors.first()?;
    // Before version 7, Redis wraps the error of a command in a script: "ERR Error running script (call to …):
    // @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica."
    let wrapped =
        error.details().filter(|text| error.code() == "ERR" && text.starts_with("Error running script"));
    let inner =
        wrapped.and_then(|text| text.split_once(": -")).and_then(|(_, inner)| inner.split(' ').next());
    Some(inner.unwrap_or(error.code()).to_owned())
}

/// Whether the server's error is one that ends by itself.
fn is_passing(code: &str, cause: &RedisError) -> bool {
    match code {
        // It loads its data, becomes a replica, or waits for others of its kind; a script runs for too long.
        "LOADING" | "READONLY" | "MASTERDOWN" | "UNBLOCKED" | "NOREPLICAS" | "CLUSTERDOWN" | "TRYAGAIN"
        | "BUSY" => true,
        "ERR" => cause.detail().is_some_and(|text| text.starts_with("max number of clients")),
        _ => false,
    }
}

/// Whether no socket can have such an address: waiting does not help against that.
fn is_impossible(cause: &RedisError) -> bool {
    io_error(cause).is_some_and(|error| error.kind() == io::ErrorKind::InvalidInput)
}

/// The library's error about TLS.
fn tls_error(cause: &RedisError) -> Option<&rustls::Error> {
    io_error(cause)?.get_ref()?.downcast_ref()
}

/// What stands in the way, when waiting does not help against it.
fn obstacle(error: &rustls::Error) -> Option<TlsObstacle> {
    use rustls::{CertificateError as Certificate, Error};
    match error {
        Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => Some(TlsObstacle::OtherName),
        Error::InvalidCertificate(
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. },
        ) => Some(TlsObstacle::NotNow),
        Error::InvalidCertificate(_) => Some(TlsObstacle::Unknown),
        Error::AlertReceived(_) => Some(TlsObstacle::Unaccepted),
        Error::NoCertificatesPresented | Error::InvalidMessage(_) | Error::PeerIncompatible(_) => {
            Some(TlsObstacle::NotSpoken)
        }
        _ => None,
    }
}

/// The system's error inside the library's, which wraps it twice.
fn io_error(cause: &RedisError) -> Option<&io::Error> {
    let source = cause.source()?;
    source.downcast_ref::<Arc<dyn Error + Send + Sync>>()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(cause: impl Into<RedisError>) -> StoreError {
        StoreError::sort("redis://h:6379/0", cause.into())
    }

    #[test]
    fn what_the_system_reports_is_away_unless_no_time_can_cure_it() {
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::TimedOut,
            io::ErrorKind::UnexpectedEof,
        ] {
            assert!(sorted(io::Error::new(kind, "x")).is_away(), "{kind:?}");
        }
        assert!(!sorted(io::Error::new(io::ErrorKind::InvalidInput, "path too long")).is_away());
    }

    #[test]
    fn what_stands_in_the_way_of_tls_is_told_apart() {
        use rustls::{AlertDescription, CertificateError as Certificate, Error, InvalidMessage};

        for (error, expected) in [
            (Error::InvalidCertificate(Certificate::UnknownIssuer), TlsObstacle::Unknown),
            (Error::InvalidCertificate(Certificate::NotValidForName), TlsObstacle::OtherName),
            (Error::InvalidCertificate(Certificate::Expired), TlsObstacle::NotNow),
            (Error::InvalidCertificate(Certificate::NotValidYet), TlsObstacle::NotNow),
            (Error::AlertReceived(AlertDescription::CertificateRequired), TlsObstacle::Unaccepted),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), TlsObstacle::NotSpoken),
            (Error::NoCertificatesPresented, TlsObstacle::NotSpoken),
        ] {
            let told = error.to_string();

            let StoreError::Insecure { obstacle, .. } =
                sorted(io::Error::new(io::ErrorKind::InvalidData, error))
            else {
                panic!("{told} should be about TLS")
            };
            assert_eq!(obstacle, expected, "{told}");
        }
    }

    /// What becomes of an error that the server answers with.
    fn answer(text: &str) -> StoreError {
        let value = redis::parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
        sorted(value.extract_error().unwrap_err())
    }

    #[test]
    fn what_the_server_says_is_away_when_it_ends_by_itself() {
        for (text, code, away) in [
            ("LOADING Redis is loading the dataset in memory", "LOADING", true),
            ("READONLY You can't write against a read only replica.", "READONLY", true),
            ("MASTERDOWN Link with MASTER is down", "MASTERDOWN", true),
            ("BUSY Redis is busy running a script.", "BUSY", true),
            ("NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", true),
            ("UNBLOCKED force unblock from blocking operation", "UNBLOCKED", true),
            ("ERR max number of clients reached", "ERR", true),
            ("ERR unknown command", "ERR", false),
            ("OOM command not allowed when used memory > 'maxmemory'.", "OOM", false),
            ("NOAUTH Authentication required.", "NOAUTH", false),
            ("WRONGPASS invalid username-password pair", "WRONGPASS", false),
            ("NOPERM this user has no permissions", "NOPERM", false),
            ("WRONGTYPE Operation against a key", "WRONGTYPE", false),
            ("NOSCRIPT No matching script.", "NOSCRIPT", false),
            (
                "ERR Error running script (call to f_a): @user_script:1: @user_script: 1: -READONLY You",
                "READONLY",
                true,
            ),
            (
                "ERR Error running script (call to f_a): @user_script:1: @user_script: 1: -OOM command",
                "OOM",
                false,
            ),
            ("ERR Error running script (call to f_a): @user_script:1: attempt to index nil", "ERR", false),
        ] {
            let error = answer(text);

            assert_eq!((error.code(), error.is_away()), (Some(code), away), "{text}");
            assert!(error.to_string().ends_with(text), "{error}");
        }
    }

    #[test]
    fn a_text_tells_what_where_and_why() {
        let error = sorted(io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens"));

        assert_eq!(error.to_string(), "redis at redis://h:6379/0 is away: nobody listens");
    }
}

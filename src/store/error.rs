//! What can go wrong between the daemon and Redis.

use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::address::AddressError;

/// Why Redis could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// Nobody answered, the connection broke or timed out, or the server cannot serve yet (it loads its data,
    /// or another one becomes master). Whether a command that was under way took effect is unknown.
    #[error("redis at {address} is away: {cause}")]
    Away {
        /// The server, without secrets.
        address: String,
        /// What the last attempt met.
        #[source]
        cause: RedisError,
    },
    /// The server answered with an error: authentication, permission, wrong type, out of memory.
    #[error("redis at {address} refused: {cause}")]
    Refused {
        /// The server, without secrets.
        address: String,
        /// The server's answer.
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

impl StoreError {
    /// Sorts what the client library reports, for the server at `address`.
    pub(super) fn sort(address: &str, cause: RedisError) -> Self {
        let address = address.to_owned();
        match cause.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::Client => {
                Self::Malformed { address, what: cause.to_string() }
            }
            ErrorKind::Io if is_settled(&cause) => Self::Refused { address, cause },
            ErrorKind::Io | ErrorKind::MasterNameNotFoundBySentinel => Self::Away { address, cause },
            _ if is_passing(&cause) => Self::Away { address, cause },
            _ => Self::Refused { address, cause },
        }
    }

    /// An answer that is well-formed but not what the command is known to give.
    pub(super) fn unexpected(address: &str, what: impl Into<String>) -> Self {
        Self::Malformed { address: address.to_owned(), what: what.into() }
    }

    /// Whether trying again later may help, without anyone changing a setting.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// The server's error code (`OOM`, `NOPERM`, `WRONGTYPE`), when it answered with one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Away { cause, .. } | Self::Refused { cause, .. } => cause.code(),
            Self::Malformed { .. } | Self::Address(_) => None,
        }
    }
}

/// Whether a connection that met this error is of no more use.
///
/// A server that turned into a replica is such a case: only a new connection finds the new master.
pub(super) fn breaks_connection(cause: &RedisError) -> bool {
    match cause.kind() {
        ErrorKind::Io | ErrorKind::Parse => true,
        ErrorKind::Server(kind) => {
            matches!(kind, ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        }
        _ => cause.code() == Some("UNBLOCKED"),
    }
}

/// Whether the server's error is one that ends by itself.
fn is_passing(cause: &RedisError) -> bool {
    match cause.kind() {
        ErrorKind::Server(kind) => match kind {
            ServerErrorKind::BusyLoading
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::TryAgain => true,
            ServerErrorKind::ResponseError => {
                cause.detail().is_some_and(|text| text.starts_with("max number of clients"))
            }
            _ => false,
        },
        // BUSY: a script runs for too long; NOREPLICAS: too few replicas to write;
        // UNBLOCKED: the server became a replica while a command was blocked on it.
        ErrorKind::Extension => matches!(cause.code(), Some("BUSY" | "NOREPLICAS" | "UNBLOCKED")),
        _ => false,
    }
}

/// Whether TLS failed over a certificate, or because the other side speaks none; or no socket can have such an
/// address. Waiting does not help against either.
fn is_settled(cause: &RedisError) -> bool {
    let Some(error) = io_error(cause) else { return false };
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    error.kind() == io::ErrorKind::InvalidInput
        || matches!(
            tls,
            Some(
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::AlertReceived(_)
                    | rustls::Error::InvalidMessage(_)
                    | rustls::Error::PeerIncompatible(_)
            )
        )
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
        let tls = rustls::Error::NoCertificatesPresented;
        assert!(!sorted(io::Error::new(io::ErrorKind::InvalidData, tls)).is_away());
    }

    #[test]
    fn a_text_tells_what_where_and_why() {
        let error = sorted(io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens"));

        assert_eq!(error.to_string(), "redis at redis://h:6379/0 is away: nobody listens");
    }
}

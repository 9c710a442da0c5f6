//! Pages for monitoring systems, over HTTP: a few to look at, and nothing that could be changed by them.

mod answer;
mod door;

use std::time::Duration;

pub(super) use door::{Door, problems};
use secrecy::SecretString;

use crate::config::Http;

/// How clients are treated.
pub(super) struct Rules {
    token: Option<SecretString>,
    timeout: Duration,
    max_connections: usize,
    /// Who may use a socket.
    mode: u32,
}

impl Rules {
    pub(super) fn of(settings: &Http) -> Self {
        Self {
            token: settings.token.clone(),
            timeout: settings.timeout,
            max_connections: usize::try_from(settings.max_connections).unwrap_or(usize::MAX),
            mode: mode(settings),
        }
    }
}

/// What was checked to be octal digits.
fn mode(settings: &Http) -> u32 {
    u32::from_str_radix(&settings.mode, 8).unwrap_or(0o600)
}

impl Default for Rules {
    fn default() -> Self {
        Self { token: None, timeout: Duration::from_secs(5), max_connections: 1, mode: 0o600 }
    }
}

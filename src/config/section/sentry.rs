//! `[sentry]`: where failures are reported.

use std::path::PathBuf;

use secrecy::SecretString;

use super::{Key, section};
use crate::config::kind::Kind;

section! {
    /// Where failures are reported.
    Sentry as "sentry" {
        /// Address of the Sentry project; nothing is reported when unset.
        dsn: Option<SecretString> = Key::new(Kind::Dsn).rq("SENTRY_DSN").variable("RQ_SENTRY_DSN")
            .option("--sentry-dsn").example("\"https://key@sentry.example/1\""), Immediate;
        /// File of the certificates that may sign Sentry's; the system's when unset.
        ca_certs: Option<PathBuf> = Key::new(Kind::Path).variable("RQ_SENTRY_CA_CERTS").option("--sentry-ca-certs")
            .example("\"/etc/ssl/sentry-ca.pem\""), Immediate;
        /// Whether to log what is sent to Sentry.
        debug: bool = Key::new(Kind::Boolean).variable("RQ_SENTRY_DEBUG").option("--sentry-debug")
            .default("false"), Immediate;
    }
}

impl Sentry {
    /// Whether anything here asks for reports.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.dsn.is_some() || self.ca_certs.is_some() || self.debug
    }
}

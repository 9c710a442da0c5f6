//! One request, sent as Python's `urllib` sends it.

use std::sync::Arc;

use rustls::crypto::ring;
use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::message::Hook;
use crate::event::in_words;

/// Who sends requests; threads share it.
pub(super) struct Sender(Agent);

impl Sender {
    /// Reads the system's certificate authorities; that there are none is no obstacle to plain HTTP.
    pub(super) fn new() -> Self {
        let system = rustls_native_certs::load_native_certs();
        let roots: Vec<_> =
            system.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::new_with_certs(&roots))
            .build();
        // Every request has a connection of its own, as in RQ: what is kept open would be closed by the other side at some time.
        let config = Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("rqd/", env!("CARGO_PKG_VERSION")))
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .max_idle_connections(0)
            .build();
        Self(config.into())
    }

    /// Sends a request and waits for the head of its answer, within the hook's time. RQ: only what begins with 2 is a success.
    pub(super) fn send(&self, hook: &Hook, body: &str) -> Result<(), String> {
        let answer = if hook.post {
            let mut request = self.0.post(&hook.url).config().timeout_global(Some(hook.timeout)).build();
            if !hook.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                request = request.header("Content-Type", "application/json");
            }
            for (name, value) in &hook.headers {
                request = request.header(name, value);
            }
            request.send(body.as_bytes()).map_err(|error| in_words(&error))?
        } else {
            let mut request = self.0.get(&hook.url).config().timeout_global(Some(hook.timeout)).build();
            for (name, value) in &hook.headers {
                request = request.header(name, value);
            }
            request.call().map_err(|error| in_words(&error))?
        };
        if answer.status().is_success() { Ok(()) } else { Err(format!("the answer was {}", answer.status())) }
    }
}

//! The way to Sentry: HTTP with time limits, the certificates that count, and a proxy if the environment names one.

use std::error::Error as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::{Options, SentryError};

/// How long connecting may take, and all of a request.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
const CLIENT: &str = concat!("rqd/", env!("CARGO_PKG_VERSION"));

/// What came of a request.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) rate_limits: Option<String>,
    pub(super) retry_after: Option<String>,
}

/// Where envelopes go, and how.
pub(super) struct Transport {
    endpoint: String,
    auth: String,
    /// Those of a file; without one, the system's are read when the first envelope is sent.
    certificates: Option<Vec<CertificateDer<'static>>>,
    proxy: Option<Proxy>,
    agent: Option<Agent>,
}

impl Transport {
    /// Reads the certificates that the options name.
    pub(super) fn new(options: &Options) -> Result<Self, SentryError> {
        let certificates = options.ca_certs.as_ref().map(|path| {
            let text = fs::read(path).map_err(SentryError::Certificates)?;
            let found: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
            if found.is_empty() { Err(SentryError::NoCertificate) } else { Ok(found) }
        });
        let endpoint = options.dsn.endpoint();
        let (key, secret) = options.dsn.keys();
        let secret = secret.map(|secret| format!(", sentry_secret={secret}")).unwrap_or_default();
        let auth = format!("Sentry sentry_key={key}, sentry_version=7, sentry_client={CLIENT}{secret}");
        let secure = endpoint.starts_with("https:");
        let named = proxy(secure, &options.dsn.server().0, |name| std::env::var(name).ok());
        let proxy = named.and_then(|proxy| Proxy::new(&proxy).ok());
        Ok(Self { endpoint, auth, certificates: certificates.transpose()?, proxy, agent: None })
    }

    /// Sends an envelope and waits for the answer, or says why there is none.
    pub(super) fn send(&mut self, body: &[u8]) -> Result<Answer, String> {
        if self.agent.is_none() {
            self.agent = Some(self.connector());
        }
        let agent = self.agent.as_ref().expect("it was just made");
        let answer = agent
            .post(&self.endpoint)
            .header("Content-Type", "application/x-sentry-envelope")
            .header("Content-Encoding", "gzip")
            .header("X-Sentry-Auth", &self.auth)
            .send(body)
            .map_err(|error| told(&error))?;
        let header = |name| answer.headers().get(name).and_then(|text| text.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            status: answer.status().as_u16(),
            rate_limits: header("x-sentry-rate-limits"),
            retry_after: header("retry-after"),
        })
    }

    fn connector(&self) -> Agent {
        let system = || rustls_native_certs::load_native_certs().certs;
        let certificates = self.certificates.clone().unwrap_or_else(system);
        let roots: Vec<_> =
            certificates.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::new_with_certs(&roots))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .user_agent(CLIENT)
            .http_status_as_error(false)
            // Nobody else is to learn the key.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(self.proxy.clone())
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .build();
        config.into()
    }
}

/// The proxy that the environment names for this server, if it names one.
fn proxy(secure: bool, host: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let either = |name: &str| {
        let said = variable(&name.to_lowercase()).or_else(|| variable(name));
        said.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let spared = |rule: &str| {
        let name = rule.trim().trim_start_matches('.');
        !name.is_empty()
            && (name == "*"
                || host == name
                || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
    };
    if either("NO_PROXY").is_some_and(|rules| rules.split(',').any(spared)) {
        return None;
    }
    either(if secure { "HTTPS_PROXY" } else { "HTTP_PROXY" }).or_else(|| either("ALL_PROXY"))
}

/// An error with its causes.
fn told(error: &ureq::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_the_one_of_the_scheme_unless_the_host_is_spared() {
        let environment = [
            ("https_proxy", "http://secure:1"),
            ("HTTP_PROXY", "http://plain:1"),
            ("NO_PROXY", "localhost, .internal,10.0.0.1"),
        ];
        let named = |secure, host: &str| {
            proxy(secure, host, |name| {
                environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let all = |name: &str| (name == "ALL_PROXY").then(|| "socks5://all:1".to_owned());

        assert_eq!(named(true, "sentry.example").as_deref(), Some("http://secure:1"));
        assert_eq!(named(false, "sentry.example").as_deref(), Some("http://plain:1"));
        for spared in ["localhost", "sentry.internal", "10.0.0.1"] {
            assert_eq!(named(true, spared), None, "{spared}");
        }
        assert_eq!(named(true, "notinternal").as_deref(), Some("http://secure:1"));
        assert_eq!(proxy(true, "h", all).as_deref(), Some("socks5://all:1"));
        assert_eq!(proxy(true, "h", |_| None), None);
    }
}

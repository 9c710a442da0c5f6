//! TLS: redis-py's `ssl_*` options, carried out by rustls.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};
use serde_json::{Map, Value};

use super::address::AddressError;
use super::keywords::{boolean, integer, text, wrong};

/// How to secure a connection; files are read anew for each connection, so that renewed ones are found.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) trust: Trust,
    pub(super) check_hostname: bool,
    pub(super) ca_certs: Option<PathBuf>,
    pub(super) ca_path: Option<PathBuf>,
    pub(super) ca_data: Option<String>,
    pub(super) certfile: Option<PathBuf>,
    pub(super) keyfile: Option<PathBuf>,
    pub(super) only_1_3: bool,
}

/// `ssl_cert_reqs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Any certificate will do.
    None,
    /// RQ: `optional` and `required` are one for a client: a server always shows its certificate.
    Required,
}

impl Tls {
    /// Takes the `ssl_*` keywords; opens no file.
    pub(super) fn from_keywords(keywords: &Map<String, Value>) -> Result<Self, AddressError> {
        let path = |name| text(keywords, name).map(|path| path.map(PathBuf::from));
        let trust = match text(keywords, "ssl_cert_reqs")?.as_deref() {
            Some("none") => Trust::None,
            None | Some("required" | "optional") => Trust::Required,
            Some(_) => return Err(wrong("ssl_cert_reqs", "none, optional or required")),
        };
        // The numbers of Python's `ssl.TLSVersion`; rustls speaks nothing older than 1.2.
        let only_1_3 = match integer(keywords, "ssl_min_version")? {
            None | Some(-2 | 768..=771) => false,
            Some(-1 | 772) => true,
            Some(_) => return Err(wrong("ssl_min_version", "771 (TLS 1.2) or 772 (TLS 1.3)")),
        };
        let (certfile, keyfile) = (path("ssl_certfile")?, path("ssl_keyfile")?);
        if keyfile.is_some() && certfile.is_none() {
            return Err(wrong("ssl_keyfile", "given together with ssl_certfile"));
        }
        Ok(Self {
            trust,
            check_hostname: boolean(keywords, "ssl_check_hostname")?.unwrap_or(true),
            ca_certs: path("ssl_ca_certs")?,
            ca_path: path("ssl_ca_path")?,
            ca_data: text(keywords, "ssl_ca_data")?,
            certfile,
            keyfile,
            only_1_3,
        })
    }

    /// Reads the files and makes the client's configuration. This blocks for some milliseconds.
    pub(super) fn config(&self) -> Result<ClientConfig, AddressError> {
        let provider = provider();
        let versions: &[_] = if self.only_1_3 {
            &[&rustls::version::TLS13]
        } else {
            &[&rustls::version::TLS13, &rustls::version::TLS12]
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|error| AddressError::Tls(error.to_string()))?;
        let verifier: Arc<dyn ServerCertVerifier> = match self.trust {
            Trust::None => Arc::new(AnyCertificate { provider }),
            Trust::Required => {
                let given = self.given()?;
                let roots = Arc::new(Self::roots(&given)?);
                let inner = WebPkiServerVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|error| AddressError::Tls(error.to_string()))?;
                Arc::new(Known { inner, check_hostname: self.check_hostname, given })
            }
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let Some(certfile) = &self.certfile else { return Ok(builder.with_no_client_auth()) };
        let chain = certificates("ssl_certfile", certfile)?;
        let key = self.key(certfile)?;
        builder.with_client_auth_cert(chain, key).map_err(|error| {
            let why = format!("its certificate and key do not go together: {error}");
            AddressError::File { option: "ssl_certfile", path: certfile.clone(), why }
        })
    }

    /// All that is wrong with what the options name, found before the first connection.
    pub(super) fn faults(&self) -> Vec<AddressError> {
        let mut faults: Vec<_> = self.authorities().into_iter().filter_map(Result::err).collect();
        if let Some(certfile) = &self.certfile {
            let chain = certificates("ssl_certfile", certfile).err();
            // One file that cannot be read is told once.
            let key = self.keyfile.is_some() || chain.is_none();
            faults.extend(chain);
            faults.extend(key.then(|| self.key(certfile).err()).flatten());
        }
        if faults.is_empty() {
            // What each of them holds may still not go together.
            faults.extend(self.config().err());
        }
        faults
    }

    /// The authorities that the user names.
    fn given(&self) -> Result<Vec<CertificateDer<'static>>, AddressError> {
        let all: Result<Vec<_>, _> = self.authorities().into_iter().collect();
        Ok(all?.concat())
    }

    /// The authorities of each option that is given.
    fn authorities(&self) -> Vec<Result<Vec<CertificateDer<'static>>, AddressError>> {
        let data = |data: &String| {
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(data.as_bytes()).collect();
            found
                .ok()
                .filter(|found| !found.is_empty())
                .ok_or_else(|| wrong("ssl_ca_data", "certificates in PEM form"))
        };
        // A folder of authorities also holds revocation lists and notes.
        let in_folder = |file: PathBuf| certificates("ssl_ca_path", &file).unwrap_or_default();
        let folder = |path: &PathBuf| Ok(files(path)?.into_iter().flat_map(in_folder).collect());
        let file = self.ca_certs.as_ref().map(|file| certificates("ssl_ca_certs", file));
        [file, self.ca_path.as_ref().map(folder), self.ca_data.as_ref().map(data)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The given authorities and the system's, as with Python; only to have none at all is an error.
    fn roots(given: &[CertificateDer<'static>]) -> Result<RootCertStore, AddressError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(given.iter().cloned());
        let system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(system.certs);
        if roots.is_empty() {
            let detail = system.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
            return Err(AddressError::Tls(format!(
                "no certificate authority to trust: the system has none{detail}; \
                 install its ca-certificates package or set ssl_ca_certs"
            )));
        }
        Ok(roots)
    }

    /// The client's key: in its own file, or behind the certificate as OpenSSL allows.
    fn key(&self, certfile: &Path) -> Result<PrivateKeyDer<'static>, AddressError> {
        let (option, path) = match &self.keyfile {
            Some(path) => ("ssl_keyfile", path.as_path()),
            None => ("ssl_certfile", certfile),
        };
        let text = read(option, path)?;
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            let encrypted = text.windows(9).any(|part| part == b"ENCRYPTED");
            let why = if encrypted {
                "its private key is encrypted; write it without a password (openssl pkey -in KEY -out NEW)"
            } else {
                "it holds no private key in PEM form"
            };
            AddressError::File { option, path: path.to_owned(), why: why.into() }
        })
    }
}

/// The process' cryptography: ring, installed once (rustls panics when it must guess).
fn provider() -> Arc<CryptoProvider> {
    if CryptoProvider::get_default().is_none() {
        // A race is lost to another thread that installs the same.
        let _ = ring::default_provider().install_default();
    }
    Arc::clone(CryptoProvider::get_default().expect("it was just installed"))
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, AddressError> {
    fs::read(path).map_err(|error| AddressError::File {
        option,
        path: path.to_owned(),
        why: error.to_string(),
    })
}

/// All certificates of a PEM file; one at least.
fn certificates(option: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, AddressError> {
    let text = read(option, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => {
            let why = "it holds no certificate in PEM form".to_owned();
            Err(AddressError::File { option, path: path.to_owned(), why })
        }
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, AddressError> {
    let trouble = |error: std::io::Error| AddressError::File {
        option: "ssl_ca_path",
        path: folder.to_owned(),
        why: error.to_string(),
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

/// `ssl_cert_reqs=none`: the connection is secret, but from whom it comes is not checked.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// `ssl_cert_reqs=required`: as the library checks, with two things that OpenSSL allows besides.
#[derive(Debug)]
struct Known {
    inner: Arc<WebPkiServerVerifier>,
    /// `ssl_check_hostname`: without it, a trusted authority must have signed, for whatever name.
    check_hostname: bool,
    /// The certificates that the user named as authorities. A server may show one of these itself: that is what
    /// `openssl req -x509` makes for it, a certificate that is an authority and a server's in one.
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.inner.verify_server_cert(certificate, chain, name, stapled, now) {
            // The library looks at the name last, so all other checks were passed.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.check_hostname => Ok(ServerCertVerified::assertion()),
            // It looks at the dates before this, and at the name after it.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(cause)))
                if is_authority(&cause) && self.given.iter().any(|given| given == certificate) =>
            {
                if self.check_hostname {
                    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Whether the server's certificate was refused for being an authority's.
fn is_authority(cause: &OtherError) -> bool {
    cause.0.downcast_ref::<webpki::Error>() == Some(&webpki::Error::CaUsedAsEndEntity)
}

#[cfg(test)]
mod tests;

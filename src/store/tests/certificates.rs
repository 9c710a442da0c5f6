//! Certificates for one test, made by the openssl command.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A folder with an authority `ca`, a server's `server` (for localhost), a `stranger`'s (for another name),
/// a `client`'s, and a server's that is `alone`: signed by itself, as `openssl req -x509` makes one.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn make() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.sign_itself("ca", &[]);
        made.sign_itself("alone", &["-addext", "subjectAltName=DNS:localhost"]);
        for (name, alternative) in [
            ("server", "DNS:localhost,IP:127.0.0.1"),
            ("stranger", "DNS:elsewhere"),
            ("client", "DNS:client"),
        ] {
            made.sign(name, alternative);
        }
        made
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// The path as text.
    pub(crate) fn file(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }

    fn key(name: &str) -> Vec<String> {
        let text = format!(
            "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -subj /CN={name}"
        );
        text.split(' ').map(str::to_owned).collect()
    }

    fn sign_itself(&self, name: &str, more: &[&str]) {
        let out = format!("{name}.pem");
        let mut arguments = vec!["req", "-x509", "-days", "2", "-out", &out];
        let key = Self::key(name);
        arguments.extend(key.iter().map(String::as_str).chain(more.iter().copied()));
        self.openssl(&arguments);
    }

    fn sign(&self, name: &str, alternative: &str) {
        std::fs::write(self.path("extensions"), format!("subjectAltName={alternative}\n")).unwrap();
        let (request, out) = (format!("{name}.csr"), format!("{name}.pem"));
        let key = Self::key(name);
        let mut arguments = vec!["req", "-new", "-out", &request];
        arguments.extend(key.iter().map(String::as_str));
        self.openssl(&arguments);
        let text = format!(
            "x509 -req -in {request} -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out {out}"
        );
        self.openssl(&text.split(' ').collect::<Vec<_>>());
    }

    pub(crate) fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").current_dir(self.0.path()).args(arguments).output();
        let output = output.expect("openssl must be on PATH");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

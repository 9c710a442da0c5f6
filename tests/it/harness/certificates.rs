//! Certificates for one test, made by the openssl command.

use std::{fs, path::Path, process::Command};

/// Makes an authority, `ca.pem`, and what it vouches for: `server.pem` (for 127.0.0.1) and `client.pem`; their keys end in `.key`.
pub(crate) fn make_certificates(folder: &Path) {
    // Python's ssl is strict about what an authority and a certificate must state, from 3.13 on.
    fs::write(
        folder.join("openssl.cnf"),
        "[req]\ndistinguished_name = name\n[name]\n\
         [ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash\n\
         [server]\nauthorityKeyIdentifier = keyid\nsubjectAltName = IP:127.0.0.1\n\
         [client]\nauthorityKeyIdentifier = keyid\n",
    )
    .unwrap();
    let key = "-config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        folder,
        &format!("req -x509 {key} -extensions ca -days 2 -subj /CN=ca -keyout ca.key -out ca.pem"),
    );
    for name in ["server", "client"] {
        openssl(folder, &format!("req -new {key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        let signer = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile openssl.cnf";
        openssl(folder, &format!("x509 -req -in {name}.csr {signer} -extensions {name} -out {name}.pem"));
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output();
    let output = output.expect("openssl must be on PATH");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

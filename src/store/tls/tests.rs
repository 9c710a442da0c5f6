use redis::cmd;

use crate::store::tests::certificates::Certificates;
use crate::store::tests::server::{Server, run, words};
use crate::store::{Address, Client, StoreError};

/// What is wrong with the files of a URL, before anything is asked of a server.
fn faults(url: &str) -> Vec<String> {
    Address::from_url(url).unwrap().unusable_files().iter().map(ToString::to_string).collect()
}

/// A server that speaks TLS, with one of the certificates, and may ask for the client's.
fn server(certificates: &Certificates, name: &str, clients: &str) -> (Server, u16) {
    let file = |suffix| certificates.file(&format!("{name}.{suffix}"));
    Server::start_on_port(|port| {
        words(&format!(
            "--bind 127.0.0.1 --tls-port {port} --tls-cert-file {} --tls-key-file {} --tls-ca-cert-file {} \
             --tls-auth-clients {clients}",
            file("pem"),
            file("key"),
            certificates.file("ca.pem")
        ))
    })
}

/// What a `PING` by this URL comes to.
fn ping(url: &str) -> Result<(), StoreError> {
    let client = Client::new(Address::from_url(url).unwrap(), None);
    run(async { client.run(&cmd("PING")).await.map(drop) })
}

#[track_caller]
fn refused(url: &str, reason: &str) {
    let error = ping(url).unwrap_err();
    assert!(!error.is_away(), "{url}: {error}");
    assert!(error.to_string().contains(reason), "{url}: {error}");
}

#[test]
fn a_server_is_trusted_through_the_authority_that_is_given() {
    let files = Certificates::make();
    let (_server, port) = server(&files, "server", "no");
    let ca = files.file("ca.pem");
    std::fs::create_dir(files.path("authorities")).unwrap();
    std::fs::copy(&ca, files.path("authorities/ca.0")).unwrap();
    std::fs::write(files.path("authorities/README"), "no certificate").unwrap();
    let text = std::fs::read_to_string(&ca).unwrap();
    let data: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();

    ping(&format!("rediss://localhost:{port}?ssl_ca_certs={ca}")).unwrap();
    ping(&format!("rediss://127.0.0.1:{port}?ssl_ca_certs={ca}&ssl_min_version=772")).unwrap();
    ping(&format!("rediss://localhost:{port}?ssl_ca_path={}", files.file("authorities"))).unwrap();
    ping(&format!("rediss://localhost:{port}?ssl_ca_data={data}&ssl_cert_reqs=optional")).unwrap();
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused_unless_that_is_asked_for() {
    let files = Certificates::make();
    let (_server, port) = server(&files, "server", "no");
    let other = files.file("alone.pem");

    for level in ["required", "optional"] {
        let url = format!("rediss://localhost:{port}?ssl_ca_certs={other}&ssl_cert_reqs={level}");
        refused(&url, "invalid peer certificate");
    }
    ping(&format!("rediss://localhost:{port}?ssl_cert_reqs=none")).unwrap();
}

#[test]
fn a_certificate_for_another_name_is_refused_unless_names_do_not_count() {
    let files = Certificates::make();
    let (_server, port) = server(&files, "stranger", "no");
    let ca = files.file("ca.pem");
    let alone = files.file("alone.pem");

    refused(&format!("rediss://localhost:{port}?ssl_ca_certs={ca}"), "elsewhere");
    ping(&format!("rediss://localhost:{port}?ssl_ca_certs={ca}&ssl_check_hostname=false")).unwrap();
    let url = format!("rediss://localhost:{port}?ssl_ca_certs={alone}&ssl_check_hostname=false");
    refused(&url, "invalid peer certificate");
}

#[test]
fn a_certificate_signed_by_itself_is_trusted_when_it_is_the_given_one() {
    let files = Certificates::make();
    let (_server, port) = server(&files, "alone", "no");
    let (alone, ca) = (files.file("alone.pem"), files.file("ca.pem"));

    ping(&format!("rediss://localhost:{port}?ssl_ca_certs={alone}")).unwrap();
    refused(&format!("rediss://127.0.0.1:{port}?ssl_ca_certs={alone}"), "certificate");
    ping(&format!("rediss://127.0.0.1:{port}?ssl_ca_certs={alone}&ssl_check_hostname=no")).unwrap();
    refused(&format!("rediss://localhost:{port}?ssl_ca_certs={ca}"), "certificate");
}

#[test]
fn a_client_shows_its_certificate_to_a_server_that_asks() {
    let files = Certificates::make();
    let (_server, port) = server(&files, "server", "yes");
    let (cert, key) = (files.file("client.pem"), files.file("client.key"));
    let both = files.file("both.pem");
    std::fs::write(
        &both,
        std::fs::read(&cert).unwrap().into_iter().chain(std::fs::read(&key).unwrap()).collect::<Vec<_>>(),
    )
    .unwrap();
    let url = format!("rediss://localhost:{port}?ssl_ca_certs={}", files.file("ca.pem"));

    ping(&format!("{url}&ssl_certfile={cert}&ssl_keyfile={key}")).unwrap();
    ping(&format!("{url}&ssl_certfile={both}")).unwrap();
    assert!(ping(&url).is_err());
}

#[test]
fn files_that_are_of_no_use_are_named_with_the_reason() {
    let files = Certificates::make();
    let (_server, port) = server(&files, "server", "no");
    let (ca, cert) = (files.file("ca.pem"), files.file("client.pem"));
    files.openssl(&["pkey", "-in", "client.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"]);
    std::fs::write(files.path("junk"), "not PEM").unwrap();
    let url = format!("rediss://localhost:{port}?");
    let (junk, locked, other) = (files.file("junk"), files.file("locked.key"), files.file("server.key"));

    refused(&format!("{url}ssl_ca_certs=/none/ca.pem"), "ssl_ca_certs /none/ca.pem: No such file");
    refused(&format!("{url}ssl_ca_certs={junk}"), "no certificate in PEM form");
    refused(&format!("{url}ssl_ca_path=/none"), "ssl_ca_path /none: No such file");
    refused(&format!("{url}ssl_ca_data=junk"), "ssl_ca_data must be certificates in PEM form");
    refused(&format!("{url}ssl_ca_certs={ca}&ssl_certfile={junk}"), "no certificate in PEM form");
    refused(&format!("{url}ssl_ca_certs={ca}&ssl_certfile={cert}"), "no private key in PEM form");
    refused(&format!("{url}ssl_ca_certs={ca}&ssl_certfile={cert}&ssl_keyfile={locked}"), "is encrypted");
    refused(&format!("{url}ssl_ca_certs={ca}&ssl_certfile={cert}&ssl_keyfile={other}"), "do not go together");
}

#[test]
fn a_server_without_tls_is_not_waited_for_longer_than_it_takes_to_connect() {
    let (_server, port) = Server::start_on_port(|port| words(&format!("--bind 127.0.0.1 --port {port}")));

    assert!(ping(&format!("redis://127.0.0.1:{port}")).is_ok());
    let error = ping(&format!("rediss://127.0.0.1:{port}?socket_connect_timeout=0.2")).unwrap_err();

    assert!(error.to_string().contains("no connection within 200ms"), "{error}");
}

#[test]
fn all_files_of_no_use_are_found_before_a_connection_is_made() {
    let files = Certificates::make();
    let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"].map(|name| files.file(name));

    assert_eq!(
        faults("rediss://h?ssl_ca_certs=/a&ssl_ca_path=/b&ssl_certfile=/c&ssl_keyfile=/d"),
        ["ssl_ca_certs /a", "ssl_ca_path /b", "ssl_certfile /c", "ssl_keyfile /d"]
            .map(|what| format!("cannot use {what}: No such file or directory (os error 2)"))
    );
    // One that holds certificate and key is told once, and trust that is not asked for does not hide it.
    assert_eq!(faults("rediss://h?ssl_cert_reqs=none&ssl_certfile=/c").len(), 1);
    assert_eq!(
        faults(&format!("rediss://h?ssl_ca_certs={ca}&ssl_certfile={cert}")),
        [format!("cannot use ssl_certfile {cert}: it holds no private key in PEM form")]
    );
    let other = files.file("server.key");
    let [pair] =
        &faults(&format!("rediss://h?ssl_ca_certs={ca}&ssl_certfile={cert}&ssl_keyfile={other}"))[..]
    else {
        panic!("one thing is wrong")
    };
    assert!(pair.contains("do not go together"), "{pair}");
    let good = format!("rediss://h?ssl_ca_certs={ca}&ssl_certfile={cert}&ssl_keyfile={key}");
    assert_eq!(faults(&good), [""; 0]);
    assert_eq!(faults("redis://h"), [""; 0]);
}

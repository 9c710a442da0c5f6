//! TLS that cannot be: files of no use, and servers that nobody vouches for.

use std::path::{Path, PathBuf};

use super::Folder;
use super::folder::{assert_refused, run};
use crate::harness::{Exit, World, free_port};

#[test]
fn files_of_no_use_are_told_before_any_server_is_asked() {
    let folder = Folder::with(&[("junk.pem", "no certificate")]);
    let variables = [
        ("REDIS_SSL", "1"),
        ("REDIS_SSL_CA_CERTS", "/nope.pem"),
        ("REDIS_SSL_CERTFILE", "junk.pem"),
        ("REDIS_SSL_KEYFILE", "/nope.key"),
        ("REDIS_PORT", "1"),
    ];
    for arguments in [&["config", "check"][..], &["worker", "--burst"], &["worker"], &["cron"]] {
        let mut command = folder.rq(arguments);
        command.envs(variables);

        let exit = run(command);

        let told = [
            "error: cannot use redis.ssl_ca_certs from environment variable REDIS_SSL_CA_CERTS: must be a file of \
             certificates in PEM form, found \"/nope.pem\": No such file or directory",
            "error: cannot use redis.ssl_certfile from environment variable REDIS_SSL_CERTFILE: must be a file of \
             certificates in PEM form, found \"junk.pem\": it holds no certificate in PEM form",
            "error: cannot use redis.ssl_keyfile from environment variable REDIS_SSL_KEYFILE: must be the file of a \
             private key in PEM form, found \"/nope.key\": No such file or directory",
        ];
        assert_refused(&exit, 78, &told);
        assert_eq!(exit.stderr.matches("error: ").count(), told.len(), "{}", exit.stderr);
    }
}

#[test]
fn a_file_that_a_url_or_sentinel_names_is_told_with_its_option() {
    let sentinel = "[SENTINEL]\nSSL = true\nCONNECTION_KWARGS = {ssl_ca_certs = \"/one\"}\n\
                    SENTINEL_KWARGS = {ssl = true, ssl_ca_certs = \"/two\"}\n";
    let folder = Folder::with(&[("rq.toml", sentinel)]);

    let url = folder.run(&["config", "check", "--url", "rediss://u:hidden@h?ssl_ca_certs=/nope"]);
    let sentinel = folder.run(&["config", "check", "-c", "rq.toml"]);

    assert_refused(&url, 78, &["cannot use redis.url from option --url: option ssl_ca_certs must be a file"]);
    assert!(!url.stderr.contains("hidden"), "{}", url.stderr);
    let file = folder.path("rq.toml").display().to_string();
    let told = [
        format!(
            "cannot use SENTINEL from {file}, line 1: option ssl_ca_certs must be a file of certificates"
        ),
        format!("{file}, line 1: option ssl_ca_certs of its SENTINEL_KWARGS must be a file of certificates"),
    ];
    assert_refused(&sentinel, 78, &told.each_ref().map(String::as_str));
}

#[test]
fn tls_settings_without_tls_are_told_to_have_no_effect() {
    let folder = Folder::new();
    let mut command = folder.rq(&["config", "check"]);
    command.env("REDIS_SSL_CA_CERTS", "/nope.pem");

    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let told = "warning: redis.ssl_ca_certs from environment variable REDIS_SSL_CA_CERTS has no effect, as redis.ssl is off";
    assert!(exit.stderr.contains(told), "{}", exit.stderr);
}

/// Makes a certificate for localhost that signs itself, and its key.
pub(super) fn certificate(world: &World, name: &str) -> PathBuf {
    let mut openssl = world.command(Path::new("openssl"));
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=redis", "-addext", "subjectAltName=DNS:localhost", "-keyout"]);
    openssl.args([&format!("{name}.key"), "-out", &format!("{name}.pem")]);
    assert!(openssl.output().expect("openssl must be on PATH").status.success());
    world.path(&format!("{name}.pem"))
}

/// Makes the world's server speak TLS too, with a certificate of that name; the port.
pub(super) fn speak_tls(world: &World, name: &str) -> u16 {
    let certificate = certificate(world, name);
    let key = certificate.with_extension("key");
    let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
    let port = free_port();
    let _: () = world.redis.command(&[
        "CONFIG",
        "SET",
        "tls-cert-file",
        &certificate,
        "tls-key-file",
        &key,
        "tls-ca-cert-file",
        &certificate,
        "tls-auth-clients",
        "no",
        "tls-port",
        &port.to_string(),
    ]);
    port
}

fn burst(world: &World, url: &str) -> Exit {
    let mut command = world.worker_command();
    command.args(["--burst", "--name", "w1", "--url", url]);
    world.start(command).wait_exit()
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_with_the_option_that_names_its_authority() {
    let world = World::new();
    let port = speak_tls(&world, "server");
    let other = certificate(&world, "other");
    let ca = |file: &Path| format!("rediss://localhost:{port}?ssl_ca_certs={}", file.display());

    let strange = burst(&world, &ca(&other));
    let named = burst(&world, &ca(&world.path("server.pem")));
    let other_name = burst(&world, &ca(&world.path("server.pem")).replace("localhost", "127.0.0.1"));

    let told = ["cannot set up TLS with redis at rediss://localhost", "invalid peer certificate"];
    assert_refused(&strange, 1, &told);
    assert_refused(&strange, 1, &["hint: name the authority", "redis.ssl_ca_certs (REDIS_SSL_CA_CERTS)"]);
    assert!(!strange.stderr.contains("user, password"), "{}", strange.stderr);
    assert_eq!(named.code(), 0, "{}", named.stderr);
    assert_refused(&other_name, 1, &["hint: use a host name that the server's certificate holds"]);
    world.finish();
}

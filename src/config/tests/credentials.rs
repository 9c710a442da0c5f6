//! Secrets in files: the credentials of a service, and what variables that end in `_FILE` lead to.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

impl Place {
    fn credential(self, name: &str, text: &str) -> Self {
        let folder = self.path("credentials").display().to_string();
        let place = self.file(&format!("credentials/{name}"), text);
        place.variable("CREDENTIALS_DIRECTORY", &folder)
    }
}

fn told(resolved: &Resolved) -> String {
    let warnings: Vec<String> = resolved.warnings.iter().map(ToString::to_string).collect();
    warnings.join("\n")
}

#[test]
fn a_credential_is_found_by_every_name_of_its_key() {
    for name in
        ["REDIS_PASSWORD", "redis_password", "RQ_REDIS__PASSWORD", "rq_redis__password", "redis.password"]
    {
        let place = place().credential(name, "hunter2\n");

        let resolved = place.resolve();

        let password = options(&resolved).password.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(password, Some("hunter2"), "{name}");
        let origin = resolved.origin("redis.password").unwrap().to_string();
        assert_eq!(origin, format!("credential {}", place.path(&format!("credentials/{name}")).display()));
    }
    assert_eq!(url(&place().credential("RQ_REDIS_URL", "redis://a\r\n").resolve()), "redis://a");
    let queue = place().credential("queue.mail.timeout", "5").resolve();
    assert_eq!(queue.settings.queues["mail"].timeout, Some(5));
}

#[test]
fn files_with_secrets_count_more_than_named_files_and_less_than_prefixed_variables() {
    let mut place =
        place().variable("SENTRY_DSN", "https://bare@h/1").file("rq.toml", "SENTRY_DSN = 'https://c@h/2'");
    let dsn = |place: &Place| {
        let resolved = place.with("rq.toml");
        resolved.settings.sentry.dsn.as_ref().unwrap().expose_secret().to_owned()
    };

    assert_eq!(dsn(&place), "https://c@h/2");
    place = place.credential("sentry_dsn", "https://credential@h/3");
    assert_eq!(dsn(&place), "https://credential@h/3");
    place = place.file("dsn", "https://file@h/4").variable("RQ_SENTRY_DSN_FILE", "dsn");
    assert_eq!(dsn(&place), "https://file@h/4");
    place.environment.retain(|(name, _)| name != "RQ_SENTRY_DSN_FILE");
    place = place.variable("RQ_SENTRY__DSN", "https://prefixed@h/5");
    assert_eq!(dsn(&place), "https://prefixed@h/5");
}

#[test]
fn files_of_other_programs_are_left_alone_but_a_slip_is_told() {
    let good = place()
        .credential("tls.key", "x")
        .credential("database_url", "x")
        .credential("redis.nothing", "x")
        .credential(".hidden", "x")
        .credential("redis_url/inside", "x");
    assert!(good.sources().resolve().is_ok());

    let slip = place().credential("RQ_REDIS__PASWORD", "hunter2").sources().resolve().err().unwrap();
    let slip = slip.to_string();
    assert!(slip.contains("/credentials/RQ_REDIS__PASWORD: there is no such setting"), "{slip}");
    assert!(slip.contains("did you mean RQ_REDIS__PASSWORD?") && !slip.contains("hunter2"), "{slip}");
}

#[test]
fn a_credential_that_cannot_be_used_is_told_by_its_file() {
    let wrong = place().credential("RQ_WORKER__TTL", "soon");
    let twice = place().credential("redis.password", "a").credential("REDIS_PASSWORD", "b");
    let long = place().credential("REDIS_PASSWORD", &"x".repeat(1024 * 1024 + 1));
    let none = place().variable("CREDENTIALS_DIRECTORY", "/nonexistent");
    let refused = |place: &Place| place.short(&place.sources().resolve().err().unwrap());

    assert!(refused(&wrong).contains("worker.ttl from credential /x/credentials/RQ_WORKER__TTL: must be"));
    assert!(refused(&twice).contains("the same is said by redis.password from credential"));
    assert!(refused(&long).contains("credential /x/credentials/REDIS_PASSWORD: it is longer than 1 MiB"));
    assert!(none.sources().resolve().is_ok());
}

#[test]
fn a_password_in_a_file_joins_the_host_that_another_place_names() {
    let by_variable =
        place().variable("REDIS_HOST", "h").file("pw", "p").variable("REDIS_PASSWORD_FILE", "pw");
    let by_file = place().file("rq.toml", "REDIS_HOST = 'h'").credential("redis.password", "p");

    for resolved in [by_variable.resolve(), by_file.with("rq.toml")] {
        let redis = options(&resolved);
        assert_eq!((redis.host.as_str(), redis.password.is_some()), ("h", true));
    }
}

#[test]
fn a_password_cannot_be_put_into_a_url_but_only_one_meant_for_us_is_a_mistake() {
    let place = place().file("rq.toml", "REDIS_URL = 'redis://h'").file("pw", "p");

    let others = place.variable("REDIS_PASSWORD_FILE", "pw");
    let resolved = others.with("rq.toml");
    assert_eq!(url(&resolved), "redis://h");
    assert!(
        told(&resolved).contains("REDIS_PASSWORD_FILE from the environment: not used, as REDIS_URL from")
    );

    let ours = others.credential("redis.password", "p");
    assert!(
        ours.refused("rq.toml")
            .contains("it is one part of a connection, but the whole is given by REDIS_URL")
    );
}

#[test]
fn a_secret_that_everybody_may_read_is_told() {
    let place = place().file("dsn", "https://k@h/1").variable("SENTRY_DSN_FILE", "dsn");
    let mode =
        |mode| std::fs::set_permissions(place.path("dsn"), std::fs::Permissions::from_mode(mode)).unwrap();

    mode(0o644);
    assert!(told(&place.resolve()).contains("can be read by every user of this machine"));
    mode(0o640);
    assert_eq!(told(&place.resolve()), "");
}

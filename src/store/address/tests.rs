use std::io::Write;
use std::process::{Command, Stdio};

use super::*;

#[test]
fn an_address_is_shown_without_its_secrets() {
    for (url, shown) in [
        ("redis://", "redis://localhost:6379/0"),
        ("redis://u:hidden@H:1/2", "redis://u:***@h:1/2"),
        ("redis://:hidden@h", "redis://:***@h:6379/0"),
        ("redis://u@h?db=3", "redis://u@h:6379/3"),
        ("redis://h?username=a%40b&password=hidden", "redis://a%40b:***@h:6379/0"),
        ("rediss://[::1]:7?ssl_password=hidden", "rediss://[::1]:7/0"),
        ("unix://u:hidden@/run/r%20s.sock?db=1", "unix://u:***@/run/r%20s.sock?db=1"),
        ("redis://h%1b31m", "redis://h\\u{1b}31m:6379/0"),
    ] {
        let address = Address::from_url(url).unwrap();

        assert_eq!(address.to_string(), shown);
        assert_eq!(format!("{address:?}"), format!("Address({shown})"));
    }
}

#[test]
fn a_sentinel_address_is_shown_with_all_its_instances() {
    let address = Address::from_sentinel(Sentinel {
        instances: vec![("a".into(), 1), ("::1".into(), 2)],
        db: 3,
        username: Some("u".into()),
        password: Some("hidden".into()),
        ..Sentinel::default()
    });

    assert_eq!(address.unwrap().to_string(), "redis+sentinel://u:***@a:1,[::1]:2/mymaster/3");
}

#[test]
fn errors_name_the_option_and_never_a_secret() {
    for (url, text) in [
        ("http://u:hidden@h", "must begin with redis://, rediss:// or unix://"),
        ("redis://u:hid/den@h", "has a port that is not a number"),
        ("redis://h?socket_timeout=hidden", "option socket_timeout must be a number of seconds"),
        ("redis://h?socket_timeout=0", "option socket_timeout must be a number of seconds above 0"),
        ("redis://h?socket_timeuot=1", "option socket_timeuot is not known here"),
        ("redis://h?ssl_cert_reqs=none", "option ssl_cert_reqs is not known here"),
        ("redis://:p?hid%20den=x@h", "has a port that is not a number"),
        ("redis://h?hid%20den=x", "option (not a name) is not known here"),
        ("redis://h?decode_responses=1", "option decode_responses must not be set: RQ reads bytes"),
        ("redis://h?retry=1", "option retry takes a Python object"),
        (
            "rediss://h?ssl_ciphers=x",
            "option ssl_ciphers is not supported: rustls offers its own, modern ciphers",
        ),
        (
            "rediss://h?ssl_validate_ocsp=1",
            "option ssl_validate_ocsp is not supported: the daemon does not check OCSP",
        ),
        (
            "rediss://h?ssl_include_verify_flags=VERIFY_CRL_CHECK_LEAF",
            "option ssl_include_verify_flags must be without revocation lists, which the daemon does not check",
        ),
        ("rediss://h?ssl_keyfile=/k", "option ssl_keyfile must be given together with ssl_certfile"),
        ("redis://h?protocol=4", "option protocol must be 2 or 3"),
    ] {
        assert_eq!(Address::from_url(url).unwrap_err().to_string(), text, "{url}");
    }
}

#[test]
fn options_without_tls_leave_the_tls_settings_unread() {
    let options = Options { ssl_cert_reqs: Some("nonsense".into()), ..Options::default() };

    assert!(Address::from_options(options.clone()).is_ok());
    assert!(Address::from_options(Options { ssl: true, ..options }).is_err());
}

#[test]
fn addresses_are_equal_when_written_alike() {
    let address = |password: &str| {
        Address::from_options(Options { password: Some(password.into()), ..Options::default() }).unwrap()
    };

    assert_eq!(address("a"), address("a"));
    assert_ne!(address("a"), address("b"));
}

#[test]
fn the_url_reaches_the_horse_as_it_was_written() {
    let url = "redis://u:p%2f@H?db=2&health_check_interval=5";

    assert_eq!(Address::from_url(url).unwrap().for_horse(), json!({ "url": url }));
}

/// Some of each, to be made into objects of redis-py.
fn described() -> Vec<Value> {
    let options = Options {
        host: "h".into(),
        port: 7,
        db: 2,
        username: Some("u".into()),
        password: Some("p".into()),
        ..Options::default()
    };
    let kwargs = json!({ "health_check_interval": 30, "socket_keepalive": true, "ssl_cert_reqs": "none" });
    let sentinel = Sentinel {
        instances: vec![("a".into(), 1), ("b".into(), 2)],
        password: Some("p".into()),
        socket_timeout: Some(0.5),
        ssl: true,
        connection_kwargs: kwargs.as_object().unwrap().clone(),
        sentinel_kwargs: json!({ "password": "s" }).as_object().unwrap().clone(),
        ..Sentinel::default()
    };
    vec![
        Address::from_options(options.clone()).unwrap().for_horse(),
        Address::from_options(Options { ssl: true, ssl_ca_certs: Some("/ca".into()), ..options })
            .unwrap()
            .for_horse(),
        Address::from_sentinel(sentinel).unwrap().for_horse(),
    ]
}

#[test]
fn redis_py_takes_what_the_horse_gets() {
    let Ok(python) = std::env::var("RQ_TEST_PYTHON") else {
        eprintln!("skipped: RQ_TEST_PYTHON names no Python with redis-py");
        return;
    };
    let program = r#"
import json, sys, redis
from redis.sentinel import Sentinel
for given in json.load(sys.stdin):
    if "options" in given:
        made = redis.Redis(**given["options"])
    else:
        given = given["sentinel"]
        sentinel = Sentinel(given["instances"], sentinel_kwargs=given["sentinel_options"], **given["options"])
        made = sentinel.master_for(given["master_name"])
    connection = made.connection_pool.make_connection()
    print(type(connection).__name__, connection.password, connection.db)
"#;
    let mut child = Command::new(python)
        .args(["-W", "ignore", "-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    child.stdin.take().unwrap().write_all(json!(described()).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "Connection p 2\nSSLConnection p 2\nSentinelManagedSSLConnection p 0\n");
}

#[test]
fn a_socket_without_a_path_is_refused() {
    for url in ["unix://", "unix://redis.sock", "unix://redis.sock?db=1"] {
        let told = Address::from_url(url).unwrap_err().to_string();

        assert_eq!(told, "has no path: write unix:///run/redis.sock, with three slashes", "{url}");
    }
    assert!(Address::from_url("unix://?path=/run/redis.sock").is_ok());
}

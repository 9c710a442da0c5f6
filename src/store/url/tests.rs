use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::store::address::{Address, Target};
use crate::store::tls::Trust;

/// redis-py itself, asked line by line.
struct Oracle {
    child: Child,
    ask: ChildStdin,
    hear: BufReader<ChildStdout>,
    python: Vec<u64>,
}

impl Oracle {
    /// The interpreter that `RQ_TEST_PYTHON` names; without it the test is skipped, and says so.
    fn start() -> Option<Self> {
        let Ok(python) = std::env::var("RQ_TEST_PYTHON") else {
            eprintln!("skipped: RQ_TEST_PYTHON names no Python with redis-py");
            return None;
        };
        let mut child = Command::new(python)
            .args(["-c", include_str!("oracle.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (ask, hear) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut oracle = Self { child, ask, hear, python: Vec::new() };
        let hello = oracle.hear();
        oracle.python = serde_json::from_value(hello["python"].clone()).unwrap();
        let redis = hello["redis"].as_str().unwrap();
        assert!(redis.starts_with("8."), "redis-py {redis} reads URLs in another way than 8");
        Some(oracle)
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.hear.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the oracle answers")
    }

    fn ask(&mut self, url: &str) -> Value {
        writeln!(self.ask, "{}", json!(url)).unwrap();
        self.hear()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What we make of a URL, in the words of redis-py's connection objects.
fn ours(url: &str) -> Value {
    let address = match Address::from_url(url) {
        Ok(address) => address,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let login = &address.login;
    let mut told = json!({
        "db": login.db,
        "username": login.username,
        "password": login.password.as_ref().map(ExposeSecret::expose_secret),
        "client_name": login.client_name,
        "class": "Connection",
    });
    match &address.target {
        Target::Tcp { host, port } => {
            told["host"] = json!(host);
            told["port"] = json!(port);
            told["socket_keepalive"] = json!(login.keepalive);
        }
        Target::Unix { path } => {
            told["path"] = json!(path);
            told["class"] = json!("UnixDomainSocketConnection");
        }
        Target::Sentinel { .. } => unreachable!("no URL tells a sentinel"),
    }
    if let Some(tls) = &login.tls {
        told["class"] = json!("SSLConnection");
        told["none"] = json!(tls.trust == Trust::None);
        told["check_hostname"] = json!(tls.check_hostname && tls.trust != Trust::None);
        told["ca_certs"] = json!(tls.ca_certs);
        told["ca_path"] = json!(tls.ca_path);
        told["ca_data"] = json!(tls.ca_data);
        told["certfile"] = json!(tls.certfile);
        told["keyfile"] = json!(tls.keyfile);
    }
    told
}

/// Where redis-py and we differ over a URL, if we do.
fn difference(url: &str, theirs: &Value) -> Result<(), String> {
    let mine = ours(url);
    let differs = || Err(format!("{url:?}\nredis-py: {theirs}\n    ours: {mine}"));
    if theirs.get("error").is_some() || mine.get("error").is_some() {
        return if theirs.get("error").is_some() == mine.get("error").is_some() { Ok(()) } else { differs() };
    }
    let address = Address::from_url(url).unwrap();
    for (name, value) in theirs.as_object().unwrap() {
        let time = |time: Duration| (time.as_secs_f64() - value.as_f64().unwrap()).abs() < 1e-6;
        let same = match name.as_str() {
            "socket_timeout" => time(address.login.response_timeout),
            "socket_connect_timeout" => time(address.login.connect_timeout),
            "protocol" => address.login.resp3 == (value == 3),
            "cert_reqs" => mine["none"] == (value == 0),
            "ssl_min_version" => true,
            _ => mine[name.as_str()] == *value,
        };
        if !same {
            return differs();
        }
    }
    Ok(())
}

const TABLE: &[&str] = &[
    "redis://",
    "redis:///1",
    "redis://h",
    "redis://H.Example.COM:6380",
    "redis://h:",
    "redis://h:0/2",
    "redis://h:65535",
    "redis://h:65536",
    "redis://h:6379x",
    "redis://h:-1",
    "redis://h:٣",
    "redis://h/abc",
    "redis://h/1/2",
    "redis://h/-1",
    "redis://h/+1",
    "redis://h/%31",
    "redis://h/ 7 ",
    "redis://h/1_0",
    "redis://h/_1",
    "redis://h/1__0",
    "redis://h//4",
    "redis://h?db=2",
    "redis://h/1?db=2",
    "redis://h/1?db=",
    "redis://h/1?db",
    "redis://h/1?db=x",
    "redis://h/?db=%32",
    "redis://h/?db=2&db=3",
    "redis://h/?&&db=2&",
    "redis://h/?db=2;x=1",
    "redis://h/?db=+2",
    "redis://h/1#frag",
    "redis://h#frag?db=2",
    "redis://h?db=2#frag",
    "redis://u:p@h",
    "redis://u@h",
    "redis://:p@h",
    "redis://@h",
    "redis://:@h",
    "redis://u:@h",
    "redis://u:p:q@h",
    "redis://u:p@q@h",
    "redis://u%40x:p%2F%3a@h",
    "redis://u:%2520@h",
    "redis://u:%zz%4@h",
    "redis://u:%ff%c3@h",
    "redis://ü:pä@h",
    "redis://u:p/q@h",
    "redis://u:p#q@h",
    "redis://u:p?q@h",
    "redis://h?username=x&password=y",
    "redis://a:b@h?username=x&password=y",
    "redis://h?password=a%2Bb+c",
    "redis://?host=other&port=6390",
    "redis://h:1?host=other&port=6390",
    "redis://?port=abc",
    "redis://[::1]:7",
    "redis://[::1]",
    "redis://[FE80::A%25eTh0]:7/1",
    "redis://u:p@[::1]:x",
    "redis://[::1",
    "redis://::1]",
    "redis://h%41:7",
    "redis://H%41%3A:7",
    "redis://ÄÖ:7",
    "redis://h℀:7",
    "redis://h：7",
    "redis://h\n:7\t",
    "redis://h/1\r\n",
    " redis://h",
    "REDIS://h",
    "valkey://h",
    "redis:/h",
    "",
    "redis://h?socket_timeout=1.5&socket_connect_timeout=2",
    "redis://h?socket_timeout=1e2",
    "redis://h?socket_timeout=1_0.5",
    "redis://h?socket_timeout=abc",
    "redis://h?socket_keepalive=no",
    "redis://h?socket_keepalive=False",
    "redis://h?socket_keepalive=off",
    "redis://h?health_check_interval=30&retry_on_timeout=yes&max_connections=5",
    "redis://h?health_check_interval=3.5",
    "redis://h?max_connections=-1",
    "redis://h?max_connections=0",
    "redis://h?retry_on_error=abc&encoding=latin-1&encoding_errors=ignore&socket_read_size=10",
    "redis://h?protocol=3",
    "redis://h?protocol=2",
    "redis://h?protocol=4",
    "redis://h?protocol=resp3",
    "redis://h?client_name=me%20too",
    "redis://h?lib_name=me&lib_version=1",
    "redis://h?legacy_responses=false",
    "redis://h?timeout=3",
    "redis://h?unknown=1",
    "redis://h?ssl=true",
    "redis://h?ssl_cert_reqs=none",
    "redis://h?path=/x",
    "rediss://h",
    "rediss://u:p@h:7/3?ssl_cert_reqs=none",
    "rediss://h?ssl_cert_reqs=optional",
    "rediss://h?ssl_cert_reqs=required",
    "rediss://h?ssl_cert_reqs=CERT_NONE",
    "rediss://h?ssl_ca_certs=/a%20b.pem&ssl_ca_path=/c&ssl_ca_data=x",
    "rediss://h?ssl_certfile=/c.pem&ssl_keyfile=/k.pem&ssl_password=x",
    "rediss://h?ssl_check_hostname=false",
    "rediss://h?ssl_check_hostname=maybe",
    "rediss://h?ssl_min_version=771",
    "rediss://h?ssl_min_version=TLSv1_2",
    "rediss://h?ssl_exclude_verify_flags=VERIFY_X509_STRICT",
    "rediss://h?ssl_include_verify_flags=[VERIFY_X509_STRICT,%20VERIFY_X509_TRUSTED_FIRST]",
    "rediss://h?ssl_include_verify_flags=nope",
    "unix:///run/r.sock",
    "unix:///run/r.sock?db=1",
    "unix:///run/r%20s.sock?db=1",
    "unix://u:p@/run/r.sock?db=1",
    "unix:///run/r.sock?username=y&password=x",
    "unix://host:port/run/r.sock",
    "unix:///run/r.sock/2",
    "unix://?path=/q.sock",
    "unix:///a?path=/q.sock",
    "unix:///a?host=h",
    "unix:///a?ssl_cert_reqs=none",
    "unix:///a?socket_keepalive=1",
    "unix://relative/path",
];

/// What only Python's newer URL parsers refuse.
const BRACKETS: &[&str] =
    &["redis://[1.2.3.4]:7", "redis://[v1.x]:7", "redis://[v.x]:7", "redis://[h]:7", "redis://[]"];

#[test]
fn the_urls_of_the_table_are_read_as_redis_py_reads_them() {
    let Some(mut oracle) = Oracle::start() else { return };
    let brackets = if oracle.python >= vec![3, 11, 4] { BRACKETS } else { &[] };

    let found: Vec<_> =
        TABLE.iter().chain(brackets).filter_map(|url| difference(url, &oracle.ask(url)).err()).collect();

    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// URLs made of the pieces that matter, and of noise between them.
fn urls() -> impl Strategy<Value = String> {
    let noise = || "[a-zA-Z0-9%@:/?#&=+_. äß-]{0,6}";
    let piece = |pieces: &'static [&'static str]| select(pieces).prop_map(str::to_owned);
    let userinfo = prop_oneof![
        piece(&["", "u@", ":p@", "u:p@", "u:@", "u%3a:p%40p@", "a@b@", "%e4:%c3%a4@"]),
        noise().prop_map(|text| text + "@"),
    ];
    let host = prop_oneof![
        piece(&["", "h", "LocalHost", "127.0.0.1", "[::1]", "[fe80::1%25A]", "h%2D%C4", "[", "]", "ＨOST"]),
        noise().prop_map(|text| text),
    ];
    let port = prop_oneof![
        piece(&["", ":", ":1", ":06379", ":99999", ":x", ": 1"]),
        noise().prop_map(|p| ":".to_owned() + &p)
    ];
    let path = prop_oneof![
        piece(&["", "/", "/0", "/15", "/a", "//3", "/1/", "/%30", "/-0"]),
        noise().prop_map(|p| "/".to_owned() + &p)
    ];
    let name = piece(&[
        "db",
        "username",
        "password",
        "client_name",
        "protocol",
        "socket_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "retry_on_timeout",
        "health_check_interval",
        "max_connections",
        "ssl_cert_reqs",
        "ssl_check_hostname",
        "ssl_ca_certs",
        "host",
        "path",
        "nonsense",
        "d%62",
        "",
    ]);
    let value = prop_oneof![
        piece(&[
            "", "0", "1", "2", "3", "none", "required", "no", "True", "1.5", "%31", "+4+", "1_1", "-3",
            "a%26b"
        ]),
        noise().prop_map(|text| text),
    ];
    let pair = (name, value).prop_map(|(name, value)| format!("{name}={value}"));
    let query = proptest::collection::vec(pair, 0..4)
        .prop_map(|pairs| if pairs.is_empty() { String::new() } else { "?".to_owned() + &pairs.join("&") });
    let scheme = select(&["redis://", "rediss://", "unix://"][..]);
    (scheme, userinfo, host, port, path, query)
        .prop_map(|(s, u, h, p, path, q)| format!("{s}{u}{h}{p}{path}{q}"))
}

/// Time-outs of zero and less, and whatever else redis-py only fails over once it connects.
fn is_refused_earlier_here(url: &str) -> bool {
    let error = Address::from_url(url).err().map(|error| error.to_string()).unwrap_or_default();
    error.contains("no path") || error.contains("seconds") || error.contains("decode_responses")
}

#[test]
fn generated_urls_are_read_as_redis_py_reads_them() {
    let Some(oracle) = Oracle::start() else { return };
    let oracle = RefCell::new(oracle);
    let config = Config { cases: 3000, failure_persistence: None, ..Config::default() };

    let outcome = TestRunner::new(config).run(&urls(), |url| {
        prop_assume!(!is_refused_earlier_here(&url));
        let theirs = oracle.borrow_mut().ask(&url);
        difference(&url, &theirs).map_err(TestCaseError::fail)
    });

    if let Err(error) = outcome {
        panic!("{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*", scheme in select(&["redis://", "rediss://", "unix://"][..])) {
        let _ = Address::from_url(&text);
        let _ = Address::from_url(&format!("{scheme}{text}"));
    }
}

use std::io::Write;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// A redis-server and a proxy in front of it, in a folder of their own.
struct Stage {
    proxy: Option<Proxy>,
    server: Child,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("redis.sock");
        let mut command = Command::new("redis-server");
        command
            .args(["--port", "0", "--save", "", "--dir"])
            .arg(folder.path())
            .arg("--unixsocket")
            .arg(&socket);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "redis-server did not start");
            thread::yield_now();
        }
        let proxy = Some(Proxy::unix(&folder.path().join("proxy.sock"), &socket));
        Self { proxy, server, folder }
    }

    fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().unwrap()
    }

    /// A connection through the proxy.
    fn client(&self) -> Client {
        Client(UnixStream::connect(self.folder.path().join("proxy.sock")).unwrap())
    }

    /// A connection past the proxy.
    fn direct(&self) -> Client {
        Client(UnixStream::connect(self.folder.path().join("redis.sock")).unwrap())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.proxy = None;
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

struct Client(UnixStream);

impl Client {
    fn send(&mut self, argv: &[&str]) {
        let mut text = format!("*{}\r\n", argv.len());
        for word in argv {
            text.extend(["$", &word.len().to_string(), "\r\n", word, "\r\n"]);
        }
        let _ = self.0.write_all(text.as_bytes());
    }

    /// The next reply, or "" when the connection was cut.
    fn reply(&mut self) -> String {
        self.0.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut reply = Vec::new();
        // One byte a time: what follows belongs to the next reply.
        let mut from = io::BufReader::with_capacity(1, &self.0);
        match read_value(&mut from, &mut reply, &mut Vec::new()) {
            Ok(()) => String::from_utf8(reply).unwrap(),
            Err(_) => String::new(),
        }
    }

    fn ask(&mut self, argv: &[&str]) -> String {
        self.send(argv);
        self.reply()
    }
}

#[test]
fn commands_pass_unchanged_also_in_a_pipeline() {
    let stage = Stage::new();
    let mut client = stage.client();

    client.send(&["SET", "k", "a\r\nb"]);
    client.send(&["GET", "k"]);
    client.send(&["COMMAND", "COUNT"]);

    assert_eq!(client.reply(), "+OK\r\n");
    assert_eq!(client.reply(), "$4\r\na\r\nb\r\n");
    assert!(client.reply().starts_with(':'));
}

#[test]
fn a_request_cut_before_the_server_never_reaches_it() {
    let stage = Stage::new();
    let rule = stage.proxy().on(Match::command("set").nth(2), Act::CutRequest);
    let mut client = stage.client();

    let first = client.ask(&["SET", "k", "1"]);
    let second = client.ask(&["SET", "k", "2"]);
    rule.wait();

    assert_eq!((first.as_str(), second.as_str()), ("+OK\r\n", ""));
    assert_eq!(stage.client().ask(&["GET", "k"]), "$1\r\n1\r\n");
    assert_eq!(stage.client().ask(&["SET", "k", "3"]), "+OK\r\n");
}

#[test]
fn a_reply_that_is_cut_leaves_what_the_server_did_and_earlier_replies() {
    let stage = Stage::new();
    let rule = stage.proxy().on(Match::command("INCR"), Act::CutReply);
    let mut client = stage.client();

    client.send(&["PING"]);
    client.send(&["INCR", "n"]);
    client.send(&["PING"]);
    rule.wait();

    assert_eq!([client.reply(), client.reply()], ["+PONG\r\n", ""]);
    assert_eq!(stage.direct().ask(&["GET", "n"]), "$1\r\n1\r\n");
}

#[test]
fn a_paused_request_waits_until_it_is_released() {
    let stage = Stage::new();
    let rule = stage.proxy().on(Match::command("INCR"), Act::PauseRequest);
    let mut client = stage.client();

    client.send(&["INCR", "n"]);
    rule.wait();
    let before = stage.direct().ask(&["GET", "n"]);
    rule.release();

    assert_eq!(before, "$-1\r\n");
    assert_eq!(client.reply(), ":1\r\n");
}

#[test]
fn a_paused_reply_waits_until_it_is_released_or_cut() {
    let stage = Stage::new();
    for (cut, expected) in [(false, ":1\r\n"), (true, "")] {
        let rule = stage.proxy().on(Match::command("INCR"), Act::PauseReply);
        let mut client = stage.client();

        client.send(&["INCR", if cut { "cut" } else { "released" }]);
        rule.wait();
        if cut {
            rule.cut();
        } else {
            rule.release();
        }

        assert_eq!(client.reply(), expected);
    }
    assert_eq!(stage.direct().ask(&["MGET", "cut", "released"]), "*2\r\n$1\r\n1\r\n$1\r\n1\r\n");
}

#[test]
fn a_script_is_recognised_by_a_piece_of_its_text() {
    let stage = Stage::new();
    let text = format!("-- Settles a job\nreturn '{}'", "x".repeat(200));
    let rule = stage.proxy().on(Match::script("Settles"), Act::Pass);
    let mut client = stage.client();

    let unknown = client.ask(&["EVALSHA", &sha1(text.as_bytes()), "0"]);
    let loaded = client.ask(&["SCRIPT", "LOAD", &text]);
    let struck_before = rule.has_struck();
    client.ask(&["EVALSHA", &sha1(text.as_bytes()).to_uppercase(), "0"]);

    assert!(unknown.starts_with("-NOSCRIPT"));
    assert!(loaded.contains(&sha1(text.as_bytes())), "{loaded}");
    assert!(!struck_before);
    rule.wait();
}

#[test]
fn a_script_that_was_loaded_elsewhere_can_be_taught() {
    let stage = Stage::new();
    let rule = stage.proxy().on(Match::script("marker"), Act::CutRequest);
    stage.proxy().learn("return 1 -- marker");

    let reply = stage.client().ask(&["EVALSHA", &sha1(b"return 1 -- marker"), "0"]);

    assert_eq!(reply, "");
    rule.wait();
}

#[test]
fn redis_can_be_away_for_a_while() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.ask(&["PING"]);

    stage.proxy().refuse();
    let (lost, refused) = (client.ask(&["PING"]), stage.client().ask(&["PING"]));
    stage.proxy().accept();

    assert_eq!([lost.as_str(), refused.as_str(), &stage.client().ask(&["PING"])], ["", "", "+PONG\r\n"]);
}

#[test]
fn a_dropped_proxy_lets_go_of_what_it_holds() {
    let mut stage = Stage::new();
    let rule = stage.proxy().on(Match::command("PING"), Act::PauseRequest);
    let mut client = stage.client();
    client.send(&["PING"]);
    rule.wait();

    stage.proxy = None;

    assert_eq!(client.reply(), "");
}

#[test]
fn a_subscriber_gets_messages_through_the_proxy() {
    let stage = Stage::new();
    let mut client = stage.client();

    client.send(&["SUBSCRIBE", "c", "d"]);
    let confirmations = [client.reply(), client.reply()];
    stage.direct().ask(&["PUBLISH", "d", "x"]);

    assert!(confirmations[1].ends_with(":2\r\n"));
    assert!(client.reply().contains("message"));
}

#[test]
fn a_tcp_client_is_served_at_the_port_that_the_url_tells_until_it_is_cut() {
    let stage = Stage::new();
    let server = Endpoint::Unix(stage.folder.path().join("redis.sock"));
    let proxy = Proxy::start(&Endpoint::Tcp(([127, 0, 0, 1], 0).into()), server);
    let address = proxy.url().strip_prefix("redis://").unwrap().to_owned();
    let mut client = Client(OwnedFd::from(TcpStream::connect(address).unwrap()).into());

    let before = client.ask(&["PING"]);
    proxy.cut_all();

    assert_eq!([before, client.ask(&["PING"])], ["+PONG\r\n", ""]);
}

#[test]
fn sha1_is_the_one_that_redis_computes() {
    let stage = Stage::new();
    let mut client = stage.client();
    for length in [0, 1, 41, 45, 46, 47, 54, 109, 4096] {
        let text = format!("return 1 --{}", "é".repeat(length));

        let reply = client.ask(&["SCRIPT", "LOAD", &text]);

        assert_eq!(reply, format!("$40\r\n{}\r\n", sha1(text.as_bytes())));
    }
}

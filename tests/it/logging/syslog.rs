//! Syslog: messages as RFC 5424 has them, read by rsyslog and by a strict reader.

use std::io::{BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use super::tools::{Rsyslog, all_until, datagrams};
use super::work;
use crate::harness::{SOON, World, free_port, wait_for};

/// The parts of a message, each checked to be what RFC 5424 demands.
struct Message {
    severity: u8,
    facility: u8,
    app: String,
    /// Names and values of the one element there is.
    data: Vec<(String, String)>,
    text: String,
}

impl Message {
    #[track_caller]
    fn parse(message: &str) -> Self {
        let (priority, rest) = message.strip_prefix('<').unwrap().split_once('>').unwrap();
        let priority: u8 = priority.parse().unwrap();
        let mut parts = rest.splitn(7, ' ');
        let mut next = || parts.next().unwrap_or_else(|| panic!("{message:?} is cut off"));
        assert_eq!(next(), "1");
        let time = next();
        assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
        let (host, app, pid, id) = (next(), next().to_owned(), next(), next());
        for word in [host, &app, pid, id] {
            assert!(
                !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic()),
                "{word:?} in {message:?}"
            );
        }
        pid.parse::<u32>().unwrap();
        let (data, text) = Self::data(next());
        Self { severity: priority % 8, facility: priority / 8, app, data, text }
    }

    fn data(rest: &str) -> (Vec<(String, String)>, String) {
        let mut rest = rest.strip_prefix("[rq@32473").unwrap();
        let mut data = Vec::new();
        while let Some(after) = rest.strip_prefix(' ') {
            let (name, after) = after.split_once("=\"").unwrap();
            assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()), "{name}");
            let mut value = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                match characters.next().unwrap() {
                    (_, '\\') => value.push(characters.next().unwrap().1),
                    (at, '"') => break at,
                    (_, c) => {
                        assert!(c != ']', "an unescaped bracket in {after:?}");
                        value.push(c);
                    }
                }
            };
            data.push((name.to_owned(), value));
            rest = &after[end + 1..];
        }
        (data, rest.strip_prefix("] ").unwrap().to_owned())
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.data.iter().any(|(known, said)| known == name && said == value)
    }
}

/// The messages of a burst with one job that raises.
#[track_caller]
fn check(messages: &[String], job: &str) {
    let messages: Vec<Message> = messages.iter().map(|message| Message::parse(message)).collect();
    assert!(messages.iter().all(|message| message.facility == 16 && message.app == "jobs"));
    let of_job = messages.iter().find(|message| message.text.contains("jobs.raising.plain()")).unwrap();
    assert_eq!(of_job.severity, 6);
    for (name, value) in [("job", job), ("queue", "default"), ("worker", "w1"), ("logger", "rq.worker")] {
        assert!(of_job.has(name, value), "{name} in {:?}", of_job.data);
    }
    let failure = messages.iter().find(|message| message.severity == 3).unwrap();
    assert!(failure.text.contains("exception raised while executing"), "{}", failure.text);
    assert!(failure.text.contains("\nValueError: it broke"), "{}", failure.text);
    assert!(failure.has("function", "jobs.raising.plain"), "{:?}", failure.data);
}

fn table(address: &str) -> String {
    format!(
        "[logging.appender.syslog]\nkind = 'syslog'\naddress = '{address}'\nfacility = 'local0'\napp_name = 'jobs'\n"
    )
}

#[test]
fn a_local_socket_gets_each_line_as_a_datagram() {
    let world = World::new();
    let path = world.path("log");
    let socket = datagrams(&path);
    let job = world.enqueue("'jobs.raising.plain'");

    let exit = work(&world, &table(&path.display().to_string()));

    let got = all_until(&socket, "unsubscribing");
    check(&got.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect::<Vec<_>>(), &job);
    assert_eq!((exit.stdout, exit.stderr), (String::new(), String::new()));
    world.finish();
}

#[test]
fn udp_gets_each_line_as_a_datagram() {
    let world = World::new();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let job = world.enqueue("'jobs.raising.plain'");

    work(&world, &table(&format!("udp://{}", socket.local_addr().unwrap())));

    let mut got: Vec<String> = Vec::new();
    let mut bytes = vec![0; 1 << 16];
    while !got.last().is_some_and(|last| last.contains("unsubscribing")) {
        let length = socket.recv(&mut bytes).unwrap();
        got.push(String::from_utf8(bytes[..length].to_vec()).unwrap());
    }
    check(&got, &job);
    world.finish();
}

#[test]
fn tcp_gets_each_line_with_its_length() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let reader = std::thread::spawn(move || {
        let mut all = String::new();
        BufReader::new(listener.accept().unwrap().0).read_to_string(&mut all).unwrap();
        all
    });
    let job = world.enqueue("'jobs.raising.plain'");

    work(&world, &table(&address));

    let all = reader.join().unwrap();
    let (mut rest, mut got) = (all.as_str(), Vec::new());
    while !rest.is_empty() {
        let (length, after) = rest.split_once(' ').unwrap();
        let (message, after) = after.split_at(length.parse().unwrap());
        got.push(message.to_owned());
        rest = after;
    }
    check(&got, &job);
    world.finish();
}

#[test]
fn rsyslog_reads_the_fields_from_every_way_in() {
    let world = World::new();
    let (socket, udp, tcp) = (world.path("devlog"), free_port(), free_port());
    let inputs = format!(
        "module(load=\"imuxsock\" sysSock.use=\"off\")\nmodule(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
         input(type=\"imuxsock\" socket=\"{}\" useSpecialParser=\"off\")\n\
         input(type=\"imudp\" address=\"127.0.0.1\" port=\"{udp}\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"{tcp}\")",
        socket.display()
    );
    let Some(rsyslog) = Rsyslog::start(&world.path(""), &inputs) else { return };
    wait_for(SOON, "rsyslog to listen", || {
        (socket.exists() && std::net::TcpStream::connect(("127.0.0.1", tcp)).is_ok()).then_some(())
    });
    let job = world.enqueue("'jobs.returns.add', 1, y=2");
    let ways = [
        ("unix", socket.display().to_string()),
        ("udp", format!("udp://127.0.0.1:{udp}")),
        ("tcp", format!("tcp://localhost:{tcp}")),
    ];
    let tables = ways.map(|(name, address)| {
        format!("[logging.appender.{name}]\nkind = 'syslog'\naddress = '{address}'\napp_name = 'by-{name}'\n")
    });

    work(&world, &tables.concat());

    for name in ["unix", "udp", "tcp"] {
        rsyslog.wait_for(&format!("by-{name}["));
        let start = format!("by-{name}[");
        let is_it = |line: &&str| line.starts_with(&start) && line.contains("jobs.returns.add(1, y=2)");
        wait_for(SOON, "the line of the job", || {
            rsyslog.received().lines().any(|line| is_it(&line)).then_some(())
        });
        let received = rsyslog.received();
        let line = received.lines().find(is_it).unwrap();
        assert!(line.contains("|info|daemon|1|[rq@32473 logger=\"rq.worker\" job=\""), "{line}");
        assert!(line.contains(&format!("job=\"{job}\" queue=\"default\" worker=\"w1\" horse=\"")), "{line}");
    }
    world.finish();
}

#[test]
fn a_syslog_that_comes_back_gets_what_waited() {
    let world = World::new();
    let path = world.path("log");
    let file = super::config(&world, &table(&path.display().to_string()));
    let mut command = world.worker_command();
    command.arg("-c").arg(file).args(["--name", "w1"]);

    let mut worker = world.start(command);
    world.wait_until_idle(&worker);
    // Nobody has listened so far.
    let socket = datagrams(&path);

    let got = all_until(&socket, "*** Listening on default");
    assert!(String::from_utf8_lossy(&got[0]).contains("started with PID") || got.len() > 1);
    let exit = world.stop(&mut worker);
    assert!(exit.stderr.contains("Log appender syslog: cannot send to"), "{}", exit.stderr);
    assert!(exit.stderr.contains("no line is lost so far"), "{}", exit.stderr);
    world.finish();
}

//! A receiver of webhooks: a small HTTP server that keeps what it was sent and answers as it was told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver as Channel, Sender, channel},
    thread,
    time::Duration,
};

use super::wait::SOON;

/// One request as it came over the wire.
#[derive(Debug)]
pub(crate) struct Request {
    /// `POST /path HTTP/1.1`.
    pub(crate) line: String,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A server on loopback. The path says how it answers: `/302/x` redirects to `/x`, `/500/x` fails, `/silent` never answers.
pub(crate) struct Receiver {
    port: u16,
    requests: Channel<Request>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, requests) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                thread::spawn(move || serve(stream, &tell));
            }
        });
        Self { port, requests }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The next request.
    #[track_caller]
    pub(crate) fn next(&self) -> Request {
        self.requests.recv_timeout(SOON).expect("a webhook to come")
    }

    /// Whether nothing more has come; to be asked when whoever sends has ended.
    pub(crate) fn is_quiet(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn serve(mut stream: TcpStream, tell: &Sender<Request>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let request = Request { line: lines[0].clone(), headers, body: String::new() };
    let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = request.line.split(' ').nth(1).unwrap().to_owned();
    tell.send(Request { body: String::from_utf8(body).unwrap(), ..request }).unwrap();
    let mut parts = path.splitn(3, '/').skip(1);
    let (first, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if first == "silent" {
        // Until the other side has had enough.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let _ = stream.read(&mut [0]);
        return;
    }
    let status = first.parse().unwrap_or(204_u16);
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nLocation: /{rest}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
}

//! A place for Sentry's envelopes, on loopback: it keeps what it was sent, and answers as it is told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::wait::{SOON, wait_for};

/// How a sink answers.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// This status, with these further header lines.
    Answer(u16, &'static str),
    /// Never.
    Silent,
}

/// One envelope as it came.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// `POST /api/1/envelope/ HTTP/1.1`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Envelope {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What of this type is in it.
    fn items(&self, kind: &str) -> Vec<Value> {
        let lines: Vec<Value> =
            self.text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        lines.windows(2).filter(|pair| pair[0]["type"] == kind).map(|pair| pair[1].clone()).collect()
    }
}

/// The place; it lives as long as the test's process.
pub(crate) struct Sink {
    port: u16,
    seen: Arc<Mutex<Vec<Envelope>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Sink {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = Self { port, seen: Arc::default(), manner: Arc::new(Mutex::new(Manner::Answer(200, ""))) };
        let (seen, manner) = (Arc::clone(&sink.seen), Arc::clone(&sink.manner));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, manner) = (Arc::clone(&seen), Arc::clone(&manner));
                thread::spawn(move || while take(&stream, &seen, &manner).is_some() {});
            }
        });
        sink
    }

    /// Has it answer in another way.
    pub(crate) fn answer(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Its address, with this key.
    pub(crate) fn dsn(&self, key: &str) -> String {
        format!("http://{key}@127.0.0.1:{}/1", self.port)
    }

    /// All that came so far.
    pub(crate) fn envelopes(&self) -> Vec<Envelope> {
        self.seen.lock().unwrap().clone()
    }

    /// What came so far of this type.
    pub(crate) fn items(&self, kind: &str) -> Vec<Value> {
        self.envelopes().iter().flat_map(|envelope| envelope.items(kind)).collect()
    }

    /// The events that came so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.items("event")
    }

    /// Waits until so many events have come.
    #[track_caller]
    pub(crate) fn wait_for_events(&self, count: usize) -> Vec<Value> {
        wait_for(SOON, &format!("{count} events"), || {
            Some(self.events()).filter(|events| events.len() >= count)
        })
    }
}

/// Takes one request and answers it; nothing when there is none any more.
fn take(stream: &TcpStream, seen: &Mutex<Vec<Envelope>>, manner: &Mutex<Manner>) -> Option<()> {
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut envelope = Envelope { line: lines[0].clone(), headers, text: String::new() };
    let length = envelope.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if envelope.header("content-encoding") == Some("gzip") {
        GzDecoder::new(body.as_slice()).read_to_string(&mut envelope.text).unwrap();
    } else {
        envelope.text = String::from_utf8(body).unwrap();
    }
    seen.lock().unwrap().push(envelope);
    let manner = manner.lock().unwrap().clone();
    let mut stream = stream;
    match manner {
        Manner::Answer(status, headers) => {
            write!(stream, "HTTP/1.1 {status} X\r\n{headers}Content-Length: 2\r\n\r\n{{}}").ok()
        }
        Manner::Silent => {
            // Until the other side has had enough.
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let _ = stream.read(&mut [0]);
            None
        }
    }
}

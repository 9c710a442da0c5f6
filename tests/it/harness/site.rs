//! The pages of a daemon, as somebody who watches it asks for them.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
};

use serde_json::Value;

use super::wait::SOON;

/// Where the pages are.
#[derive(Clone)]
pub(crate) enum Site {
    Port(u16),
    Socket(PathBuf),
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Site {
    /// Sends bytes as they are, and gives back what comes until the other end closes.
    pub(crate) fn exchange(&self, request: &[u8]) -> io::Result<String> {
        match self {
            Self::Port(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port))?;
                stream.set_read_timeout(Some(SOON))?;
                talk(stream, request)
            }
            Self::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(SOON))?;
                talk(stream, request)
            }
        }
    }

    /// Asks with further header lines, if the site can be reached.
    pub(crate) fn try_ask(&self, method: &str, page: &str, headers: &[&str]) -> io::Result<Shown> {
        let headers: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
        let request = format!("{method} {page} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let answer = self.exchange(request.as_bytes())?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Ok(Shown { status, head: head.to_owned(), body: body.to_owned() })
    }

    #[track_caller]
    pub(crate) fn ask(&self, method: &str, page: &str, headers: &[&str]) -> Shown {
        self.try_ask(method, page, headers).unwrap()
    }

    #[track_caller]
    pub(crate) fn get(&self, page: &str) -> Shown {
        self.ask("GET", page, &[])
    }

    /// A page in JSON.
    #[track_caller]
    pub(crate) fn json(&self, page: &str) -> Value {
        serde_json::from_str(&self.get(page).body).unwrap()
    }

    /// The number of a sample, by its name and its labels in the order of the catalogue: `rqd_jobs{queue="q"}`.
    #[track_caller]
    pub(crate) fn metric(&self, sample: &str) -> Option<f64> {
        let shown = self.get("/metrics");
        assert_eq!(shown.status, 200, "{shown:?}");
        shown.number(sample)
    }
}

impl Shown {
    /// The number of a sample in the text.
    pub(crate) fn number(&self, sample: &str) -> Option<f64> {
        let number = self.body.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        number.map(|number| number.parse().unwrap())
    }
}

fn talk(mut stream: impl Read + Write, request: &[u8]) -> io::Result<String> {
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

//! Asking for a page: one request, one answer, no redirects.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use super::Judged;
use crate::cli::exit::{Exit, Failure};
use crate::supervisor::health::Health;

/// The longest answer that is read.
const LONGEST: u64 = 64 << 10;

/// Asks at `http://HOST:PORT` or `unix:PATH` whether the daemon is live, or ready.
pub(super) fn ask(url: &str, of_life: bool, patience: Duration) -> Result<Judged, Failure> {
    let page = if of_life { "/livez" } else { "/readyz" };
    let answer = match (url.strip_prefix("unix:"), url.strip_prefix("http://")) {
        (Some(path), _) => UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(patience))?;
            stream.set_write_timeout(Some(patience))?;
            exchange(stream, "localhost", page)
        }),
        (None, Some(rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            connect(host, patience).and_then(|stream| exchange(stream, host, page))
        }
        (None, None) => {
            return Err(Failure::new(Exit::Usage, format!("cannot ask at {url:?}"))
                .with_hint("say http://HOST:PORT or unix:PATH, as http.listen of the daemon says it"));
        }
    };
    Ok(match answer {
        Ok((status, body)) => Judged { pid: None, health: understood(status, &body, of_life) },
        Err(error) => Judged::hung(None, format!("nobody answers at {url}: {error}")),
    })
}

fn connect(host: &str, patience: Duration) -> io::Result<TcpStream> {
    let place = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(patience))?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Asks for a page with HTTP 1.0, whose answer ends with the connection.
fn exchange(mut stream: impl Read + Write, host: &str, page: &str) -> io::Result<(u16, String)> {
    write!(stream, "GET {page} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let is_http = head.starts_with("HTTP/1.");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).filter(|_| is_http);
    let status =
        status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))?;
    Ok((status, body.to_owned()))
}

fn understood(status: u16, body: &str, of_life: bool) -> Health {
    if !matches!(status, 200 | 503) {
        return Health::hung(format!("the answer has the status {status}"));
    }
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    let reasons = told["reasons"].as_array().into_iter().flatten();
    let reasons = reasons.filter_map(|reason| reason.as_str().map(str::to_owned)).collect();
    // Whoever says that it is not ready lives.
    Health { live: status == 200 || !of_life, ready: status == 200, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_counts_and_the_body_tells_why() {
        let away = r#"{"ready": false, "reasons": ["redis is away"]}"#;

        assert_eq!(understood(503, away, false).in_words(), "live, not ready: redis is away");
        assert_eq!(understood(200, "", false).in_words(), "ready");
        assert!(!understood(503, "", true).live);
        assert_eq!(understood(404, "", true).in_words(), "not live: the answer has the status 404");
    }
}

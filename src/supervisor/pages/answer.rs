//! Answers to requests.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::Rules;
use crate::supervisor::health::Health;
use crate::supervisor::outlook::View;
use crate::telemetry::metrics::Form;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

const INDEX: &str = "\
rqd: a worker daemon for RQ

/metrics  for Prometheus
/livez    whether the event loop turns
/readyz   whether jobs are taken, and if not, why
/status   what rq status --json tells

/livez and /readyz answer in JSON when asked for it, by a header Accept: application/json or by ?format=json
";

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Index,
    Metrics,
    Live,
    Ready,
    Status,
}

impl Page {
    fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Self::Index,
            "/metrics" => Self::Metrics,
            "/livez" => Self::Live,
            "/readyz" => Self::Ready,
            "/status" => Self::Status,
            _ => return None,
        })
    }
}

/// What a client hears: the status, the type of the text, and the text.
type Told = (StatusCode, &'static str, String);

/// Answers a request.
pub(super) async fn answer(
    request: &Request<Incoming>,
    view: &View,
    rules: &Rc<RefCell<Rules>>,
) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered", ALLOW, "GET, HEAD");
    }
    let Some(page) = Page::at(request.uri().path()) else {
        return response((StatusCode::NOT_FOUND, TEXT, "there is no such page\n".to_owned()));
    };
    let known = is_known(request.headers(), &rules.borrow());
    let json = wants_json(request);
    response(match page {
        Page::Live => {
            told_health(&view.scene().await.map_or_else(|hung| hung, |_| live()), true, (known, json))
        }
        Page::Ready => told_health(&view.health().await, false, (known, json)),
        Page::Index | Page::Metrics | Page::Status if !known => {
            return refused(StatusCode::UNAUTHORIZED, "a token is wanted", WWW_AUTHENTICATE, "Bearer");
        }
        Page::Index => (StatusCode::OK, TEXT, INDEX.to_owned()),
        Page::Metrics => {
            let form = Form::wanted(text_of(request.headers().get(ACCEPT)));
            match view.metrics(form).await {
                Ok(text) => (StatusCode::OK, form.content_type(), text),
                Err(hung) => told_health(&hung, true, (known, false)),
            }
        }
        Page::Status => match view.scene().await {
            Ok(scene) => (StatusCode::OK, JSON, as_json(&scene.status)),
            Err(hung) => told_health(&hung, true, (known, json)),
        },
    })
}

/// The health of a daemon whose loop has just answered.
fn live() -> Health {
    Health { live: true, ready: true, reasons: Vec::new() }
}

/// What a probe hears; whoever has shown no token, yes or no and nothing else.
fn told_health(health: &Health, of_life: bool, (known, json): (bool, bool)) -> Told {
    let good = if of_life { health.live } else { health.ready };
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let reasons = health.reasons.iter().filter(|_| known && !good);
    if json {
        let name = if of_life { "live" } else { "ready" };
        let reasons: Vec<_> = reasons.collect();
        return (status, JSON, as_json(&serde_json::json!({ name: good, "reasons": reasons })));
    }
    let mut text = match (of_life, good) {
        (true, true) => "live\n",
        (true, false) => "not live\n",
        (false, true) => "ready\n",
        (false, false) => "not ready\n",
    }
    .to_owned();
    for reason in reasons {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", crate::telemetry::line::escaped_block(reason));
    }
    (status, TEXT, text)
}

fn wants_json(request: &Request<Incoming>) -> bool {
    let asked = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "format=json"));
    asked || text_of(request.headers().get(ACCEPT)).contains("application/json")
}

fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("texts, numbers and lists have a JSON form") + "\n"
}

/// Whether whoever asks may see everything.
fn is_known(headers: &HeaderMap, rules: &Rules) -> bool {
    let Some(token) = &rules.token else { return true };
    let shown = text_of(headers.get(AUTHORIZATION)).split_once(' ');
    shown.is_some_and(|(scheme, shown)| {
        scheme.eq_ignore_ascii_case("bearer")
            && is_same(shown.trim().as_bytes(), token.expose_secret().as_bytes())
    })
}

/// Compares in a time that does not depend on where the first difference is.
fn is_same(shown: &[u8], wanted: &[u8]) -> bool {
    let different = shown.iter().zip(wanted).fold(0, |different, (one, other)| different | (one ^ other));
    std::hint::black_box(different) == 0 && shown.len() == wanted.len()
}

fn text_of(header: Option<&HeaderValue>) -> &str {
    header.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn response((status, form, text): Told) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn refused(
    status: StatusCode,
    why: &str,
    name: hyper::header::HeaderName,
    value: &'static str,
) -> Response<Full<Bytes>> {
    let mut response = response((status, TEXT, format!("{why}\n")));
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_right_token_opens() {
        let rules = |token: Option<&str>| Rules {
            token: token.map(Into::into),
            timeout: Duration::ZERO,
            max_connections: 1,
            mode: 0,
        };
        let cases = [
            (None, None, true),
            (Some("s3cret"), None, false),
            (Some("s3cret"), Some("Bearer s3cret"), true),
            (Some("s3cret"), Some("bearer  s3cret"), true),
            (Some("s3cret"), Some("Basic s3cret"), false),
            (Some("s3cret"), Some("Bearer s3cre"), false),
            (Some("s3cret"), Some("Bearer s3cret2"), false),
            (Some("s3cret"), Some("Bearer "), false),
            (Some("s3cret"), Some("Bearer S3cret"), false),
        ];

        for (token, shown, opens) in cases {
            let mut headers = HeaderMap::new();
            if let Some(shown) = shown {
                headers.insert(AUTHORIZATION, HeaderValue::from_static(shown));
            }
            assert_eq!(is_known(&headers, &rules(token)), opens, "{token:?} {shown:?}");
        }
    }

    #[test]
    fn reasons_are_told_to_those_who_are_known() {
        let health = Health { live: true, ready: false, reasons: vec!["redis is away".to_owned()] };
        let text = |of_life, known, json| told_health(&health, of_life, (known, json)).2;

        assert_eq!(text(false, true, false), "not ready\nredis is away\n");
        assert_eq!(text(false, false, false), "not ready\n");
        assert_eq!(text(true, true, false), "live\n");
        assert!(text(false, true, true).contains("redis is away"));
        assert!(!text(false, false, true).contains("redis is away"));
    }
}

//! What a webhook says, in RQ's form.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{Job, Timestamp};

/// How a job ended, as far as webhooks care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Finished,
    Failed,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
        })
    }
}

/// A job's end, to be told to whom its hash names. It stands in Redis in this form until it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) job: String,
    /// The execution that ended so; empty when that is not known.
    pub(crate) execution: String,
    pub(crate) function: Option<String>,
    pub(crate) status: Status,
    /// In RQ's text form.
    pub(crate) ended_at: Option<String>,
    /// The text of the failure.
    pub(crate) exc_info: String,
    /// The job's field of that name: what is asked for.
    webhooks: String,
    /// The job's field of that name.
    enqueued_at: String,
}

/// How an execution ended, as far as webhooks tell it.
pub(crate) struct End<'a> {
    pub(crate) execution: &'a str,
    pub(crate) function: Option<String>,
    pub(crate) status: Status,
    pub(crate) at: Timestamp,
    pub(crate) exc_info: String,
}

/// One request that a job asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) post: bool,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout: Duration,
}

#[derive(Deserialize)]
struct Raw {
    url: String,
    job_status: Status,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default = "ten")]
    timeout: u64,
}

fn get() -> String {
    "GET".to_owned()
}

fn ten() -> u64 {
    10
}

impl Message {
    /// What is to be told of a job's end; nothing when it asks for nothing.
    pub(crate) fn of(job: &Job, end: End<'_>) -> Option<Self> {
        let webhooks = field(job, "webhooks");
        (!webhooks.is_empty()).then(|| Self {
            job: job.id.to_string(),
            execution: end.execution.to_owned(),
            function: end.function,
            status: end.status,
            ended_at: Some(end.at.iso()),
            exc_info: end.exc_info,
            webhooks,
            enqueued_at: field(job, "enqueued_at"),
        })
    }

    /// Where it stands in Redis.
    pub(crate) fn member(&self) -> String {
        format!("{}:{}", self.job, self.execution)
    }

    /// The requests for this end. RQ: one that makes no sense spoils all of them.
    pub(super) fn hooks(&self) -> Result<Vec<Hook>, String> {
        let raw: Vec<Raw> = serde_json::from_str(&self.webhooks).map_err(|error| error.to_string())?;
        let mut hooks = Vec::new();
        for raw in raw {
            let status = raw.job_status;
            let hook = hook(raw)?;
            if status == self.status {
                hooks.push(hook);
            }
        }
        Ok(hooks)
    }

    /// The body of a POST, to the letter as Python's `json.dumps` writes it.
    pub(super) fn body(&self) -> String {
        let mut body = String::from("{\"job_id\": ");
        push_text(&mut body, Some(&self.job));
        body.push_str(", \"func_name\": ");
        push_text(&mut body, self.function.as_deref());
        body.push_str(", \"status\": ");
        push_text(&mut body, Some(&self.status.to_string()));
        body.push_str(", \"enqueued_at\": ");
        push_text(&mut body, isoformat(&self.enqueued_at).as_deref());
        body.push_str(", \"ended_at\": ");
        push_text(&mut body, self.ended_at.as_deref().and_then(isoformat).as_deref());
        if self.status == Status::Failed {
            body.push_str(", \"exc_info\": ");
            push_text(&mut body, Some(&self.exc_info));
        }
        body.push('}');
        body
    }
}

/// A field of a job's hash, empty when it has none.
fn field(job: &Job, name: &str) -> String {
    let value = job.fields.iter().find(|(field, _)| field == name.as_bytes());
    value.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

fn hook(raw: Raw) -> Result<Hook, String> {
    let parsed = url::Url::parse(&raw.url).map_err(|error| format!("url {:?}: {error}", raw.url))?;
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Err(format!("url must be an http:// or https:// URL, got {:?}", raw.url));
    }
    if !matches!(raw.method.as_str(), "GET" | "POST") {
        return Err(format!("method must be 'GET' or 'POST', got {:?}", raw.method));
    }
    if raw.timeout == 0 {
        return Err("timeout must be a positive integer, got 0".to_owned());
    }
    let headers = raw.headers.unwrap_or_default().into_iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name, value)
    });
    Ok(Hook {
        url: raw.url,
        post: raw.method == "POST",
        headers: headers.collect(),
        timeout: Duration::from_secs(raw.timeout),
    })
}

/// RQ's text form of a moment (`…T07:35:05.466422Z`) as Python's `isoformat()` writes it: no fraction when it is 0.
fn isoformat(text: &str) -> Option<String> {
    let (whole, fraction) = match text.strip_suffix('Z')?.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (text.strip_suffix('Z')?, ""),
    };
    if fraction.bytes().all(|digit| digit == b'0') {
        return Some(format!("{whole}+00:00"));
    }
    Some(format!("{whole}.{fraction:0<6}+00:00"))
}

/// Appends a text as Python's `json.dumps` does: ASCII alone.
fn push_text(body: &mut String, text: Option<&str>) {
    let Some(text) = text else { return body.push_str("null") };
    body.push('"');
    for c in text.chars() {
        match c {
            '"' => body.push_str("\\\""),
            '\\' => body.push_str("\\\\"),
            '\n' => body.push_str("\\n"),
            '\r' => body.push_str("\\r"),
            '\t' => body.push_str("\\t"),
            '\x08' => body.push_str("\\b"),
            '\x0c' => body.push_str("\\f"),
            ' '..='~' => body.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(body, "\\u{unit:04x}");
                }
            }
        }
    }
    body.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(webhooks: &str) -> Message {
        Message {
            job: "j1".to_owned(),
            function: Some("app.f".to_owned()),
            status: Status::Failed,
            execution: "e1".to_owned(),
            ended_at: Timestamp::from_seconds(1_795_332_715.0).map(Timestamp::iso),
            exc_info: "a \"text\"\nwith é and 🐎\u{7f}".to_owned(),
            webhooks: webhooks.to_owned(),
            enqueued_at: "2026-11-22T07:35:05.5Z".to_owned(),
        }
    }

    #[test]
    fn the_body_is_what_python_writes() {
        let expected = r#"{"job_id": "j1", "func_name": "app.f", "status": "failed", "enqueued_at": "2026-11-22T07:35:05.500000+00:00", "ended_at": "2026-11-22T07:31:55+00:00", "exc_info": "a \"text\"\nwith \u00e9 and \ud83d\udc0e\u007f"}"#;

        assert_eq!(message("").body(), expected);
    }

    #[test]
    fn only_requests_for_this_end_are_made() {
        let hooks = message(
            r#"[{"url": "http://a/1", "job_status": "finished", "method": "GET", "headers": null, "timeout": 10},
                {"url": "https://b/2", "job_status": "failed", "method": "POST", "headers": {"X": "y"}, "timeout": 3}]"#,
        )
        .hooks()
        .unwrap();

        let [hook] = &hooks[..] else { panic!("one expected: {hooks:?}") };
        assert_eq!((hook.url.as_str(), hook.post, hook.timeout.as_secs()), ("https://b/2", true, 3));
        assert_eq!(hook.headers, [("X".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let table = [
            "junk",
            "{}",
            r#"[{"url": "ftp://a/", "job_status": "failed"}]"#,
            r#"[{"url": "http://", "job_status": "failed"}]"#,
            r#"[{"url": "http://a/", "job_status": "stopped"}]"#,
            r#"[{"url": "http://a/", "job_status": "failed", "method": "PUT"}]"#,
            r#"[{"url": "http://a/", "job_status": "failed", "timeout": 0}]"#,
            r#"[{"url": "http://a/", "job_status": "failed", "headers": 3}]"#,
        ];

        for webhooks in table {
            assert!(message(webhooks).hooks().is_err(), "{webhooks}");
        }
    }
}

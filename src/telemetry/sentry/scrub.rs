//! What is in no event: values under names that the official SDK masks, passwords in URLs, and the secrets of this daemon.

use serde_json::Value;

/// The SDK's word for what was masked.
const FILTERED: &str = "[Filtered]";

/// Names whose values are masked at any depth: the SDK's list, and what it adds where personal data is not wanted.
const DENIED: [&str; 34] = [
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "auth",
    "credentials",
    "mysql_pwd",
    "privatekey",
    "private_key",
    "token",
    "session",
    "csrftoken",
    "sessionid",
    "x_csrftoken",
    "x_forwarded_for",
    "set_cookie",
    "cookie",
    "authorization",
    "proxy-authorization",
    "x_api_key",
    "aiohttp_session",
    "connect.sid",
    "csrf_token",
    "csrf",
    "_csrf",
    "_csrf_token",
    "phpsessid",
    "_session",
    "symfony",
    "user_session",
    "_xsrf",
    "xsrf-token",
    "x_real_ip",
];
const PERSONAL: [&str; 2] = ["ip_address", "remote_addr"];

/// The least length of a secret that is looked for everywhere: a shorter one would be found in words that hold no secret.
const LEAST: usize = 6;

/// Masks what is to be masked in an event: `secrets` wherever they stand.
pub(super) fn scrub(event: &mut Value, secrets: &[String]) {
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).filter(|it| it.len() >= LEAST).collect();
    walk(event, &secrets, false);
}

/// `denies` is for what comes from the application: names of our own are no reason to mask.
fn walk(value: &mut Value, secrets: &[&str], denies: bool) {
    match value {
        Value::Object(table) => {
            for (name, value) in table.iter_mut() {
                if denies && is_denied(name) {
                    *value = FILTERED.into();
                } else {
                    walk(value, secrets, denies || matches!(name.as_str(), "vars" | "extra"));
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| walk(value, secrets, denies)),
        Value::String(text) => mask(text, secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_denied(name: &str) -> bool {
    let name = name.to_lowercase();
    DENIED.iter().chain(&PERSONAL).any(|denied| *denied == name)
}

fn mask(text: &mut String, secrets: &[&str]) {
    for secret in secrets {
        if text.contains(secret) {
            *text = text.replace(secret, FILTERED);
        }
    }
    if text.contains("://") && text.contains('@') {
        *text = without_passwords(text);
    }
}

/// A text whose URLs have no passwords: what stands between `://`, perhaps a user, `:` and `@`.
fn without_passwords(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        told.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/'\"<>".contains(c)).unwrap_or(after.len());
        let (login, place) = after[..end].rfind('@').map_or(("", 0), |at| (&after[..at], at));
        if let Some((user, _)) = login.split_once(':') {
            told.push_str(user);
            told.push(':');
            told.push_str(FILTERED);
            rest = &after[place..];
        } else {
            rest = after;
        }
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_secrets_are_masked_in_what_comes_from_the_application() {
        let mut event = json!({
            "exception": {"values": [{"stacktrace": {"frames": [{"vars": {"Password": "'x'", "a": {"token": ["y"]}, "b": "1"}}]}}]},
            "extra": {"rq-job": {"kwargs": {"session": "z", "n": 1}}},
            "contexts": {"session": "ours"},
        });

        scrub(&mut event, &[]);

        let vars = &event["exception"]["values"][0]["stacktrace"]["frames"][0]["vars"];
        assert_eq!(*vars, json!({"Password": "[Filtered]", "a": {"token": "[Filtered]"}, "b": "1"}));
        assert_eq!(event["extra"]["rq-job"]["kwargs"], json!({"session": "[Filtered]", "n": 1}));
        assert_eq!(event["contexts"]["session"], "ours");
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let mut event = json!({"a": ["the key is hunter22!", {"b": "hunter22"}], "c": "short"});

        scrub(&mut event, &["hunter22".to_owned(), "short".to_owned()]);

        assert_eq!(event, json!({"a": ["the key is [Filtered]!", {"b": "[Filtered]"}], "c": "short"}));
    }

    #[test]
    fn urls_are_told_without_passwords() {
        let table = [
            ("redis://:pw@h/0 refused", "redis://:[Filtered]@h/0 refused"),
            (
                "URL = \"https://ann:p:w@h/1\", twice http://b:c@d",
                "URL = \"https://ann:[Filtered]@h/1\", twice http://b:[Filtered]@d",
            ),
            ("https://key@h/1 and https://h/x@y", "https://key@h/1 and https://h/x@y"),
            ("no @ :// here", "no @ :// here"),
        ];

        for (text, told) in table {
            assert_eq!(without_passwords(text), told);
        }
    }
}

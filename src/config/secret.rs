//! What a secret looks like in everything that people read.

use serde_json::Value;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// Names of URL options and of table entries whose values are secrets.
const SECRET_NAMES: [&str; 6] = ["password", "passwd", "secret", "token", "credential", "api_key"];

/// Whether a name says that it is that of a secret.
pub(crate) fn names_a_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// The URL without its password, and without options that are secrets.
///
/// A password that was not percent-encoded may hold any character, and a URL may be broken: where it is not clear
/// what a part is, it is masked.
pub(crate) fn mask_url(url: &str) -> String {
    let Some(start) = url.find("://").map(|at| at + 3) else { return mask_password_only(url) };
    let (scheme, rest) = url.split_at(start);
    let login = rest.rsplit_once('@').filter(|(login, _)| login.contains(':') || !login.contains('?'));
    let (login, place) = match login {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => (format!("{user}:{MASK}@"), place),
            None => (format!("{login}@"), place),
        },
        None => (String::new(), rest),
    };
    match place.split_once('?') {
        Some((place, query)) => format!("{scheme}{login}{}?{}", mask_port(place), mask_query(query)),
        None => format!("{scheme}{login}{}", mask_port(place)),
    }
}

/// Host, port and path. What stands for a port and is no number may be a password that lost its host.
fn mask_port(place: &str) -> String {
    let end = place.find('/').unwrap_or(place.len());
    let (host, path) = place.split_at(end);
    match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') && !port.chars().all(|c| c.is_ascii_digit()) => {
            format!("{name}:{MASK}{path}")
        }
        Some(("", _)) => format!(":{MASK}{path}"),
        _ => place.to_owned(),
    }
}

/// Text that only resembles a URL: what stands before an `@` may be a password.
fn mask_password_only(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) if text.contains(':') => format!("{MASK}@{host}"),
        _ => text.to_owned(),
    }
}

fn mask_query(query: &str) -> String {
    let masked = query.split('&').map(|option| match option.split_once('=') {
        Some((name, _)) if names_a_secret(name) => format!("{name}={MASK}"),
        _ => option.to_owned(),
    });
    masked.collect::<Vec<_>>().join("&")
}

/// A Sentry address without its key.
pub(crate) fn mask_dsn(dsn: &str) -> String {
    match (dsn.find("://"), dsn.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{MASK}{}", &dsn[..scheme + 3], &dsn[at..]),
        _ => MASK.to_owned(),
    }
}

/// A table with every entry masked whose name says that it is a secret.
pub(crate) fn mask_table(value: &Value) -> Value {
    match value {
        Value::Object(table) => Value::Object(
            table
                .iter()
                .map(|(name, value)| match value {
                    Value::Null => (name.clone(), Value::Null),
                    _ if names_a_secret(name) => (name.clone(), MASK.into()),
                    _ => (name.clone(), mask_table(value)),
                })
                .collect(),
        ),
        Value::Array(values) => Value::Array(values.iter().map(mask_table).collect()),
        Value::String(text) if text.contains("://") => Value::String(mask_url(text)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        let cases = [
            ("redis://localhost:6379/0", "redis://localhost:6379/0"),
            ("redis://:hunter2@h:1/0", "redis://:***@h:1/0"),
            ("redis://ann:hunter2@h:1/0", "redis://ann:***@h:1/0"),
            ("redis://ann:hun:t@er/2?x@h:1/0", "redis://ann:***@h:1/0"),
            ("rediss://ann@h?db=2&password=hunter2", "rediss://ann@h?db=2&password=***"),
            ("unix:///run/r.sock?password=hunter2&db=1", "unix:///run/r.sock?password=***&db=1"),
            ("redis:ann:hunter2@h", "***@h"),
            ("redis://h?password=hun@ter2&db=1", "redis://h?password=***&db=1"),
            ("redis://:hunter2", "redis://:***"),
            ("redis://ann:hunter2/0", "redis://ann:***/0"),
            ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
            ("redis://[::1]", "redis://[::1]"),
            ("localhost", "localhost"),
        ];

        for (url, shown) in cases {
            assert_eq!(mask_url(url), shown, "{url}");
        }
    }

    #[test]
    fn a_sentry_address_is_shown_without_its_key() {
        assert_eq!(mask_dsn("https://abc@sentry.example/1"), "https://***@sentry.example/1");
        assert_eq!(mask_dsn("https://abc:def@sentry.example/1"), "https://***@sentry.example/1");
        assert_eq!(mask_dsn("abc"), "***");
    }

    #[test]
    fn a_table_is_shown_without_passwords_at_any_depth() {
        let table = serde_json::json!({"a": [{"PASSWORD": "x", "b": 1}], "password": null});

        let shown = mask_table(&table);

        assert_eq!(shown, serde_json::json!({"a": [{"PASSWORD": "***", "b": 1}], "password": null}));
    }
}

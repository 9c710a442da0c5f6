//! Addresses of Sentry projects.

use url::Url;

/// Prefixes by which raven, Sentry's Python client of old, chose how to send; modules from its days still have them.
const RAVENS: [&str; 6] = ["sync", "threaded", "requests", "gevent", "twisted", "eventlet"];

/// The address of a project. It has no `Debug`, as it holds its key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Dsn {
    url: Url,
    project: String,
}

impl Dsn {
    /// Reads one, or says what is wrong with it, without its key.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut text = text.trim();
        // There may be several: `threaded+requests+https`.
        while let Some(rest) = RAVENS.iter().find_map(|prefix| text.strip_prefix(prefix)?.strip_prefix('+')) {
            text = rest;
        }
        let url = Url::parse(text).map_err(|_| "is no URL")?;
        let project =
            url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) if !host.is_empty() => {}
            _ => return Err("does not begin with https:// or http:// and a host"),
        }
        if url.username().is_empty() {
            return Err("has no key");
        }
        if project.is_empty() || !project.bytes().all(|c| c.is_ascii_digit()) {
            return Err("names no project: its path has to end in a number");
        }
        Ok(Self { url, project })
    }

    /// Host and port, for who connects. Brackets belong to addresses in URLs only.
    pub(crate) fn server(&self) -> (String, u16) {
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        (host.to_owned(), self.url.port_or_known_default().unwrap_or(443))
    }

    /// Where envelopes are sent to.
    pub(crate) fn endpoint(&self) -> String {
        let mut url = self.url.clone();
        // Neither can fail for a URL that has a host.
        let _ = (url.set_username(""), url.set_password(None));
        let path = url.path().strip_suffix(&self.project).unwrap_or_default().to_owned();
        url.set_path(&format!("{path}api/{}/envelope/", self.project));
        url.set_query(None);
        url.set_fragment(None);
        url.into()
    }

    /// The public key, and the secret one of addresses of old.
    pub(crate) fn keys(&self) -> (&str, Option<&str>) {
        (self.url.username(), self.url.password())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_key_a_host_and_a_project() {
        let server = |dsn: &str| Dsn::parse(dsn).ok().map(|dsn| dsn.server());

        assert_eq!(server("https://k@h/1"), Some(("h".to_owned(), 443)));
        assert_eq!(server("http://k:s@[::1]:9000/sub/42"), Some(("::1".to_owned(), 9000)));
        for wrong in
            ["https://h/1", "https://k@h/", "https://k@h/p", "ftp://k@h/1", "k@h/1", "https://k@/1", ""]
        {
            assert_eq!(server(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn envelopes_go_below_the_path_of_the_project_and_without_its_key() {
        let table = [
            ("https://k@h/1", "https://h/api/1/envelope/"),
            ("http://k:s@h:9000/sub/42", "http://h:9000/sub/api/42/envelope/"),
            ("sync+https://k@h/7?timeout=1", "https://h/api/7/envelope/"),
            ("threaded+requests+http://k@[::1]:1/1", "http://[::1]:1/api/1/envelope/"),
        ];

        for (dsn, endpoint) in table {
            assert_eq!(Dsn::parse(dsn).ok().unwrap().endpoint(), endpoint);
        }
    }
}

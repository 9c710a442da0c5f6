//! The forms in which metrics are told.

use super::catalogue::{CATALOGUE, Kind};

/// A form of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    OpenMetrics,
    /// The older text of Prometheus, which the collector of textfiles reads.
    Plain,
}

impl Form {
    /// The form that whoever asks with this `Accept` header wants.
    pub(crate) fn wanted(accept: &str) -> Self {
        let names_it = |part: &str| part.trim().starts_with("application/openmetrics-text");
        if accept.split(',').any(names_it) { Self::OpenMetrics } else { Self::Plain }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The text without the empty brackets of samples that have no labels.
pub(super) fn unbracketed(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines() {
        match line.split_once('{') {
            Some((name, rest)) if !line.starts_with('#') && rest.starts_with('}') => {
                tidy.extend([name, &rest[1..], "\n"]);
            }
            _ => tidy.extend([line, "\n"]),
        }
    }
    tidy
}

/// The text of `OpenMetrics` in the older form: there, a counter is called as its samples, and neither units nor the end are told.
pub(super) fn plain(text: &str) -> String {
    let counters: Vec<String> = CATALOGUE
        .iter()
        .filter(|definition| matches!(definition.kind, Kind::Counter))
        .map(super::catalogue::Definition::family)
        .collect();
    let mut plain = String::with_capacity(text.len() + 1024);
    for line in text.lines() {
        let words = line.strip_prefix("# ").and_then(|rest| rest.split_once(' '));
        let Some((what @ ("HELP" | "TYPE"), rest)) = words else {
            // A sample's line never begins like this: names of metrics have no such character.
            if !line.starts_with('#') {
                plain.extend([line, "\n"]);
            }
            continue;
        };
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let total = if counters.iter().any(|counter| counter == name) { "_total" } else { "" };
        plain.extend(["# ", what, " ", name, total, " ", rest, "\n"]);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_with_nothing_in_them_go() {
        let text = "# HELP a {}\na{} 1\nb{c=\"{} \"} 2\n";

        assert_eq!(unbracketed(text), "# HELP a {}\na 1\nb{c=\"{} \"} 2\n");
    }

    #[test]
    fn whoever_knows_openmetrics_gets_it() {
        let of_prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.6,*/*;q=0.1";

        assert_eq!(Form::wanted(of_prometheus), Form::OpenMetrics);
        for other in ["", "*/*", "text/plain", "text/html,application/xhtml+xml"] {
            assert_eq!(Form::wanted(other), Form::Plain, "{other}");
        }
    }
}

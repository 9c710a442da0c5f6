//! How `rq config` answers: in a table for people, in JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::exit::Told;
use super::output;
use crate::config::Excerpt;
use crate::os::terminal::Stream;

/// One setting in force; secrets are masked before they come here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ShownSetting {
    /// The setting, `section.key`.
    pub(crate) key: String,
    /// What it is.
    pub(crate) value: Value,
    /// Where it comes from: a file, a variable, an option, or the default.
    pub(crate) origin: String,
    /// What would have counted otherwise, the strongest first.
    pub(crate) shadows: Vec<String>,
}

/// What a check of the configuration found; nothing wrong means that it is good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CheckReport {
    /// What was read, in the order in which later ones override earlier ones.
    pub(crate) sources: Vec<String>,
    /// What was tried and works, in words.
    pub(crate) works: Vec<String>,
    /// What makes the configuration unusable.
    pub(crate) errors: Vec<Problem>,
    /// What its author may not have meant.
    pub(crate) warnings: Vec<String>,
}

/// One mistake and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// What is wrong, and where.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// The file that it stands in.
    pub(crate) file: Option<String>,
    /// The line, from 1.
    pub(crate) line: Option<usize>,
    /// The column, in characters from 1.
    pub(crate) column: Option<usize>,
    /// The line for people, with a mark under the place.
    #[serde(skip)]
    pub(crate) excerpt: Option<Excerpt>,
}

impl Problem {
    /// The same with the settings that it is about, where the message does not name them.
    pub(super) fn about(mut told: Told, settings: Option<&str>) -> Self {
        if let Some(settings) = settings {
            told.message = format!("{} ({settings})", told.message);
        }
        Self::of(told)
    }

    pub(super) fn of(Told { message, hint, excerpt }: Told) -> Self {
        let place = excerpt.as_ref();
        Self {
            message,
            hint,
            file: place.map(|place| place.path.display().to_string()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            excerpt,
        }
    }
}

/// Prints the settings in force.
pub(crate) fn show(settings: &[ShownSetting], json: bool) {
    output::print(&if json { as_json(&settings) } else { table(settings, Stream::Out.wants_colour()) });
}

/// Prints what a check found.
pub(crate) fn check(report: &CheckReport, json: bool) {
    if json {
        output::print(&as_json(report));
        return;
    }
    let (out, errors) = verdict(report, Stream::Out.wants_colour());
    output::error(&errors);
    output::print(&out);
}

/// A document for programs.
pub(super) fn as_json<T: Serialize>(document: &T) -> String {
    // Texts, lists and objects with keys of text always have a JSON form.
    serde_json::to_string_pretty(document).expect("plain data has a JSON form") + "\n"
}

/// The same on one line, for a stream of them.
pub(super) fn as_json_line<T: Serialize>(document: &T) -> String {
    serde_json::to_string(document).expect("plain data has a JSON form") + "\n"
}

/// The settings in columns.
fn table(settings: &[ShownSetting], colour: bool) -> String {
    let rows: Vec<[String; 3]> = settings
        .iter()
        .map(|setting| [setting.key.clone(), in_words(&setting.value), setting.origin.clone()])
        .map(|row| row.map(|cell| output::safe(&cell).replace(['\n', '\t'], " ")))
        .collect();
    // One very long value must not push the origins of all others off the screen.
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).filter(|width| *width <= 48).max().unwrap_or(0)
    };
    let (keys, values) = (width(0).max(3), width(1).max(5));
    let mut text =
        output::painted("\x1b[1m", &format!("{:keys$}  {:values$}  {}", "KEY", "VALUE", "ORIGIN"), colour)
            + "\n";
    for ([key, value, origin], setting) in rows.iter().zip(settings) {
        let _ = writeln!(text, "{key:keys$}  {value:values$}  {origin}");
        for shadow in &setting.shadows {
            let _ = writeln!(text, "{:keys$}  {:values$}  shadows {}", "", "", output::safe(shadow));
        }
    }
    text
}

/// A value as a person would write it.
pub(super) fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What a check found, in words: for standard output and for standard error.
fn verdict(report: &CheckReport, colour: bool) -> (String, String) {
    let mut out = String::new();
    for source in &report.sources {
        let _ = writeln!(out, "read {}", output::safe(source));
    }
    for works in &report.works {
        let _ = writeln!(out, "{}", output::safe(works));
    }
    let mut errors = String::new();
    for warning in &report.warnings {
        let _ = writeln!(
            errors,
            "{} {}",
            output::painted("\x1b[1;33m", "warning:", colour),
            output::safe(warning)
        );
    }
    for problem in &report.errors {
        let _ = writeln!(
            errors,
            "{} {}",
            output::painted("\x1b[1;31m", "error:", colour),
            output::safe(&problem.message)
        );
        if let Some(excerpt) = &problem.excerpt {
            errors += &output::excerpt(excerpt, colour);
        }
        if let Some(hint) = &problem.hint {
            let _ =
                writeln!(errors, "{} {}", output::painted("\x1b[1;36m", "hint:", colour), output::safe(hint));
        }
    }
    if report.errors.is_empty() {
        out += &(output::painted("\x1b[32m", "The configuration is good.", colour) + "\n");
    }
    (out, errors)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> Vec<ShownSetting> {
        let shown = |key: &str, value: Value, origin: &str, shadows: &[&str]| ShownSetting {
            key: key.to_owned(),
            value,
            origin: origin.to_owned(),
            shadows: shadows.iter().map(ToString::to_string).collect(),
        };
        vec![
            shown("worker.queues", json!(["high", "low"]), "rq.toml, line 3", &["QUEUES in the environment"]),
            shown("worker.ttl", json!(420), "default", &[]),
            shown("worker.name", json!(null), "default", &[]),
        ]
    }

    #[test]
    fn settings_stand_in_columns_with_what_they_shadow_below() {
        assert_eq!(
            table(&settings(), false),
            "\
KEY            VALUE      ORIGIN
worker.queues  high, low  rq.toml, line 3
                          shadows QUEUES in the environment
worker.ttl     420        default
worker.name    -          default
"
        );
    }

    #[test]
    fn programs_get_typed_values() {
        let document: Value = serde_json::from_str(&as_json(&settings())).unwrap();

        assert_eq!(
            document[1],
            json!({"key": "worker.ttl", "value": 420, "origin": "default", "shadows": []})
        );
    }

    #[test]
    fn a_check_says_good_only_when_nothing_is_wrong() {
        let mut report = CheckReport { sources: vec!["rq.toml".to_owned()], ..CheckReport::default() };
        assert_eq!(verdict(&report, false).0, "read rq.toml\nThe configuration is good.\n");

        let hint = Some("remove it".to_owned());
        report.errors.push(Problem::of(Told {
            message: "unknown key slost".to_owned(),
            hint,
            excerpt: None,
        }));
        report.warnings.push("odd".to_owned());

        assert_eq!(
            verdict(&report, false),
            (
                "read rq.toml\n".to_owned(),
                "warning: odd\nerror: unknown key slost\nhint: remove it\n".to_owned()
            )
        );
    }
}

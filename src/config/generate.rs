//! Texts made from the definitions: the commented default file and the reference.

#[cfg(test)]
mod manual;

use std::fmt::Write as _;

use serde_json::Value as Raw;

use super::kind::Kind;
use super::problem::nearest;
use super::reload::ReloadClass;
use super::section::{Key, SECTIONS, Section, TABLES, key, keys};

const HEAD: &str = "\
# Configuration of rq. Every setting is here with its default or an example, commented out.
#
# Read from /usr/lib/rq/rq.toml, then /etc/rq/rq.toml, the drop-ins in their rq.toml.d, and ~/.config/rq. What is set
# later counts higher: REDIS_URL, REDIS_*, QUEUES, NAME and SENTRY_DSN in the environment, the files or module that -c
# names, credentials and other files with secrets, RQ_<SECTION>__<KEY> in the environment, options of the command line.
# `rq config show` tells every value in force and where it came from.
#
# A span of time is a number of seconds or a text with a unit: 250ms, 10s, 5m, 1h30m, 2d. A size is a number of bytes or
# a text with a unit: 64KiB, 256MiB, 1GiB, or 1MB for a million.
";

/// The text of `etc/rq/rq.toml`.
pub(crate) fn rq_toml() -> String {
    let mut text = format!("{HEAD}{}", legend());
    for section in SECTIONS {
        let _ = write!(text, "\n{}[{}]\n", comment(section.doc), section.name);
        for key in section.keys {
            let _ = write!(text, "\n{}", setting(key));
        }
    }
    for tables in TABLES {
        let _ = write!(text, "\n{}#[{}.example]\n", comment(tables.doc), tables.parent());
        for key in tables.keys {
            let _ = write!(text, "\n{}", setting(key));
        }
    }
    text
}

/// What a key means, when a change of it takes effect, and a line to uncomment.
fn setting(key: &Key) -> String {
    let meaning = comment(key.doc);
    format!("{} [{}]\n#{} = {}\n", meaning.trim_end(), key.reload.code(), key.field, sample(key))
}

/// What the marks behind the meanings say.
fn legend() -> String {
    let classes = ReloadClass::ALL.map(|class| format!("{} {}", class.code(), class.words()));
    let (some, others) = classes.split_at(3);
    format!(
        "#\n# The mark in brackets tells when a change takes effect at a reload: {},\n# {}.\n",
        some.join(", "),
        others.join(", ")
    )
}

fn comment(doc: &[&str]) -> String {
    doc.iter().flat_map(|line| ["# ", line.trim(), "\n"]).collect()
}

/// The default, or else an example, as TOML writes it.
fn sample(key: &Key) -> String {
    toml_text(key.default.or(key.example).unwrap_or("\"\""))
}

fn toml_text(json: &str) -> String {
    let raw: Raw = serde_json::from_str(json).unwrap_or_default();
    toml::Value::try_from(raw).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

/// The tables of `docs/configuration.md`.
pub(crate) fn reference() -> String {
    SECTIONS.iter().chain(&TABLES).map(|section| table(section)).collect::<Vec<_>>().join("\n")
}

fn table(section: &Section) -> String {
    let name = section.name.replace('*', "NAME");
    let mut text = format!("### `[{name}]`\n\n{}\n\n", prose(section.doc));
    text.push_str(
        "| Key | Type | Default | Reload | Meaning | Also said by |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for key in section.keys {
        let default = key.default.map_or("not set".to_owned(), |default| format!("`{}`", toml_text(default)));
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | {} | {} | {} |",
            key.field,
            cell(&type_name(key.kind)),
            key.reload.code(),
            cell(&prose(key.doc)),
            cell(&other_names(key).iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        );
    }
    text
}

/// What is known of a setting, whatever its value.
pub(crate) struct Explained {
    /// The whole name.
    pub(crate) key: String,
    pub(crate) meaning: String,
    /// What it holds, in words.
    pub(crate) kind: String,
    /// As TOML writes it; none when it is unset by default.
    pub(crate) default: Option<String>,
    /// RQ's name, variables and option.
    pub(crate) names: Vec<String>,
    /// When a change takes effect while the daemon runs.
    pub(crate) reload: ReloadClass,
}

/// Explains the setting of that name; else the name that was most likely meant.
pub(crate) fn explain(name: &str) -> Result<Explained, Option<&'static str>> {
    let by_rq_name = || keys().find(|key| key.rq_name == Some(name));
    let found = key(name).or_else(by_rq_name).or_else(|| super::section::key_of_table(name));
    let key = found.ok_or_else(|| nearest(name, keys().map(|key| key.name)))?;
    Ok(Explained {
        key: key.name.to_owned(),
        meaning: prose(key.doc),
        kind: type_name(key.kind),
        default: key.default.map(toml_text),
        names: other_names(key),
        reload: key.reload,
    })
}

fn prose(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn type_name(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Secret => "text, secret".to_owned(),
        Kind::Url => "URL".to_owned(),
        Kind::Dsn => "URL, secret".to_owned(),
        Kind::Rate => "number from 0 to 1".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Choice(_) => kind.expected(),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Integer { .. } => "whole number".to_owned(),
        Kind::Seconds { .. } => "whole seconds".to_owned(),
        Kind::Duration { .. } => "span of time".to_owned(),
        Kind::Size { .. } => "number of bytes".to_owned(),
        Kind::List => "list of texts".to_owned(),
        Kind::Count => "whole number, or table".to_owned(),
        Kind::Values => "list".to_owned(),
        Kind::Sentinel | Kind::Table | Kind::Environment => "table".to_owned(),
    }
}

/// RQ's name, the variables and the option of a key.
fn other_names(key: &Key) -> Vec<String> {
    let mut names: Vec<String> = key.rq_name.map(str::to_owned).into_iter().collect();
    if key.variables.allowed {
        names.extend(key.variables.short.map(str::to_owned));
        names.push(key.long_variable().replace('*', "<NAME>"));
    }
    names.extend(key.option.map(str::to_owned));
    names
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    const UPDATE: &str = "UPDATE_GENERATED=1 cargo test generated";

    fn repository(file: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
    }

    /// Compares a file with what the definitions make, or writes it when asked to.
    fn holds(file: &str, expected: &str) {
        let path = repository(file);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, expected).unwrap();
        }

        let found = std::fs::read_to_string(&path).unwrap_or_default();

        assert!(found == expected, "{file} is stale; write it anew by: {UPDATE}");
    }

    #[test]
    fn the_generated_default_file_is_up_to_date() {
        holds("etc/rq/rq.toml", &rq_toml());
    }

    /// The same for the part of a file that stands between two marks.
    fn holds_between(file: &str, [before, after]: [&str; 2], expected: &str) {
        let page = std::fs::read_to_string(repository(file)).unwrap();
        let (head, rest) = page.split_once(before).expect("the mark before it");
        let (_, tail) = rest.split_once(after).expect("the mark after it");

        holds(file, &format!("{head}{before}{expected}{after}{tail}"));
    }

    #[test]
    fn the_generated_reference_is_up_to_date() {
        let marks = ["<!-- generated -->\n", "<!-- end of generated -->"];
        holds_between("docs/configuration.md", marks, &reference());
    }

    #[test]
    fn the_generated_part_of_the_manual_is_up_to_date() {
        let marks = [".\\\" generated\n", ".\\\" end of generated"];
        holds_between("man/rq.toml.5", marks, &manual::settings());
    }

    #[test]
    fn the_default_file_says_nothing_and_every_line_of_it_can_be_used() {
        let samples: String =
            rq_toml().lines().flat_map(|line| [uncommented(line).to_owned(), "\n".to_owned()]).collect();

        let as_it_is: toml::Table = rq_toml().parse().unwrap();
        let in_use: toml::Table = samples.parse().unwrap();

        for section in SECTIONS {
            assert!(as_it_is[section.name].as_table().unwrap().is_empty());
            let fields = in_use[section.name].as_table().unwrap();
            for key in section.keys {
                let raw = serde_json::to_value(&fields[key.field]).unwrap();
                assert!(key.read(&raw).is_ok(), "{}", key.name);
            }
        }
        for tables in TABLES {
            let above = tables
                .parent()
                .split('.')
                .fold(&toml::Value::Table(in_use.clone()), |table, name| &table[name])
                .clone();
            let fields = above["example"].as_table().unwrap();
            for key in tables.keys {
                let raw = serde_json::to_value(&fields[key.field]).unwrap();
                assert!(key.read(&raw).is_ok(), "{}", key.name);
            }
        }
    }

    fn uncommented(line: &str) -> &str {
        line.strip_prefix('#').filter(|line| !line.starts_with(' ')).unwrap_or(line)
    }
}

//! The list of all settings in `man/rq.toml.5`.

use std::fmt::Write as _;

use super::{Key, ReloadClass, SECTIONS, Section, TABLES, other_names, prose, toml_text, type_name};

/// The list, in the language of manual pages.
pub(super) fn settings() -> String {
    let legend: String = ReloadClass::ALL
        .map(|class| format!(".TP\n.B {}\n{}\n", class.code(), escaped(class.words())))
        .concat();
    let sections = SECTIONS.iter().chain(&TABLES).map(|section| listed(section));
    legend + &sections.collect::<String>()
}

fn listed(section: &Section) -> String {
    let name = section.name.replace('*', "NAME");
    let keys: String = section.keys.iter().map(explained).collect();
    format!(".SS [{name}]\n{}\n{keys}", marked(&prose(section.doc)))
}

fn explained(key: &Key) -> String {
    let default =
        key.default.map_or("not set".to_owned(), |default| format!("default {}", toml_text(default)));
    let mut text = format!(
        ".TP\n\\fB{}\\fR ({}; {}; {})\n{}\n",
        escaped(key.field),
        escaped(&type_name(key.kind)),
        escaped(&default),
        key.reload.code(),
        marked(&prose(key.doc)),
    );
    let names = other_names(key);
    if !names.is_empty() {
        let names: Vec<String> = names.iter().map(|name| format!("\\fI{}\\fR", escaped(name))).collect();
        let _ = write!(text, ".IP\nAlso said by {}.\n", names.join(", "));
    }
    text
}

/// A text in which what stands between backticks is what one types.
fn marked(text: &str) -> String {
    let parts = escaped_but_ticks(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("\\fB{part}\\fR") } else { part.to_owned() }).collect()
}

fn escaped(text: &str) -> String {
    escaped_but_ticks(text).replace('`', "\\(ga")
}

fn escaped_but_ticks(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('"', "\\(dq");
    text.replace('^', "\\(ha").replace('~', "\\(ti")
}

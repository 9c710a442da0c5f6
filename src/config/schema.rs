//! The JSON Schema of a configuration file, for editors: made from the definitions, as everything else.

use serde_json::{Map, Value as Raw, json};

use super::kind::Kind;
use super::section::{Key, SECTIONS, Section, TABLES, keys};

/// The schema of `rq.toml`, and of the same in YAML or JSON.
pub(crate) fn schema() -> Raw {
    let mut properties = Map::new();
    for key in keys() {
        if let Some(name) = key.rq_name {
            properties.insert(name.to_owned(), value(key));
        }
    }
    for section in SECTIONS {
        properties.insert(section.name.to_owned(), table(section));
    }
    for tables in TABLES {
        let named = json!({"type": "object", "description": prose(tables.doc), "additionalProperties": table(tables)});
        match tables.parent().split_once('.') {
            None => drop(properties.insert(tables.parent().to_owned(), named)),
            Some((section, below)) => properties[section]["properties"][below] = named,
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of rq",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn table(section: &Section) -> Raw {
    let fields: Map<String, Raw> =
        section.keys.iter().map(|key| (key.field.to_owned(), value(key))).collect();
    json!({
        "type": "object", "description": prose(section.doc), "properties": fields, "additionalProperties": false,
    })
}

fn value(key: &Key) -> Raw {
    let mut schema = of_kind(key.kind);
    schema["description"] = prose(key.doc).into();
    let default = key.default.and_then(|text| serde_json::from_str(text).ok());
    if let Some(default) = default.filter(|default: &Raw| !default.is_null()) {
        schema["default"] = default;
    }
    schema
}

/// What may be written; a typed value may also be written as text.
fn of_kind(kind: Kind) -> Raw {
    let number = json!({"type": "string", "pattern": r"^\s*[-+]?[0-9.]"});
    let list = json!({"type": "array", "items": {"type": "string"}});
    match kind {
        Kind::Text | Kind::Secret | Kind::Path => json!({"type": "string"}),
        Kind::Url => json!({"type": "string", "pattern": "^(redis|rediss|unix)://"}),
        Kind::Dsn => json!({"type": "string", "pattern": "^$|://"}),
        Kind::Rate => json!({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, number]}),
        Kind::Choice(words) => {
            let plain = words.iter().filter(|(word, meant)| word == meant).map(|(word, _)| *word);
            let any_case = json!({"type": "string", "pattern": any_case(words)});
            json!({"anyOf": [{"enum": plain.collect::<Vec<_>>()}, any_case, {"enum": numbers(words)}]})
        }
        Kind::Boolean => {
            let words = json!({"enum": ["yes", "no", "on", "off", "true", "false", "y", "n", "t", "f", "1", "0", "", 1, 0]});
            json!({"anyOf": [{"type": "boolean"}, words]})
        }
        Kind::Integer { least, most } => {
            json!({"anyOf": [{"type": "integer", "minimum": least, "maximum": most}, number]})
        }
        Kind::Size { least, most } => {
            json!({"anyOf": [{"type": "integer", "minimum": least, "maximum": most}, number]})
        }
        Kind::Seconds { least } => {
            json!({"anyOf": [{"type": "integer", "minimum": least}, number]})
        }
        Kind::Duration { least } => {
            json!({"anyOf": [{"type": "number", "minimum": least.as_secs_f64()}, number]})
        }
        Kind::List => json!({"anyOf": [list, {"type": "string"}]}),
        Kind::Count => {
            let bound = json!({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]});
            json!({"anyOf": [bound, {
                "type": "object", "properties": {"min": bound, "max": bound}, "required": ["min", "max"],
                "additionalProperties": false,
            }]})
        }
        Kind::Values => json!({"type": ["array", "string"]}),
        Kind::Sentinel | Kind::Table | Kind::Environment => json!({"type": ["object", "string"]}),
    }
}

/// A pattern for any of the words in any case; patterns have no flag for that.
fn any_case(words: &[(&str, &str)]) -> String {
    let letter = |c: char| format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase());
    let words: Vec<String> = words.iter().map(|(word, _)| word.chars().map(letter).collect()).collect();
    format!(r"^\s*({})\s*$", words.join("|"))
}

/// Words that are numbers may be written as such.
fn numbers(words: &[(&str, &str)]) -> Vec<i64> {
    words.iter().filter_map(|(word, _)| word.parse().ok()).collect()
}

fn prose(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_schema_with_its_meaning() {
        let schema = schema();

        for key in keys() {
            let (section, field) = key.name.split_once('.').unwrap();
            let found = &schema["properties"][section]["properties"][field];
            assert!(found["description"].is_string(), "{}", key.name);
        }
        assert_eq!(schema["properties"]["REDIS_PORT"]["anyOf"][0]["maximum"], 65_535);
        assert!(schema["properties"]["cron"]["additionalProperties"]["properties"]["queue"].is_object());
    }
}

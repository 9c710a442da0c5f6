//! YAML, read so that text stays text: `no`, `on`, `007` and `1_000` are what they look like.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Raw};
use serde_saphyr::{Options, Spanned, budget, from_str_with_options, options};

use super::DEEPEST;
use super::scan::{Keys, LEVELS};
use super::shelf::Fault;

/// Aliases make few bytes into many nodes; no sensible configuration comes near this.
const MOST_NODES: usize = 20_000;

/// A value with the line of each key.
enum Node {
    Plain(Raw),
    List(Vec<Node>),
    Table(Vec<(String, Option<usize>, Node)>),
}

/// What a YAML text says.
pub(crate) fn parse(text: &str) -> Result<Raw, Fault> {
    Ok(read(text)?.map_or(Raw::Null, Node::plain))
}

/// The line of each key of the outer levels.
pub(crate) fn keys(text: &str) -> Keys {
    let mut keys = Keys::default();
    if let Ok(Some(Node::Table(entries))) = read(text) {
        add(&mut keys, &mut Vec::new(), &entries);
    }
    keys
}

fn add<'a>(keys: &mut Keys, path: &mut Vec<&'a str>, entries: &'a [(String, Option<usize>, Node)]) {
    for (name, line, node) in entries {
        path.push(name);
        keys.add(path, *line);
        if let Node::Table(inner) = node
            && path.len() < LEVELS
        {
            add(keys, path, inner);
        }
        path.pop();
    }
}

fn read(text: &str) -> Result<Option<Node>, Fault> {
    from_str_with_options(text, settings()).map_err(|error| {
        let number = |number: u64| usize::try_from(number).ok().filter(|number| *number > 0);
        let place = error.location();
        let line = place.and_then(|place| number(place.line()));
        let column = place.and_then(|place| number(place.column()));
        let words = error.without_snippet().to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        // What else the parser could be told is no setting of ours.
        let words = words.split(", set ").next().unwrap_or_default();
        Fault { line, column, text: words.to_owned() }
    })
}

fn settings() -> Options {
    options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
        budget: budget! { max_nodes: MOST_NODES, max_depth: DEEPEST + 1 },
    }
}

impl Node {
    fn plain(self) -> Raw {
        match self {
            Self::Plain(value) => value,
            Self::List(items) => items.into_iter().map(Self::plain).collect(),
            Self::Table(entries) => {
                let entries: Map<String, Raw> =
                    entries.into_iter().map(|(name, _, node)| (name, node.plain())).collect();
                Raw::Object(entries)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Plain(flag.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Plain(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Plain(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Node, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Node::Plain(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Plain(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(Raw::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(Raw::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut table = Vec::new();
        while let Some(name) = entries.next_key::<Spanned<String>>()? {
            let line = usize::try_from(name.referenced.line()).ok().filter(|line| *line > 0);
            table.push((name.value, line, entries.next_value()?));
        }
        Ok(Node::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_not_taken_for_anything_else() {
        let value = parse("QUEUES: [no, on, yes, 007, 1_000, ~, true, 7, 1.5]").unwrap();

        assert_eq!(value, json!({"QUEUES": ["no", "on", "yes", "007", "1_000", null, true, 7, 1.5]}));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for level in 1..9 {
            let below = vec![format!("*a{}", level - 1); 9].join(",");
            bomb.extend([format!("a{level}: &a{level} [{below}]\n")]);
        }

        assert!(parse(&bomb).is_err());
    }

    #[test]
    fn aliases_and_merges_within_reason_work() {
        let value = parse("base: &base {ttl: 5}\nworker:\n  <<: *base\n  burst: true\n").unwrap();

        assert_eq!(value["worker"], json!({"ttl": 5, "burst": true}));
    }

    #[test]
    fn the_line_of_each_key_is_known() {
        let keys = keys("# a comment\nREDIS_URL: x\n\nworker:\n  # more\n  ttl: 5\n");

        assert_eq!(keys.line(&["REDIS_URL"]), Some(2));
        assert_eq!(keys.line(&["worker"]), Some(4));
        assert_eq!(keys.line(&["worker", "ttl"]), Some(6));
        assert_eq!(keys.line(&["worker", "name"]), None);
    }
}

//! Python's plain values: those that can be written without any Python.

use serde_json::Value;

use super::whole::Whole;

/// A plain value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    None,
    Bool(bool),
    Int(Whole),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Tuple(Vec<Self>),
    /// Without equal ones.
    Set(Vec<Self>),
    /// In their order, without equal keys.
    Table(Vec<(Self, Self)>),
}

impl Plain {
    /// A set of these; nothing when one of them cannot be in a set.
    pub(super) fn set(items: Vec<Self>) -> Option<Self> {
        let mut seen = std::collections::HashSet::new();
        let mut kept = Vec::new();
        for item in items {
            if seen.insert(item.hash()?) {
                kept.push(item);
            }
        }
        Some(Self::Set(kept))
    }

    /// A dictionary of these: a later value of an equal key replaces the earlier one. Nothing when a key cannot be one.
    pub(super) fn table(pairs: Vec<(Self, Self)>) -> Option<Self> {
        let mut places = std::collections::HashMap::new();
        let mut kept: Vec<(Self, Self)> = Vec::new();
        for (key, value) in pairs {
            let place = *places.entry(key.hash()?).or_insert(kept.len());
            match kept.get_mut(place) {
                Some(pair) => pair.1 = value,
                None => kept.push((key, value)),
            }
        }
        Some(Self::Table(kept))
    }

    /// A text that is the same for values that Python takes for equal: `1`, `1.0` and `True`.
    fn hash(&self) -> Option<String> {
        Some(match self {
            Self::None => "none".to_owned(),
            Self::Bool(flag) => format!("n{}", u8::from(*flag)),
            Self::Int(number) => format!("n{number}"),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                format!("n{number:.0}").replace("-0", "0")
            }
            Self::Float(number) => format!("f{number}"),
            Self::Text(text) => format!("t{text}"),
            Self::Bytes(bytes) => format!("b{bytes:?}"),
            Self::Tuple(items) => {
                let items: Option<Vec<String>> = items.iter().map(Self::hash).collect();
                format!("({:?})", items?)
            }
            Self::List(_) | Self::Set(_) | Self::Table(_) => return None,
        })
    }
}

impl From<&Value> for Plain {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => number
                .as_i64()
                .map(Whole::from)
                .or_else(|| number.as_u64().map(Whole::from))
                .map_or_else(|| Self::Float(number.as_f64().unwrap_or_default()), Self::Int),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(table) => Self::Table(
                table.iter().map(|(name, value)| (Self::Text(name.clone()), value.into())).collect(),
            ),
        }
    }
}

impl From<i64> for Plain {
    fn from(number: i64) -> Self {
        Self::Int(number.into())
    }
}

impl From<&str> for Plain {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

//! A call of a Python function as RQ's clients write it into a job: payload and description, without any Python.
//!
//! Only plain arguments can be written: what JSON can hold. What others wrote is only looked at (`glance`), never loaded.

mod glance;
mod pickle;
mod repr;

pub(crate) use glance::{function, glance};

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// RQ: how much of an argument a description shows.
const SHOWN: usize = 75;

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// What RQ's clients use when nothing else is said.
    Pickle,
    /// RQ's `JSONSerializer`.
    Json,
}

/// A function and what it is called with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The dotted name.
    pub(crate) function: String,
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Map<String, Value>,
}

impl Call {
    /// The serialized payload: function, no instance, arguments.
    pub(crate) fn payload(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Pickle => pickle::call(&self.function, &self.args, &self.kwargs),
            Format::Json => json!([self.function, null, self.args, self.kwargs]).to_string().into_bytes(),
        }
    }

    /// The call as Python would write it: `tasks.add(1, y=2)`.
    pub(crate) fn description(&self) -> String {
        let mut arguments: Vec<String> = self.args.iter().map(shown).collect();
        let mut named: Vec<String> =
            self.kwargs.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
        // RQ: sorted as texts.
        named.sort();
        arguments.append(&mut named);
        let mut text = self.function.clone();
        // Writing to a string cannot fail.
        let _ = write!(text, "({})", arguments.join(", "));
        text
    }
}

/// An argument as Python's `repr` tells it, cut short.
fn shown(value: &Value) -> String {
    let whole = repr::of(value);
    match whole.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}...", &whole[..cut]),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn call(args: Value, kwargs: Value) -> Call {
        let (Value::Array(args), Value::Object(kwargs)) = (args, kwargs) else { panic!("not arguments") };
        Call { function: "tasks.add".to_owned(), args, kwargs }
    }

    /// What Python's pickle makes of a payload, and what it has to say of each argument.
    fn loaded(payload: &[u8]) -> Value {
        let program = "import json, pickle, sys\nname, nothing, args, kwargs = pickle.load(sys.stdin.buffer)\n\
            print(json.dumps([name, nothing, type(args).__name__, args, kwargs, [repr(a) for a in args]]))";
        let mut python = Command::new("python3")
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(payload).unwrap();
        serde_json::from_slice(&python.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn python_loads_what_was_written_and_describes_it_in_the_same_words() {
        let long = "x".repeat(70_000);
        let args = json!([
            null, true, false, 0, 255, 256, 65_535, 65_536, -1, i32::MIN, i64::MIN, i64::MAX, u64::MAX, 1.5, -0.0,
            1e300, 1e16, 1e15, 1e-4, 1e-5, 123_456.75, "", "plain", "Grüße 🐎", "it's", "say \"it's\"", "line\n\ttab\\ \u{7f}\u{a0}\u{200b}",
            [], [1], [1, [2, ["x"]]], {}, {"a": 1, "b": {"c": [null, true]}}
        ]);
        let whole = call(args.clone(), json!({"y": 2, "long": long}));

        let told = loaded(&whole.payload(Format::Pickle));

        assert_eq!(told[0], "tasks.add");
        assert_eq!(told[1], Value::Null);
        assert_eq!(told[2], "tuple");
        assert_eq!(told[3], args);
        assert_eq!(told[4], json!({"y": 2, "long": long}));
        for (value, theirs) in args.as_array().unwrap().iter().zip(told[5].as_array().unwrap()) {
            assert_eq!(repr::of(value), theirs.as_str().unwrap());
        }
    }

    #[test]
    fn the_json_form_is_a_list_of_four() {
        let payload = call(json!([1]), json!({"y": 2})).payload(Format::Json);

        assert_eq!(
            serde_json::from_slice::<Value>(&payload).unwrap(),
            json!(["tasks.add", null, [1], {"y": 2}])
        );
    }

    #[test]
    fn a_description_is_the_call_with_long_arguments_cut() {
        let call = call(json!([1, "x".repeat(100)]), json!({"z": true, "a": null}));

        let expected = format!("tasks.add(1, '{}..., a=None, z=True)", "x".repeat(74));
        assert_eq!(call.description(), expected);
    }
}

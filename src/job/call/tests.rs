use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn call(args: &Value, kwargs: &Value) -> Call {
    let (Plain::List(args), Value::Object(kwargs)) = (args.into(), kwargs) else { panic!("not arguments") };
    let kwargs = kwargs.iter().map(|(name, value)| (name.clone(), value.into())).collect();
    Call { function: "tasks.add".to_owned(), args, sequence: Sequence::Tuple, kwargs }
}

/// What a program of Python's says of what it reads.
fn python(program: &str, input: &[u8]) -> String {
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(input).unwrap();
    String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap()
}

/// What Python's pickle makes of a payload, and what it has to say of each argument.
fn loaded(payload: &[u8]) -> Value {
    let program = "import json, pickle, sys\nname, nothing, args, kwargs = pickle.load(sys.stdin.buffer)\n\
        print(json.dumps([name, nothing, type(args).__name__, args, kwargs, [repr(a) for a in args]]))";
    serde_json::from_str(&python(program, payload)).unwrap()
}

#[test]
fn python_loads_what_was_written_and_describes_it_in_the_same_words() {
    let long = "x".repeat(70_000);
    let args = json!([
        null, true, false, 0, 255, 256, 65_535, 65_536, -1, i32::MIN, i64::MIN, i64::MAX, u64::MAX, 1.5, -0.0,
        1e300, 1e16, 1e15, 1e-4, 1e-5, 123_456.75, "", "plain", "Grüße 🐎", "it's", "say \"it's\"", "line\n\ttab\\ \u{7f}\u{a0}\u{200b}",
        [], [1], [1, [2, ["x"]]], {}, {"a": 1, "b": {"c": [null, true]}}
    ]);
    let whole = call(&args, &json!({"y": 2, "long": long}));

    let told = loaded(&whole.payload(Format::Pickle).unwrap());

    assert_eq!(told[0], "tasks.add");
    assert_eq!(told[1], Value::Null);
    assert_eq!(told[2], "tuple");
    assert_eq!(told[3], args);
    assert_eq!(told[4], json!({"y": 2, "long": long}));
    for (value, theirs) in whole.args.iter().zip(told[5].as_array().unwrap()) {
        assert_eq!(repr::of(value), theirs.as_str().unwrap());
    }
}

#[test]
fn the_json_form_is_a_list_of_four() {
    let payload = call(&json!([1, "ü🐎\u{1}\"\\", 1e16, [], {"a": null}]), &json!({"y": 2}))
        .payload(Format::Json)
        .unwrap();

    let expected = "[\"tasks.add\", null, [1, \"\\u00fc\\ud83d\\udc0e\\u0001\\\"\\\\\", 1e+16, [], {\"a\": null}], {\"y\": 2}]";
    assert_eq!(String::from_utf8(payload).unwrap(), expected);
}

#[test]
fn a_description_is_the_call_with_long_arguments_cut() {
    let call = call(&json!([1, "x".repeat(100)]), &json!({"z": true, "a": null}));

    let expected = format!("tasks.add(1, '{}..., a=None, z=True)", "x".repeat(74));
    assert_eq!(call.description(), expected);
    assert_eq!(call.text(), format!("tasks.add(1, '{}', a=None, z=True)", "x".repeat(100)));
}

/// Literals, good ones and bad ones.
const LITERALS: &[&str] = &[
    "1",
    "-1",
    "+1",
    "0",
    "00",
    "1_000",
    "0x_ff",
    "0XFF",
    "0o17",
    "0b101",
    "1.",
    ".5",
    "1e5",
    "1_0.0_1E-3",
    "-1.5e+300",
    "1e999",
    "340282366920938463463374607431768211456",
    "-340282366920938463463374607431768211455",
    "65535",
    "65536",
    "'a'",
    "\"a'b\"",
    "'''a\nb'''",
    "\"\"\"x\"y\"\"\"",
    "r'\\n\\''",
    "u'x'",
    "b'a\\xff\\n\\0\\777'",
    "Rb'\\x'",
    "'a' 'b'\"c\"",
    "'\\x41\\101\\u00fc\\U0001f40e\\a\\b\\f\\v\\q\\\nz'",
    "b'it\\'s'",
    "'it\\'s \"x\"'",
    "''",
    "b''",
    "()",
    "(1)",
    "(1,)",
    "(1, 'zwei', 3.5, None)",
    "1, 2",
    "1,",
    "[]",
    "[1]",
    "[1, 2,]",
    "[[1, 2], [3, [4]]]",
    "{}",
    "{'k': 1}",
    "{'k': 1, 'l': [True, False], }",
    "{1: 'one', (1, 2): 'pair'}",
    "{1: 'a', True: 'b', 1.0: 'c'}",
    "{7}",
    "{1, 1.0, True}",
    "set()",
    "None",
    "True",
    " \t [1,\n # a comment\n 2] \n",
    "(\n'a'\n'b'\n)",
    "-(1)",
    "(-1)",
    "[1, -2, +3.0]",
];

const NO_LITERALS: &[&str] = &[
    "",
    " ",
    "x",
    "foo()",
    "1 +",
    "1 + 1",
    "--1",
    "-'a'",
    "-True",
    "[1",
    "1]",
    "(1",
    "{1: }",
    "{[]: 1}",
    "{[1]}",
    "{1: 2, 3}",
    "{1, 2: 3}",
    "'a",
    "'a\nb'",
    "'a' b'b'",
    "b'ü'",
    "01",
    "1__0",
    "1_",
    "0x",
    "0b2",
    "1.2.3",
    "1e",
    "12ab",
    "f'x'",
    "'\\x4'",
    "'\\u12'",
    "'\\U00110000'",
    "set(1)",
    "[,]",
    "(,)",
    "{,}",
    "*x",
    "[1 2]",
    "lambda: 0",
    "__import__('os')",
    "1 if 1 else 2",
    "\"a\" \"b",
    "'\\",
    "1;2",
];

/// What is a literal to Python, and cannot be written without it.
const BEYOND: &[&str] = &["1j", "1+2j", "-1-2J", "...", "'\\N{BULLET}'", "'\\ud800'"];

#[test]
fn literals_are_pythons() {
    let program = "import ast, json, pickle, sys\nfor text in json.load(sys.stdin):\n    try:\n        value = ast.literal_eval(text)\n    \
         except Exception:\n        print(json.dumps(None))\n    else:\n        whole = pickle.dumps(('f', None, [value], {}), protocol=4)\n        \
         print(json.dumps([repr(value), whole.hex()]))";
    let texts: Vec<&str> = LITERALS.iter().chain(NO_LITERALS).copied().collect();
    let told = python(program, json!(texts).to_string().as_bytes());

    for (text, told) in texts.iter().zip(told.lines()) {
        let told: Option<(String, String)> = serde_json::from_str(told).unwrap();
        let ours = from_literal(text);
        let Some((theirs, pickled)) = told else {
            assert!(ours.is_err(), "{text:?}: {ours:?}");
            continue;
        };
        let value = ours.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(repr::of(&value), theirs, "{text:?}");
        let call =
            Call { function: "f".to_owned(), args: vec![value], sequence: Sequence::List, kwargs: vec![] };
        let ours = call.payload(Format::Pickle).unwrap();
        let ours = ours.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(ours, pickled, "{text:?}");
    }
    for text in BEYOND {
        assert!(from_literal(text).is_err(), "{text}");
    }
    assert!(from_literal(&"[".repeat(100_000)).unwrap_err().contains("deep"));
    assert!(from_literal(&"(".repeat(100_000)).is_err());
    assert!(from_literal(&"-".repeat(100_000)).is_err());
}

#[test]
fn json_is_pythons() {
    let texts = [
        "1",
        " [1, 2.5, -3e2, \"a\\u00fc\\ud83d\\udc0e\\/\\n\"] ",
        "{}",
        "{\"a\": 1, \"b\": 2, \"a\": 3}",
        "null",
        "NaN",
        "-Infinity",
        "123456789012345678901234567890",
        "-0",
        "-0.0",
        "1E400",
        "[[], {\"x\": [true, false]}]",
        "\"ü\"",
        "",
        "01",
        "1.",
        ".5",
        "+1",
        "[1,]",
        "{\"a\"}",
        "{a: 1}",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\n\"",
        "1 2",
        "tru",
        "[1",
        "{\"a\": 1,}",
        "\"\\u12\"",
        "nul",
        "-",
        "1e",
        "\u{feff}1",
    ];
    let program = "import json, pickle, sys\nfor text in json.load(sys.stdin):\n    try:\n        value = json.loads(text)\n    \
         except Exception:\n        print('null')\n    else:\n        print(json.dumps([repr(value), json.dumps(['f', None, [value], {}])]))";
    let told = python(program, json!(texts.to_vec()).to_string().as_bytes());

    for (text, told) in texts.iter().zip(told.lines()) {
        let told: Option<(String, String)> = serde_json::from_str(told).unwrap();
        let ours = from_json(text);
        let Some((theirs, written)) = told else {
            assert!(ours.is_err(), "{text:?}: {ours:?}");
            continue;
        };
        let value = ours.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(repr::of(&value), theirs, "{text:?}");
        let call =
            Call { function: "f".to_owned(), args: vec![value], sequence: Sequence::List, kwargs: vec![] };
        assert_eq!(String::from_utf8(call.payload(Format::Json).unwrap()).unwrap(), written, "{text:?}");
    }
    assert!(from_json("\"\\ud800\"").is_err());
    assert!(from_json(&"[".repeat(100_000)).unwrap_err().contains("deep"));
}

#[test]
fn what_json_cannot_hold_is_told() {
    for text in ["b'x'", "{1}", "[{(1, 2): 3}]"] {
        let args = vec![from_literal(text).unwrap()];
        let call = Call { function: "f".to_owned(), args, sequence: Sequence::List, kwargs: vec![] };
        assert!(call.payload(Format::Json).is_err(), "{text}");
        assert!(call.payload(Format::Pickle).is_ok(), "{text}");
    }
}

#[test]
fn python_loads_long_lists() {
    for count in [999_usize, 1000, 1001, 2001] {
        let args = vec![Plain::List(vec![Plain::None; count])];
        let kwargs = (0..count).map(|number| (format!("k{number}"), Plain::None)).collect();
        let call = Call { function: "f".to_owned(), args, sequence: Sequence::List, kwargs };
        let program = format!(
            "import pickle, sys\nn = {count}\n\
             print(pickle.load(sys.stdin.buffer) == ('f', None, [[None] * n], {{'k%d' % i: None for i in range(n)}}))"
        );

        assert_eq!(python(&program, &call.payload(Format::Pickle).unwrap()), "True\n", "{count}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_the_readers_panic(text in "[\\[\\](){}'\"\\\\,:0-9a-zNTF_.+\\-ü\n #xujbr]{0,40}") {
        let _ = (from_literal(&text), from_json(&text));
    }
}

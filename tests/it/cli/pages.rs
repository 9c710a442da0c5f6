//! The code that the pages of the documentation show: that it can be used.

#[path = "../../pages/mod.rs"]
mod pages;

use std::fs;
use std::process::Command;

use pages::Snippet;
use serde_json::Value;

use super::Folder;
use super::folder::{python, run};

/// Reads every module of the current directory, and tells how many there were.
const READS_ALL: &str = "\
import ast, pathlib
modules = sorted(pathlib.Path().glob('*.py'))
for module in modules:
    try:
        ast.parse(module.read_text())
    except SyntaxError as error:
        raise SystemExit(module.read_text() + repr(error))
print(len(modules))
";

fn of_language(language: &str) -> Vec<Snippet> {
    let found: Vec<_> =
        pages::snippets().into_iter().filter(|snippet| snippet.language == language).collect();
    assert!(!found.is_empty(), "no code in {language}");
    found
}

/// A configuration whose absolute paths lie in this folder instead, where what they need is there.
fn within(folder: &Folder, text: &str) -> String {
    let root = folder.path("machine");
    for path in text.split("\"/").skip(1).filter_map(|rest| rest.split_once('"')) {
        fs::create_dir_all(root.join(path.0).parent().unwrap()).unwrap();
    }
    text.replace("\"/", &format!("\"{}/", root.display()))
}

#[test]
fn every_configuration_that_a_page_shows_is_good() {
    for Snippet { place, text, .. } in of_language("toml") {
        let folder = Folder::new();
        folder.write("rq.toml", &within(&folder, &text));

        let exit = folder.run(&["config", "check", "-c", "rq.toml"]);

        assert_eq!(exit.code(), 0, "{place}:\n{text}\n{}{}", exit.stdout, exit.stderr);
    }
}

#[test]
fn all_python_that_a_page_shows_is_python() {
    let folder = Folder::new();
    let snippets = of_language("python");
    for (number, Snippet { place, text, .. }) in snippets.iter().enumerate() {
        folder.write(&format!("{number:03}.py"), &format!("# {place}\n{text}"));
    }
    let mut command = Command::new(python());
    command.args(["-c", READS_ALL]).current_dir(folder.path(""));
    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(exit.stdout.trim(), snippets.len().to_string());
}

#[test]
fn all_yaml_that_a_page_shows_is_yaml() {
    for Snippet { place, text, .. } in of_language("yaml") {
        let read = serde_saphyr::from_multiple::<Value>(&text);

        assert!(read.as_ref().is_ok_and(|values| !values.is_empty()), "{place}:\n{text}\n{read:?}");
    }
}

#[test]
fn all_json_that_a_page_shows_is_json() {
    for Snippet { place, text, .. } in of_language("json") {
        let read: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();

        assert!(read.as_ref().is_ok_and(|values| !values.is_empty()), "{place}:\n{text}\n{read:?}");
    }
}

//! The Markdown pages of the repository and the code that they show, for the tests that try it.

use std::fs;
use std::path::Path;

/// The folders that have pages.
const FOLDERS: [&str; 6] = ["docs", "examples", "packaging", "man", "benches", "etc"];

/// What stands in the line above a piece of code that is not to be tried, before the reason.
const UNTRIED: &str = "<!-- untried: ";

/// A piece of code that a page shows between two fences.
pub(crate) struct Snippet {
    /// Page and line.
    pub(crate) place: String,
    /// What stands behind the first fence.
    pub(crate) language: String,
    /// The code, with the indentation of its fence taken away.
    pub(crate) text: String,
}

/// Every page: its path from the top of the repository, and its text.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut found = Vec::new();
    below("", false, &mut found);
    for folder in FOLDERS {
        below(folder, true, &mut found);
    }
    assert!(found.len() > 20, "only {} pages", found.len());
    found
}

fn below(folder: &str, deep: bool, found: &mut Vec<(String, String)>) {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(top.join(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if deep && top.join(&path).is_dir() {
            below(&path, deep, found);
        } else if Path::new(&path).extension().is_some_and(|ending| ending == "md") {
            found.push((path.clone(), fs::read_to_string(top.join(&path)).unwrap()));
        }
    }
}

/// The code of every page that is to be tried.
pub(crate) fn snippets() -> Vec<Snippet> {
    pages().iter().flat_map(|(path, text)| of_page(path, text)).collect()
}

fn of_page(path: &str, text: &str) -> Vec<Snippet> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut above = "";
    while let Some((index, line)) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let indentation = line.len() - line.trim_start().len();
            let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
            let text = inside.flat_map(|line| [line.get(indentation..).unwrap_or(""), "\n"]).collect();
            if !above.trim_start().starts_with(UNTRIED) {
                let place = format!("{path}:{}", index + 1);
                found.push(Snippet { place, language: language.to_owned(), text });
            }
        }
        above = line;
    }
    found
}

//! What the pages of the documentation say of the command line and of settings: that it is there.

#[path = "../../../tests/pages/mod.rs"]
mod pages;
#[path = "../../../tests/pages/prose.rs"]
mod prose;

use std::ffi::OsString;
use std::path::Path;

use super::{command, parse};
use crate::config;

/// What may stand before `rq` in a line of a shell.
const BEFORE: [&str; 4] = ["$", "exec", "sudo", "nohup"];

/// The names of our program.
const PROGRAMS: [&str; 4] = ["rq", "rqd", "rqworker", "rqinfo"];

/// How names begin that look like settings in prose and are none.
const NO_SETTINGS: [&str; 2] = ["sentry.python", "queue.enqueue"];

/// The endings of files that are named as sections are.
const ENDINGS: [&str; 5] = ["py", "yaml", "conf", "toml", "env"];

/// The command lines of ours in a text for a shell.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let lines = text.replace("\\\n", " ");
    lines.lines().flat_map(|line| of_line(&words(line))).collect()
}

/// The words of a line as a shell has them, up to its comment. Nothing is put in for variables.
fn words(line: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut within = false;
    let mut quote = None;
    for character in line.chars() {
        match quote {
            Some(mark) if mark == character => quote = None,
            None if character == '#' && !within => break,
            None if character == '\'' || character == '"' => quote = Some(character),
            None if character.is_whitespace() => {
                within = false;
                continue;
            }
            _ => {
                if !within {
                    found.push(String::new());
                }
                found.last_mut().unwrap().push(character);
            }
        }
        if !within && quote.is_some() {
            found.push(String::new());
        }
        within = true;
    }
    found
}

/// The commands of ours among the words of a line, each without what stands before it and where its output goes.
fn of_line(words: &[String]) -> Vec<Vec<String>> {
    let ends = |word: &String| ["|", "||", "&&", ";", "&", "--"].contains(&word.as_str());
    let ours = |words: &[String]| {
        let assigns = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-'));
        let before = words.iter().take_while(|word| assigns(word) || BEFORE.contains(&word.as_str())).count();
        let program = Path::new(words.get(before)?).file_name()?.to_str()?;
        let shown = |word: &&String| !word.contains('>') && !word.starts_with("...");
        let arguments = words[before + 1..].iter().take_while(shown).cloned();
        let name = if program == "rqd" { "rq" } else { program };
        PROGRAMS.contains(&program).then(|| [name.to_owned()].into_iter().chain(arguments).collect())
    };
    words.split(ends).filter_map(ours).collect()
}

#[test]
fn words_are_those_of_a_shell() {
    let line = "A=1 rq jobs --function 'app.mail.*' \"two words\" '' # | rq gone";

    assert_eq!(words(line), ["A=1", "rq", "jobs", "--function", "app.mail.*", "two words", ""]);
    assert_eq!(
        command_lines("A=1 bin/rqd info \\\n  -R > x\ncat | rq jobs -\nrqworker high && grep rq file\n"),
        [vec!["rq", "info", "-R"], vec!["rq", "jobs", "-"], vec!["rqworker", "high"]]
    );
}

#[test]
fn every_command_that_a_page_shows_is_understood() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for snippet in pages::snippets() {
        let said: String = match snippet.language.as_str() {
            "sh" => snippet.text,
            "text" | "console" => {
                let typed = snippet.text.lines().filter(|line| line.starts_with("$ "));
                typed.flat_map(|line| [line, "\n"]).collect()
            }
            _ => continue,
        };
        for line in command_lines(&said) {
            tried += 1;
            if let Err(error) = parse(line.iter().map(OsString::from))
                && error.use_stderr()
            {
                wrong.push(format!("{}: {}\n{error}", snippet.place, line.join(" ")));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 40, "only {tried} commands");
}

#[test]
fn every_command_that_a_page_gives_as_a_list_is_understood() {
    let mut tried = 0;
    for (path, text) in pages::pages() {
        for (at, _) in text.match_indices("[\"rq\", ") {
            let list = text[at..].split_inclusive(']').next().unwrap();
            let words: Vec<String> = serde_json::from_str(list).unwrap();
            tried += 1;

            let read = parse(words.into_iter().map(OsString::from));

            assert!(read.is_ok(), "{path}: {list}");
        }
    }
    assert!(tried > 2, "only {tried} lists");
}

/// What stands between backticks in the prose of every page, with its page and line.
fn named_in_prose() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in pages::pages() {
        for (index, line) in prose::prose(&text) {
            let names = line.split('`').skip(1).step_by(2);
            found.extend(names.map(|name| (format!("{path}:{}", index + 1), name.to_owned())));
        }
    }
    found
}

/// The first word of a command line that the grammar does not know.
fn unknown_word(line: &str) -> Option<String> {
    let grammar = command();
    let mut at = &grammar;
    for word in line.split_whitespace().skip(1) {
        let name = word.split('=').next().unwrap_or(word).trim_end_matches([',', ';', '.']);
        if let Some(long) = name.strip_prefix("--").filter(|long| !long.is_empty()) {
            let known = at.get_arguments().any(|argument| {
                argument.get_long() == Some(long)
                    || argument.get_all_aliases().unwrap_or_default().contains(&long)
            });
            if !known && !["help", "version"].contains(&long) {
                return Some(word.to_owned());
            }
        } else if let Some(below) = at.find_subcommand(name) {
            at = below;
        } else if at.has_subcommands() && !name.starts_with('-') && name != name.to_uppercase() {
            return Some(word.to_owned());
        }
    }
    None
}

#[test]
fn every_command_and_option_that_prose_names_is_there() {
    let named = named_in_prose();
    let lines = named.iter().filter(|(_, code)| code.starts_with("rq ") && !code.contains(" = "));
    let wrong: Vec<_> =
        lines.filter_map(|(place, line)| Some(format!("{place}: {line}: {}", unknown_word(line)?))).collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unknown_word("rq config shw"), Some("shw".to_owned()));
    assert_eq!(unknown_word("rq worker --brust"), Some("--brust".to_owned()));
}

fn is_section(name: &str) -> bool {
    let of_keys = config::keys().any(|key| key.name.split('.').next() == Some(name));
    of_keys || ["group", "queue", "cron"].contains(&name)
}

/// The name of a setting, when this is one: `worker.ttl`, `worker.ttl = "7m"`, but not `redis.from_url(..)`.
fn setting(code: &str) -> Option<String> {
    let name = code.split(" = ").next().unwrap_or(code).replace("NAME", "name");
    let (section, field) = name.split_once('.')?;
    let plain = |c: char| c.is_ascii_lowercase() || "._".contains(c);
    let known = is_section(section) && !ENDINGS.contains(&field);
    (known && field.chars().all(plain) && !NO_SETTINGS.iter().any(|other| name.starts_with(other)))
        .then_some(name)
}

#[test]
fn every_setting_that_prose_names_is_there() {
    let named = named_in_prose();
    let settings: Vec<_> =
        named.iter().filter_map(|(place, code)| setting(code).map(|name| (place, name))).collect();
    let unknown = settings.iter().filter(|(_, name)| config::explain(name).is_err());
    let wrong: Vec<_> = unknown.map(|(place, name)| format!("{place}: {name}")).collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(settings.len() > 100, "only {} settings", settings.len());
}

#[test]
fn every_section_that_prose_names_is_there() {
    let mut tried = 0;
    for (place, code) in named_in_prose() {
        let Some(name) = code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { continue };
        if name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains(' ') {
            tried += 1;
            assert!(is_section(name.split('.').next().unwrap()), "{place}: {code}");
        }
    }
    assert!(tried > 20, "only {tried} sections");
}

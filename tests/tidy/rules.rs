//! The other rules: sizes, what belongs to one layer alone, headers, paths and links.

use std::collections::HashSet;
use std::path::Path;

use crate::prose::prose;
use crate::source::Source;

const RUST_LINES: usize = 400;
const PYTHON_LINES: usize = 400;
const LUA_LINES: usize = 100;

/// What a Lua script says in its header. A fragment, which is no script by itself, says that instead.
const LUA_HEADER: [&str; 3] = ["-- KEYS:", "-- ARGV:", "-- Returns:"];
const LUA_FRAGMENT: &str = "-- Fragment:";

/// The rules for one Rust file.
pub(crate) fn check_rust(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    if source.path.starts_with("src/") && !source.is_tests() && source.product_lines() > RUST_LINES {
        found.push(format!("{}: {} lines, at most {RUST_LINES}", source.path, source.product_lines()));
    }
    for at in 0..source.tokens.len() {
        if source.has(at, &["[", "allow", "("]) {
            found.push(complaint(
                source,
                at,
                "lints are silenced with #[expect(.., reason = \"..\")], not with allow",
            ));
        }
    }
    if !source.is_tests() {
        found.extend(source.product().filter_map(|at| belongs_elsewhere(source, at)));
    }
    found
}

/// What only one layer may contain.
fn belongs_elsewhere(source: &Source, at: usize) -> Option<String> {
    let outside = |layer| source.top_module() != Some(layer);
    let text = source.text(at);
    let message = match text {
        "unsafe" if outside("os") => "unsafe belongs to os",
        "process" if outside("os") && names_command(source, at) => "std::process::Command belongs to os",
        "print" | "println" | "eprint" | "eprintln" | "dbg"
            if outside("cli") && source.text(at + 1) == "!" =>
        {
            "only cli prints"
        }
        _ => return None,
    };
    Some(complaint(source, at, message))
}

/// Whether `process::Command` or `process::{.., Command, ..}` stands here.
fn names_command(source: &Source, at: usize) -> bool {
    if !source.has(at + 1, &[":", ":"]) {
        return false;
    }
    if source.text(at + 3) != "{" {
        return source.text(at + 3) == "Command";
    }
    (at + 4..source.tokens.len())
        .take_while(|&at| source.text(at) != "}")
        .any(|at| source.text(at) == "Command")
}

fn complaint(source: &Source, at: usize, message: &str) -> String {
    format!("{}:{}: {message}", source.path, source.tokens[at].line)
}

/// The rules for a Lua script.
pub(crate) fn check_lua(path: &str, text: &str) -> Vec<String> {
    let mut found = too_long(path, text, LUA_LINES);
    let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
    let says = |part: &str| header.iter().any(|line| line.starts_with(part));
    if !says(LUA_FRAGMENT) {
        let missing = LUA_HEADER.iter().filter(|part| !says(part));
        found.extend(missing.map(|part| format!("{path}:1: the header lacks \"{part}\"")));
    }
    found
}

/// The rules for a file of the embedded Python package.
pub(crate) fn check_python(path: &str, text: &str) -> Vec<String> {
    too_long(path, text, PYTHON_LINES)
}

fn too_long(path: &str, text: &str, most: usize) -> Vec<String> {
    let lines = text.lines().count();
    if lines > most { vec![format!("{path}: {lines} lines, at most {most}")] } else { Vec::new() }
}

/// Paths into someone's home directory, which mean nothing to anybody else.
pub(crate) fn check_home_paths(path: &str, text: &str) -> Vec<String> {
    // Written in two halves, or this file would break its own rule.
    let homes = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
    let names_a_home = |line: &str, home: &str| {
        line.match_indices(home).any(|(at, _)| {
            let starts =
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}'));
            starts
                && line[at + home.len()..]
                    .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_'))
        })
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| homes.iter().any(|home| names_a_home(line, home)))
        .map(|(index, _)| format!("{path}:{}: names a path in a home directory", index + 1))
        .collect()
}

/// Relative links of a page that lead to no file. `exists` is asked with the path from the top of the repository.
pub(crate) fn check_links(path: &str, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (index, line) in prose(text) {
        for target in links(line) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty()
                && !file.contains("://")
                && !file.starts_with("mailto:")
                && !exists(&folder.join(file))
            {
                found.push(format!("{path}:{}: the link to {target} leads nowhere", index + 1));
            }
        }
    }
    found
}

/// The targets of the links in a line, outside of code.
pub(crate) fn links(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let after_opening = prose.split("](").skip(1);
    after_opening.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// Every file of the crate is a module of another one: what nobody declares is not compiled, and lies there for ever.
pub(crate) fn check_declared(sources: &[Source]) -> Vec<String> {
    let declared: HashSet<String> = sources.iter().flat_map(modules).collect();
    let is_root = |path: &str| matches!(path, "src/lib.rs" | "src/main.rs");
    // Modules inside of modules of tests have files, too, whose paths are not told by one file alone.
    let of_the_crate = sources.iter().filter(|source| !source.is_tests()).map(|source| source.path.as_str());
    of_the_crate
        .filter(|path| {
            !is_root(path) && !declared.contains(path.trim_end_matches("/mod.rs").trim_end_matches(".rs"))
        })
        .map(|path| format!("{path}: no module declares this file"))
        .collect()
}

/// The modules that a file declares in files of their own, as paths without an ending.
fn modules(source: &Source) -> Vec<String> {
    let path = source.path.trim_end_matches(".rs");
    let folder = match path.rsplit_once('/') {
        Some((folder, "mod" | "lib" | "main")) => folder,
        _ => path,
    };
    let is_declared = |at: &usize| source.text(*at) == "mod" && source.text(at + 2) == ";";
    (0..source.tokens.len())
        .filter(is_declared)
        .map(|at| format!("{folder}/{}", source.text(at + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check_rust(&Source::new(path, text))
    }

    #[test]
    fn a_file_of_more_than_400_lines_is_told() {
        let long = "fn a() {}\n".repeat(401);
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn b() {}\n".repeat(400));

        assert_eq!(complaints("src/job/x.rs", &long), ["src/job/x.rs: 401 lines, at most 400"]);
        assert!(complaints("src/job/x.rs", &"fn a() {}\n".repeat(400)).is_empty());
        assert!(complaints("src/job/x.rs", &tests).is_empty());
        assert!(complaints("src/job/x/tests.rs", &long).is_empty());
    }

    #[test]
    fn what_belongs_to_one_layer_is_told_elsewhere() {
        let cases = [
            ("src/job/x.rs", "\nfn a() { unsafe { b() } }", "src/job/x.rs:2: unsafe belongs to os"),
            ("src/job/x.rs", "println!(\"a\");", "src/job/x.rs:1: only cli prints"),
            ("src/job/x.rs", "std::eprint!(\"a\");", "src/job/x.rs:1: only cli prints"),
            (
                "src/job/x.rs",
                "use std::process::Command;",
                "src/job/x.rs:1: std::process::Command belongs to os",
            ),
            (
                "src/cli/x.rs",
                "process::{exit, Command};",
                "src/cli/x.rs:1: std::process::Command belongs to os",
            ),
        ];

        for (path, text, expected) in cases {
            assert_eq!(complaints(path, text), [expected], "{text}");
        }
    }

    #[test]
    fn what_belongs_to_one_layer_is_fine_there_and_in_tests() {
        let cases = [
            ("src/os/x.rs", "use std::process::Command; fn a() { unsafe { b() } }"),
            ("src/cli/x.rs", "println!(\"a\");"),
            ("src/job/x.rs", "#[cfg(test)]\nmod tests { use std::process::Command; fn a() { println!(); } }"),
            ("src/job/x/tests.rs", "use std::process::Command;"),
            ("src/job/x.rs", "use std::process::{ExitCode, exit}; // unsafe println!"),
        ];

        for (path, text) in cases {
            assert_eq!(complaints(path, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_silenced_lint_is_told_in_tests_too() {
        assert_eq!(complaints("src/job/x.rs", "#[allow(dead_code)]\nfn a() {}").len(), 1);
        assert_eq!(complaints("tests/it/main.rs", "#![allow(dead_code)]").len(), 1);
        assert!(complaints("src/job/x.rs", "#[expect(dead_code, reason = \"b\")]\nfn allow() {}").is_empty());
    }

    #[test]
    fn a_lua_script_needs_its_header() {
        let good = "-- Claims.\n-- KEYS: 1 a\n-- ARGV: none\n-- Returns: {\"ok\"}\nreturn 1\n";

        assert!(check_lua("a.lua", good).is_empty());
        assert!(check_lua("a.lua", "-- Fragment: a prelude.\nlocal a\n").is_empty());
        assert_eq!(
            check_lua("a.lua", "-- KEYS: 1\n-- ARGV: 1\nreturn\n-- Returns: 1"),
            ["a.lua:1: the header lacks \"-- Returns:\""]
        );
        assert_eq!(
            check_lua("a.lua", &format!("{good}{}", "x\n".repeat(96))),
            ["a.lua: 101 lines, at most 100"]
        );
    }

    #[test]
    fn a_long_python_file_is_told() {
        assert!(check_python("a.py", &"a\n".repeat(400)).is_empty());
        assert_eq!(check_python("a.py", &"a\n".repeat(401)), ["a.py: 401 lines, at most 400"]);
    }

    #[test]
    fn a_home_path_is_told() {
        let told =
            [concat!("a = /ho", "me/ann/x"), concat!("\"/ro", "ot/.cargo\""), concat!("/Us", "ers/Ann")];
        let fine = ["~/x", concat!("/ho", "me/"), concat!("/srv/ho", "me/x"), concat!("$ro", "ot/build")];

        for line in told {
            assert_eq!(
                check_home_paths("a.md", line),
                ["a.md:1: names a path in a home directory"],
                "{line}"
            );
        }
        for line in fine {
            assert!(check_home_paths("a.md", line).is_empty(), "{line}");
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told() {
        let page = "[a](b.md) [c](gone.md#part)\n[d](https://e.f/g) [h](#part) `[i](gone.md)`\n```\n[j](gone.md)\n```\n";

        let found = check_links("docs/a.md", page, |path| path == Path::new("docs/b.md"));

        assert_eq!(found, ["docs/a.md:1: the link to gone.md#part leads nowhere"]);
    }

    #[test]
    fn a_file_that_no_module_declares_is_told() {
        let sources = [
            Source::new("src/lib.rs", "mod job;"),
            Source::new("src/job/mod.rs", "pub(crate) mod name;\nmod inline { mod more; }"),
            Source::new("src/job/name.rs", "mod inner;"),
            Source::new("src/job/name/inner.rs", ""),
            Source::new("src/job/left.rs", ""),
        ];

        assert_eq!(check_declared(&sources), ["src/job/left.rs: no module declares this file"]);
    }
}

//! The rule that imports point right only.

use crate::source::Source;

/// The layers from left to right. Modules of one layer do not know each other.
const LAYERS: [&[&str]; 8] = [
    &["cli"],
    &["supervisor"],
    &["worker", "scheduler", "maintenance"],
    &["horse", "webhook"],
    &["store", "telemetry"],
    &["config", "event"],
    &["job"],
    &["os"],
];

/// Every import of the file that points left or sideways, as `src/store/x.rs:12: store must not import worker`.
pub(crate) fn check(source: &Source) -> Vec<String> {
    let Some(own) = source.top_module() else { return Vec::new() };
    let Some(own_layer) = layer(own) else {
        return vec![format!("{}:1: {own} is in no layer: add it to tests/tidy/layers.rs", source.path)];
    };
    imports(source)
        .into_iter()
        .filter(|(_, other)| other != own && layer(other).is_some_and(|layer| layer <= own_layer))
        .map(|(line, other)| format!("{}:{line}: {own} must not import {other}", source.path))
        .collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// What the file names at the top of the crate, by `crate::` or by a chain of `super::` that leaves its module.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut depths = InlineModules::new(source);
    for at in 0..source.tokens.len() {
        let depth = depths.depth_at(at);
        let continues = at >= 2 && source.has(at - 2, &[":", ":"]);
        match source.text(at) {
            "crate" if source.has(at + 1, &[":", ":"]) => names(source, at + 3, 0, &mut found),
            "super" if !continues => names(source, at, depth, &mut found),
            "self" if source.has(at + 1, &[":", ":", "super"]) => names(source, at + 3, depth, &mut found),
            _ => {}
        }
    }
    found
}

/// Collects the first names of the path or group of paths at `at`, which starts `depth` modules below the top of the crate:
/// only those that stand at the top count. Returns nothing of a path that stays below it.
fn names(source: &Source, at: usize, depth: usize, found: &mut Vec<(usize, String)>) {
    match source.text(at) {
        "super" if depth > 0 && source.has(at + 1, &[":", ":"]) => names(source, at + 3, depth - 1, found),
        "{" => group_members(source, at).into_iter().for_each(|member| names(source, member, depth, found)),
        name if depth == 0 => found.push((source.tokens[at].line, name.to_owned())),
        _ => {}
    }
}

/// Where the members of the group that opens at `open` begin.
fn group_members(source: &Source, open: usize) -> Vec<usize> {
    let mut members = vec![open + 1];
    let mut depth = 0_usize;
    for at in open..source.tokens.len() {
        match source.text(at) {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => members.push(at + 1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    members.retain(|&at| source.text(at) != "}");
    members
}

/// Follows how many modules deep in the crate one is while walking through a file.
struct InlineModules<'a> {
    source: &'a Source,
    file_depth: usize,
    braces: usize,
    opened_at: Vec<usize>,
}

impl<'a> InlineModules<'a> {
    fn new(source: &'a Source) -> Self {
        let inside = source.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        Self { source, file_depth: inside.split('/').count(), braces: 0, opened_at: Vec::new() }
    }

    /// The depth at a token; to be asked for each token in turn.
    fn depth_at(&mut self, at: usize) -> usize {
        match self.source.text(at) {
            "{" => {
                if at >= 2 && self.source.text(at - 2) == "mod" {
                    self.opened_at.push(self.braces);
                }
                self.braces += 1;
            }
            "}" => {
                self.braces = self.braces.saturating_sub(1);
                if self.opened_at.last() == Some(&self.braces) {
                    self.opened_at.pop();
                }
            }
            _ => {}
        }
        self.file_depth + self.opened_at.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text))
    }

    #[test]
    fn an_import_that_points_left_is_named_with_its_line() {
        let found = complaints("src/store/x.rs", "//! Text.\n\nuse crate::worker::Listen;\n");

        assert_eq!(found, ["src/store/x.rs:3: store must not import worker"]);
    }

    #[test]
    fn every_way_to_write_an_import_is_seen() {
        let cases = [
            ("src/store/x.rs", "use crate::worker;"),
            ("src/store/x.rs", "use crate::{job::Job, worker::{a, b}};"),
            ("src/store/x.rs", "use crate::{\n    job::{Job, Claim},\n    worker,\n};"),
            ("src/store/x.rs", "pub(crate) use crate::worker as w;"),
            ("src/store/x.rs", "fn a() { crate::worker::run() }"),
            ("src/store/x.rs", "fn a(x: &crate::worker::Listen) {}"),
            ("src/store/x.rs", "use super::super::worker;"),
            ("src/store/x.rs", "use super::super::{job, worker};"),
            ("src/store/x.rs", "use super::{super::worker, y};"),
            ("src/store/x.rs", "use self::super::super::worker;"),
            ("src/store/mod.rs", "use super::worker;"),
            ("src/event.rs", "use super::worker;"),
            ("src/store/x.rs", "mod inner { use super::super::super::worker; }"),
            ("src/store/x.rs", "mod inner { }\nuse super::super::worker;"),
            ("src/store/x.rs", "#[cfg(test)]\nmod tests { use crate::worker; }"),
            ("src/store/x/tests.rs", "use super::super::super::worker;"),
        ];

        for (path, text) in cases {
            let found = complaints(path, text);
            assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
            assert!(found[0].ends_with("must not import worker"), "{found:?}");
        }
    }

    #[test]
    fn an_import_that_points_right_or_stays_at_home_is_fine() {
        let cases = [
            ("src/worker/x.rs", "use crate::{horse, store::Store, job::Job, os};"),
            ("src/worker/x.rs", "use crate::worker::y;"),
            ("src/worker/x.rs", "use super::{worker, y};"),
            ("src/worker/x/y.rs", "use super::super::supervisor;"),
            ("src/worker/x.rs", "mod inner { use super::super::cli; }"),
            ("src/worker/x.rs", "// use crate::cli;\nconst A: &str = \"crate::cli\";"),
            ("src/main.rs", "use crate::cli;"),
            ("src/os/x.rs", "use other::worker; use std::process;"),
        ];

        for (path, text) in cases {
            assert_eq!(complaints(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn modules_of_one_layer_do_not_know_each_other() {
        assert_eq!(complaints("src/store/x.rs", "use crate::telemetry;").len(), 1);
        assert_eq!(complaints("src/config/x.rs", "use crate::event::Event;").len(), 1);
        assert_eq!(complaints("src/scheduler/mod.rs", "use crate::maintenance;").len(), 1);
    }

    #[test]
    fn a_module_in_no_layer_is_told() {
        assert_eq!(
            complaints("src/util.rs", ""),
            ["src/util.rs:1: util is in no layer: add it to tests/tidy/layers.rs"]
        );
    }
}

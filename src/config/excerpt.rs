//! The line of a file that a problem is about, with a mark under the place.
//!
//! A line may hold secrets, and where a file is broken nobody knows what a word in it is. So an excerpt shows words of
//! ours, values of keys that hold no secrets, and what the problem says itself; everything else is masked.

mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use words::{Line, Shown};

use super::file::{self, Format};
use super::origin::Origin;
use super::problem::Problem;

/// Up to how much of a line is shown on either side of the mark.
const BEFORE: usize = 40;
const LONGEST: usize = 100;

/// What in a line a problem is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The key.
    #[default]
    Key,
    /// What stands behind the key.
    Value,
    /// A column that a parser told, from 1.
    Column(usize),
}

/// A line of a file, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) path: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// Where the marked place begins in the file, in characters from 1.
    pub(crate) column: usize,
    text: String,
    /// The marked characters of the text, from 0.
    mark: std::ops::Range<usize>,
}

/// The excerpt for each problem that has a file and a line.
pub(crate) fn excerpts<'a>(
    problems: impl IntoIterator<Item = &'a Problem>,
) -> impl Iterator<Item = Option<Excerpt>> {
    let mut texts: BTreeMap<&'a Path, Option<String>> = BTreeMap::new();
    problems.into_iter().map(move |problem| {
        let Some(Origin::File { path, line: Some(line) }) = &problem.origin else { return None };
        // What is no file is not there a second time.
        let read = || path.is_file().then(|| file::read(path).ok()).flatten();
        let text = texts.entry(path).or_insert_with(read).as_deref()?;
        Excerpt::of(problem, path, *line, text.lines().nth(line.checked_sub(1)?)?)
    })
}

impl Excerpt {
    fn of(problem: &Problem, path: &Path, line: usize, raw: &str) -> Option<Self> {
        let words = Line::of(raw, Format::of(path)?);
        let place = words.place(problem)?;
        let Shown { text, mark } = words.shown(problem, &place);
        let column = raw.get(..place.start)?.chars().count() + 1;
        Some(Self { path: path.to_owned(), line, column, text, mark }.cropped())
    }

    /// Keeps what is near the mark of a very long line.
    fn cropped(mut self) -> Self {
        if self.text.chars().count() > LONGEST {
            let start = self.mark.start.saturating_sub(BEFORE);
            let part: String = self.text.chars().skip(start).take(LONGEST).collect();
            self.text = format!("…{part}…");
            let end = self.mark.end.min(start + LONGEST);
            self.mark = self.mark.start - start + 1..end - start + 1;
        }
        self
    }
}

/// As compilers do it.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(self.mark.start);
        let carets = "^".repeat(self.mark.len().max(1));
        write!(f, "{margin} |\n{number} | {}\n{margin} | {indent}{carets}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hunter2secret";

    fn excerpt(file: &str, line: &str, key: &str, spot: Spot, text: &str) -> String {
        let origin = Origin::File { path: file.into(), line: Some(1) };
        let mut problem = Problem::with_key(key, origin, text).spot(spot);
        if key.is_empty() {
            problem.key = None;
        }
        Excerpt::of(&problem, Path::new(file), 1, line).unwrap().to_string()
    }

    #[test]
    fn the_place_is_marked_in_every_format() {
        let cases = [
            ("a.toml", "ttl = '0s' # why", Spot::Value, "ttl = '0s'\n  |       ^^^^"),
            ("a.toml", "  ttl = [1, 2]", Spot::Value, "  ttl = [1, 2]\n  |         ^^^^^^"),
            (
                "a.toml",
                "worker = {ttl = 0, burst = 1}",
                Spot::Value,
                "worker = {ttl = 0, burst = 1}\n  |                 ^",
            ),
            ("a.yaml", "  ttl: very long", Spot::Value, "  ttl: very long\n  |        ^^^^^^^^^"),
            (
                "a.yaml",
                "worker: {ttl: 0, burst: yes}",
                Spot::Value,
                "worker: {ttl: 0, burst: yes}\n  |               ^",
            ),
            ("a.json", "{\"ttl\": \"0s\",", Spot::Value, "{\"ttl\": \"0s\",\n  |         ^^^^"),
            ("a.json5", "{ttl:0}", Spot::Value, "{ttl:0}\n  |      ^"),
            ("a.ron", "(ttl: \"0s\")", Spot::Value, "(ttl: \"0s\")\n  |       ^^^^"),
            ("a.ini", "ttl = 0 s", Spot::Value, "ttl = 0 s\n  |       ^^^"),
            ("a.yaml", "ttl:", Spot::Value, "ttl:\n  | ^^^"),
            ("a.toml", "ttl = 0", Spot::Key, "ttl = 0\n  | ^^^"),
            ("a.toml", "ttl = [1,", Spot::Column(9), "ttl = [1,\n  |         ^"),
        ];

        for (file, line, spot, expected) in cases {
            let told = excerpt(file, line, "worker.ttl", spot, "must be");
            assert_eq!(told, format!("  |\n1 | {expected}"), "{file}: {line}");
        }
    }

    #[test]
    fn what_a_key_is_that_nobody_knows_is_shown_but_not_what_it_holds() {
        let told =
            excerpt("a.toml", "pasword = \"hunter2\"", "redis.pasword", Spot::Key, "there is no such key");

        assert_eq!(told, "  |\n1 | pasword = ***\n  | ^^^^^^^");
    }

    #[test]
    fn no_secret_is_shown_whatever_the_line_and_the_place() {
        let lines = [
            "REDIS_URL = 'redis://:SECRET@h'",
            "redis_url: SECRET",
            "password = SECRET",
            "{\"redis\": {\"password\": \"SECRET\"}, \"worker\": {\"ttl\": 0}}",
            "{\"worker\": {\"ttl\": 0}, \"redis\": {\"password\": \"SECRET\"}}",
            "{worker:{ttl:0},SENTRY_DSN:'https://SECRET@h/1'}",
            "ttl = 0 # it was SECRET",
            "ttl = 'redis://:SECRET@h'",
            "SECRET",
            "[SECRET",
            "a = 'SECRET",
            "dict_config = {a = 'SECRET'}",
            "sentinel: {instances: [[h, 1]], password: SECRET}",
            "- SECRET",
            "\"SECRET\", ttl = 0",
            "(ttl: 0, args: [\"SECRET\"])",
        ];

        for line in lines.map(|line| line.replace("SECRET", SECRET)) {
            for file in ["a.toml", "a.yaml", "a.json", "a.json5", "a.ini", "a.ron"] {
                for spot in [Spot::Key, Spot::Value, Spot::Column(1), Spot::Column(20), Spot::Column(900)] {
                    for key in ["", "worker.ttl", "redis.password", "REDIS_URL"] {
                        let told = excerpt(file, &line, key, spot, "must be otherwise");
                        assert!(!told.contains("hunter2"), "{file}: {told}");
                    }
                }
            }
        }
    }

    #[test]
    fn of_a_very_long_line_the_part_around_the_mark_is_shown() {
        let line = format!("{{\"burst\": {}, \"ttl\": 0, \"x\": {}}}", "1".repeat(500), "2".repeat(500));

        let told = excerpt("a.json", &line, "worker.ttl", Spot::Value, "must be");

        let rows: Vec<&str> = told.lines().collect();
        assert!(rows[1].chars().count() < 110, "{told}");
        let at = rows[2].find('^').unwrap();
        assert_eq!(rows[1].chars().nth(at), Some('0'), "{told}");
    }
}

//! House rules that no compiler checks: layers, sizes, what belongs to one layer alone, headers, paths and links.
//! The rules are told in `CONTRIBUTING.md`; the parts of this checker are tested beside them.

#[path = "tidy/anchors.rs"]
mod anchors;
#[path = "tidy/compatibility.rs"]
mod compatibility;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/messages.rs"]
mod messages;
#[path = "tidy/paths.rs"]
mod paths;
#[path = "pages/prose.rs"]
mod prose;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use std::path::{Path, PathBuf};
use std::process::Command;

use source::Source;

#[test]
fn imports_point_right_only() {
    expect_none(
        &rust_files()
            .iter()
            .filter(|source| source.path.starts_with("src/"))
            .flat_map(layers::check)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn rust_files_keep_the_house_rules() {
    expect_none(&rust_files().iter().flat_map(rules::check_rust).collect::<Vec<_>>());
}

#[test]
fn every_file_is_part_of_the_crate() {
    expect_none(&rules::check_declared(&rust_files()));
}

#[test]
fn lua_scripts_are_short_and_have_a_header() {
    expect_none(
        &files(|path| is(path, "lua"))
            .iter()
            .flat_map(|(path, text)| rules::check_lua(path, text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_files_of_the_python_package_are_short() {
    let package = files(|path| path.starts_with("src/horse/python/") && is(path, "py"));

    expect_none(&package.iter().flat_map(|(path, text)| rules::check_python(path, text)).collect::<Vec<_>>());
}

#[test]
fn no_file_names_a_home_directory() {
    expect_none(
        &files(|_| true)
            .iter()
            .flat_map(|(path, text)| rules::check_home_paths(path, text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn links_between_pages_lead_somewhere() {
    let exists = |path: &Path| top().join(path).exists();

    let pages = files(|path| is(path, "md"));

    expect_none(
        &pages.iter().flat_map(|(path, text)| rules::check_links(path, text, exists)).collect::<Vec<_>>(),
    );
}

#[test]
fn links_to_a_part_of_a_page_lead_to_a_heading() {
    let text_of = |path: &Path| {
        let page = is(path.to_str()?, "md");
        page.then(|| std::fs::read_to_string(top().join(path)).ok()).flatten()
    };

    let pages = files(|path| is(path, "md"));

    expect_none(
        &pages.iter().flat_map(|(path, text)| anchors::check(path, text, text_of)).collect::<Vec<_>>(),
    );
}

#[test]
fn paths_that_pages_name_are_there() {
    let exists = |path: &Path| top().join(path).exists();
    let pages = files(|path| is(path, "md"));

    expect_none(&pages.iter().flat_map(|(path, text)| paths::check(path, text, exists)).collect::<Vec<_>>());
}

#[test]
fn the_code_map_has_every_module() {
    let read = |path: &str| std::fs::read_to_string(top().join(path)).expect("a file of the repository");

    expect_none(&paths::check_map(&read("docs/architecture.md"), &read("src/lib.rs")));
}

#[test]
fn what_the_page_on_troubles_shows_is_printed() {
    let page = files(|path| path == "docs/troubleshooting.md").remove(0).1;
    let sources = files(|path| path.starts_with("src/") && (is(path, "rs") || is(path, "py")));
    let all: String = sources.into_iter().map(|(_, text)| text).collect();

    expect_none(&messages::check(&page, &all));
}

#[test]
fn the_figures_of_the_readme_are_those_that_were_measured() {
    let read = |path: &str| std::fs::read_to_string(top().join(path)).expect("a file of the repository");
    let (readme, measured) = (read("README.md"), read("benches/README.md"));
    let rows: Vec<&str> =
        readme.lines().filter(|line| line.starts_with('|') && line.ends_with("× |")).collect();

    assert!(!rows.is_empty());
    for row in rows {
        assert!(measured.contains(row), "benches/README.md has no such row: {row}");
    }
}

#[test]
fn every_difference_from_rq_is_told_and_shown() {
    let page = files(|path| path == "docs/compatibility.md").remove(0).1;
    let tests = files(|path| is(path, "rs") || (path.starts_with("tests/") && is(path, "py")));

    expect_none(&compatibility::check(&page, &tests));
}

#[test]
fn the_walk_finds_the_files() {
    let paths: Vec<String> = files(|_| true).into_iter().map(|(path, _)| path).collect();

    for expected in ["src/lib.rs", "tests/tidy.rs", "README.md"] {
        assert!(paths.iter().any(|path| path == expected), "{expected} is not among {paths:?}");
    }
    assert!(!paths.iter().any(|path| path.starts_with("target/")));
}

fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n"));
}

fn is(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files() -> Vec<Source> {
    files(|path| is(path, "rs")).iter().map(|(path, text)| Source::new(path, text)).collect()
}

/// The files of the repository that fit, with their text, without those that are no text.
fn files(fits: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let read = |path: String| Some((path.clone(), std::fs::read_to_string(top().join(path)).ok()?));
    tracked().unwrap_or_else(walked).into_iter().filter(|path| fits(path)).filter_map(read).collect()
}

/// What git knows or would take in; nothing outside of a checkout, such as in an unpacked archive.
fn tracked() -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(top());
    let output = git.output().ok().filter(|output| output.status.success())?;
    let list = String::from_utf8(output.stdout).ok()?;
    Some(list.split_terminator('\0').map(str::to_owned).collect())
}

/// Every file below the top but those in hidden and built folders.
fn walked() -> Vec<String> {
    let mut folders = vec![PathBuf::new()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(top().join(&folder)).expect("a folder of the repository is readable");
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            let name = path.to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(kind)
                    if kind.is_dir() && !name.starts_with('.') && name != "target" && name != "build" =>
                {
                    folders.push(path);
                }
                Ok(kind) if kind.is_file() => found.push(name),
                _ => {}
            }
        }
    }
    found
}

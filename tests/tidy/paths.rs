//! Paths of the repository that pages name in their prose, and the code map.

use std::path::Path;

use crate::prose::prose;

/// What begins so is a path from the top of the repository.
const TOPS: [&str; 8] = ["src/", "tests/", "scripts/", "etc/", "man/", "docs/", "benches/", "packaging/"];

/// Paths between backticks that lead to nothing. `exists` is asked with the path from the top of the repository.
pub(crate) fn check(path: &str, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in prose(text) {
        for named in line.split('`').skip(1).step_by(2) {
            let is_path = TOPS.iter().any(|top| named.starts_with(top)) && !named.contains([' ', '*', '{']);
            if is_path && !exists(Path::new(named)) {
                found.push(format!("{path}:{}: there is no {named}", index + 1));
            }
        }
    }
    found
}

/// The modules of the library that have no row in the code map.
pub(crate) fn check_map(map: &str, library: &str) -> Vec<String> {
    let modules = library.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let missing =
        modules.filter(|module| !map.lines().any(|line| line.starts_with(&format!("| `{module}` |"))));
    missing.map(|module| format!("docs/architecture.md: the code map lacks {module}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_nowhere_is_told() {
        let page = "`src/a.rs` `src/gone.rs` `src/*.rs` `etc/` `other/x`\n```\n`src/gone.rs`\n```\n";

        let found = check("a.md", page, |path| path != Path::new("src/gone.rs"));

        assert_eq!(found, ["a.md:1: there is no src/gone.rs"]);
    }

    #[test]
    fn a_module_without_a_row_is_told() {
        let found = check_map("| `cli` | one |\n`job`\n", "mod cli;\nmod job;\n");

        assert_eq!(found, ["docs/architecture.md: the code map lacks job"]);
    }
}

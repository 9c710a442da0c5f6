//! The page of differences from RQ against the tests: each difference that a test names is told, and each test that the
//! page names is there.

/// What is missing on either side. `sources` are paths and texts of all that may hold tests.
pub(crate) fn check(page: &str, sources: &[(String, String)]) -> Vec<String> {
    let untold = sources
        .iter()
        .filter(|(path, _)| path.starts_with("tests/it/"))
        .flat_map(|(path, text)| reasons(text).map(move |reason| (path, reason)))
        .filter(|(_, reason)| !rows(page).any(|[name, _]| name.replace('`', "") == reason.replace('`', "")))
        .map(|(path, reason)| format!("{path}: the difference {reason:?} is not in docs/compatibility.md"));
    let unshown = rows(page)
        .flat_map(|[name, shown]| tests_in(shown).map(move |test| (name, test)))
        .filter(|(_, test)| !sources.iter().any(|(_, text)| defines(text, test)))
        .map(|(name, test)| format!("docs/compatibility.md: {name:?} is shown by no test called {test}"));
    let bare = rows(page)
        .filter(|[_, shown]| !shown.contains('`'))
        .map(|[name, _]| format!("docs/compatibility.md: {name:?} is shown by nothing"));
    untold.chain(unshown).chain(bare).collect()
}

/// The names by which tests branch: `differs("…")`.
fn reasons(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("differs(\"").skip(1).filter_map(|rest| rest.split('"').next()))
}

/// First and last cell of each row of the tables, without their heads.
fn rows(page: &str) -> impl Iterator<Item = [&str; 2]> {
    page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let row = [*cells.first()?, *cells.last()?];
        (row[0] != "Difference" && !row[0].starts_with("---")).then_some(row)
    })
}

/// The names in back-quotes that are no paths.
fn tests_in(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).filter(|name| !name.contains(['/', '.']))
}

fn defines(source: &str, test: &str) -> bool {
    ["fn ", "def "].iter().any(|keyword| source.contains(&format!("{keyword}{test}(")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_on_either_side_is_found() {
        let page = "| Difference | RQ | Here | Shown by |\n| --- | --- | --- | --- |\n\
                    | told | a | b | `here`, `gone` |\n| bare | a | b | nothing |\n";
        let sources = [(
            "tests/it/a.rs".to_owned(),
            "fn here() { differs(\"told\"); differs(\"untold\"); }".to_owned(),
        )];

        let found = check(page, &sources);

        assert_eq!(found.len(), 3, "{found:?}");
        for (complaint, told) in found.iter().zip(["\"untold\"", "called gone", "\"bare\""]) {
            assert!(complaint.contains(told), "{complaint}");
        }
    }
}

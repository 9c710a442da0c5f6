//! What `docs/troubleshooting.md` says is printed: that the program has such words.

/// What others print: Python, RQ, Redis, and the shell's other `rq`.
const OF_OTHERS: [&str; 6] = [
    "Error: No such command",
    "rq.exceptions.DeserializationError",
    "rq.timeouts.JobTimeoutException",
    "ValueError: Invalid attribute name",
    "MemoryError",
    "error: redis at .. refused: Password authentication failed",
];

/// How long words must be to tell a text by.
const ENOUGH: usize = 12;

/// The texts in the first column of the page's tables of which no part is in the sources.
pub(crate) fn check(page: &str, sources: &str) -> Vec<String> {
    let sources = without_line_ends(sources);
    let told = page.lines().enumerate().filter_map(|(index, line)| {
        let first = line.strip_prefix("| ")?.split(" | ").next()?;
        Some((index + 1, first))
    });
    told.flat_map(|(line, cell)| cell.split('`').skip(1).step_by(2).map(move |text| (line, text)))
        .filter(|(_, text)| {
            text.contains(' ')
                && !text.starts_with("rq ")
                && !OF_OTHERS.iter().any(|other| text.starts_with(other))
        })
        .filter(|(_, text)| !parts(text).any(|part| sources.contains(part)))
        .map(|(line, text)| format!("docs/troubleshooting.md:{line}: nothing prints {text}"))
        .collect()
}

/// What of a text is the same whatever it tells of.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_start_matches("error: ");
    let ends = |c: char| c.is_ascii_digit() || matches!(c, '\'' | '"' | ':' | '[' | ';' | ',');
    let parts = text.split("..").flat_map(move |part| part.split(ends));
    parts.map(str::trim).filter(|part| part.len() >= ENOUGH)
}

/// Sources whose texts go on in the next line, behind a backslash, in one.
fn without_line_ends(sources: &str) -> String {
    let mut lines = sources.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_nothing_prints_is_told() {
        let page = "| What | Why |\n| `error: there is no such thing: 5s` | a |\n| `there is no other thing` | b |\n| `MemoryError, 1 of 2` | c |\n";
        let sources = "format!(\"there is \\\n         no such thing: {span}\")";

        assert_eq!(
            check(page, sources),
            ["docs/troubleshooting.md:3: nothing prints there is no other thing"]
        );
    }
}

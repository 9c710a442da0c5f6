//! Links to a part of a page: `logging.md#appenders` needs a heading of that name.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::prose::prose;
use crate::rules::links;

/// The links of a page that lead to no heading. `text_of` is asked with the path from the top of the repository.
pub(crate) fn check(path: &str, text: &str, text_of: impl Fn(&Path) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in prose(text) {
        for target in links(line) {
            let Some((file, anchor)) = target.split_once('#') else { continue };
            if file.contains("://") {
                continue;
            }
            let page = if file.is_empty() { Some(text.to_owned()) } else { text_of(&beside(path, file)) };
            if page.is_some_and(|page| !anchors(&page).iter().any(|known| known == anchor)) {
                found.push(format!("{path}:{}: no heading is meant by {target}", index + 1));
            }
        }
    }
    found
}

/// The path from the top of the repository that a page means by a relative one.
fn beside(page: &str, target: &str) -> PathBuf {
    let mut path = PathBuf::from(page);
    path.pop();
    for part in Path::new(target).components() {
        if part == Component::ParentDir {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path
}

/// What the headings of a page are called in links, as code hosts make it of them.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.strip_prefix(' '))?
    });
    let slugs = headings.map(slug).collect::<Vec<_>>();
    let numbered = |slug: String| {
        let times = seen.entry(slug.clone()).and_modify(|times| *times += 1).or_insert(0);
        if *times == 0 { slug } else { format!("{slug}-{times}") }
    };
    slugs.into_iter().map(numbered).collect()
}

fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_named_as_code_hosts_name_them() {
        let page = "# What a job says\n\n## `[redis]`\n### Log lines\n```sh\n# no heading\n```\n### Log lines\n## What `-c NAME` means, now?\n";

        assert_eq!(
            anchors(page),
            ["what-a-job-says", "redis", "log-lines", "log-lines-1", "what--c-name-means-now"]
        );
    }

    #[test]
    fn a_link_to_no_heading_is_told() {
        let page = "# A\n[a](#a) [b](#b) [c](../d.md#e) [f](../d.md#g) [h](https://i.j/k#l) [m](../n.py#o)\n";
        let text_of = |path: &Path| (path == Path::new("d.md")).then(|| "## E\n".to_owned());

        let found = check("docs/a.md", page, text_of);

        assert_eq!(
            found,
            ["docs/a.md:2: no heading is meant by #b", "docs/a.md:2: no heading is meant by ../d.md#g"]
        );
    }
}

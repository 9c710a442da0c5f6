//! What an examination found, in words: a line for each thing, and below those that need something why and what to do.

use crate::cli::page::{self, Line, Tone};
use crate::supervisor::{Deed, Finding, Outcome, Report, Severity};

/// The whole report, in lines of that width where words are short enough for it.
pub(super) fn words(report: &Report, width: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = report.repairs.iter().flat_map(|deed| repair(deed, width)).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(report.findings.iter().flat_map(|found| finding(found, width)));
    lines.push(Line::default());
    lines.push(sum(report));
    lines
}

fn repair(deed: &Deed, width: usize) -> Vec<Line> {
    let (tone, word) = match deed.outcome {
        Outcome::Done => (Tone::Good, "done"),
        Outcome::Would => (Tone::Name, "would"),
        Outcome::Left => (Tone::Dim, "left"),
    };
    folded(tone, &format!("{word:9}"), &deed.what, width)
}

fn finding(finding: &Finding, width: usize) -> Vec<Line> {
    let (tone, word) = grade(finding.severity);
    let mut lines = folded(tone, &format!("{word:9}"), &finding.found, width);
    let below = [("why", &finding.why), ("do", &finding.advice)];
    lines.extend(below.into_iter().flat_map(|(name, text)| {
        let head = format!("{:9}{name:4}", "");
        text.iter().flat_map(|text| folded(Tone::Dim, &head, text, width)).collect::<Vec<_>>()
    }));
    lines
}

/// A text behind a head, which the lines that follow leave free.
fn folded(tone: Tone, head: &str, text: &str, width: usize) -> Vec<Line> {
    let rows = page::rows(text, width.saturating_sub(head.len()));
    let margin = " ".repeat(head.len());
    let heads = [(tone, head)].into_iter().chain(std::iter::repeat((Tone::Plain, margin.as_str())));
    heads.zip(&rows).map(|((tone, head), row)| Line::of(tone, head).and(Tone::Plain, row)).collect()
}

fn grade(severity: Severity) -> (Tone, &'static str) {
    match severity {
        Severity::Ok => (Tone::Good, "ok"),
        Severity::Note => (Tone::Name, "note"),
        Severity::Warning => (Tone::Notable, "warning"),
        Severity::Problem => (Tone::Bad, "problem"),
    }
}

/// How many there are of each kind.
fn sum(report: &Report) -> Line {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let kinds = [(Severity::Problem, "problem"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let told: Vec<String> = kinds
        .into_iter()
        .map(|(severity, name)| (count(severity), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if told.is_empty() {
        return Line::of(Tone::Good, "Nothing is wrong.");
    }
    Line::of(grade(report.worst()).0, &told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_folded_behind_their_head() {
        let lines = |width| page::text(&folded(Tone::Plain, "why  ", "one two three-four", width), false);

        assert_eq!(lines(12), "why  one two\n     three-four\n");
        assert_eq!(lines(usize::MAX), "why  one two three-four\n");
    }
}

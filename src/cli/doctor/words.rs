//! What an examination found, in words: a line for each thing, and below those that need something why and what to do.

use crate::cli::page::{Line, Tone};
use crate::supervisor::{Deed, Finding, Outcome, Report, Severity};

/// The whole report.
pub(super) fn words(report: &Report) -> Vec<Line> {
    let mut lines: Vec<Line> = report.repairs.iter().map(repair).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(report.findings.iter().flat_map(finding));
    lines.push(Line::default());
    lines.push(sum(report));
    lines
}

fn repair(deed: &Deed) -> Line {
    let (tone, word) = match deed.outcome {
        Outcome::Done => (Tone::Good, "done"),
        Outcome::Would => (Tone::Name, "would"),
        Outcome::Left => (Tone::Dim, "left"),
    };
    Line::of(tone, &format!("{word:7}")).and(Tone::Plain, "  ").and(Tone::Plain, &deed.what)
}

fn finding(finding: &Finding) -> Vec<Line> {
    let (tone, word) = grade(finding.severity);
    let mut lines =
        vec![Line::of(tone, &format!("{word:7}")).and(Tone::Plain, "  ").and(Tone::Plain, &finding.found)];
    let below = [("why", &finding.why), ("do", &finding.advice)];
    lines.extend(below.into_iter().filter_map(|(name, text)| {
        let line = Line::of(Tone::Dim, &format!("{:9}{name:4}", ""));
        Some(line.and(Tone::Plain, text.as_ref()?))
    }));
    lines
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

//! Tracebacks of Python's, with their parts told apart.

use crate::cli::page::{Line, Tone};

/// The lines of a traceback.
pub(super) fn lines(indent: &str, text: &str) -> Vec<Line> {
    text.lines().map(|line| self::line(indent, line)).collect()
}

fn line(indent: &str, line: &str) -> Line {
    let begun = Line::of(Tone::Plain, indent);
    let inner = line.trim_start_matches([' ', '|', '+']);
    let lead = &line[..line.len() - inner.len()];
    if let Some((file, rest)) = inner.strip_prefix("File \"").and_then(|rest| rest.split_once("\", line ")) {
        let (number, function) = rest.split_once(", in ").unwrap_or((rest, ""));
        let place = begun.and(Tone::Dim, lead).and(Tone::Dim, "File \"").and(Tone::Name, file);
        let place = place.and(Tone::Dim, "\", line ").and(Tone::Notable, number);
        return if function.is_empty() {
            place
        } else {
            place.and(Tone::Dim, ", in ").and(Tone::Name, function)
        };
    }
    if inner.starts_with("Traceback ")
        || inner.ends_with("another exception occurred:")
        || inner.ends_with("following exception:")
    {
        return begun.and(Tone::Dim, line);
    }
    // What stands at the margin names the exception, and its text goes on there.
    if lead.is_empty() || lead.contains('|') && !lead.ends_with("  ") {
        return begun.and(Tone::Bad, line);
    }
    if inner.chars().all(|c| matches!(c, '^' | '~')) {
        begun.and(Tone::Bad, line)
    } else {
        begun.and(Tone::Plain, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_traceback_are_told_apart() {
        let text = "Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in f\n    g()\n    ~^^\nValueError: no";

        let told = lines("  ", text);

        let plain: Vec<String> = told.iter().map(Line::plain).collect();
        assert_eq!(
            plain.join("\n"),
            text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
        );
        let tones: Vec<Tone> = told.iter().map(|line| line.0.last().unwrap().0).collect();
        assert_eq!(tones, [Tone::Dim, Tone::Name, Tone::Plain, Tone::Bad, Tone::Bad]);
    }
}

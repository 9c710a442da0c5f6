//! Lines of text whose parts have a tone, for whoever shows them: in colours of a terminal, or without.

use super::output;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// A heading.
    Head,
    /// What matters less.
    Dim,
    Good,
    Bad,
    /// What is under way or may need a look.
    Notable,
    /// A name: of a file, a function, a job.
    Name,
}

impl Tone {
    /// The code of a terminal.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Head => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[31m",
            Self::Notable => "\x1b[33m",
            Self::Name => "\x1b[36m",
        }
    }

    /// That of a job's or a worker's state.
    pub(super) fn of_state(state: &str) -> Self {
        match state {
            "finished" | "successful" | "idle" | "running" => Self::Good,
            "failed" | "stopped" | "max_retries_exceeded" => Self::Bad,
            "started" | "busy" | "retried" | "suspended" | "quiet" | "stopping" => Self::Notable,
            "canceled" => Self::Dim,
            _ => Self::Plain,
        }
    }
}

/// A line: its parts, fit for a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(pub(super) Vec<(Tone, String)>);

impl Line {
    /// One more part. Whatever could steer the terminal is written out.
    pub(super) fn and(mut self, tone: Tone, text: &str) -> Self {
        let safe = output::safe(text).replace('\n', "\\n").replace('\t', "    ");
        self.0.push((tone, safe));
        self
    }

    /// A line of one part.
    pub(super) fn of(tone: Tone, text: &str) -> Self {
        Self::default().and(tone, text)
    }

    /// The text alone.
    #[cfg(test)]
    pub(super) fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// A long text as lines of one tone.
pub(super) fn block(indent: &str, tone: Tone, text: &str) -> Vec<Line> {
    text.lines().map(|line| Line::of(Tone::Plain, indent).and(tone, line)).collect()
}

/// The words of a text in rows that are no longer than this, but for a word that is.
pub(super) fn rows(text: &str, room: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        match rows.last_mut() {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) if row.chars().count() + 1 + word.chars().count() <= room => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

/// Lines as one text, painted where colours are wanted.
pub(super) fn text(lines: &[Line], colour: bool) -> String {
    let mut whole = String::new();
    for Line(parts) in lines {
        let mut line = String::new();
        for (tone, text) in parts {
            line += &output::painted(tone.code(), text, colour && !tone.code().is_empty());
        }
        whole += line.trim_end();
        whole.push('\n');
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_painted_and_made_harmless() {
        let line = Line::of(Tone::Bad, "a\x1b[2J\nb").and(Tone::Plain, " c");

        assert_eq!(text(std::slice::from_ref(&line), false), "a\\x1b[2J\\nb c\n");
        assert_eq!(text(&[line], true), "\x1b[31ma\\x1b[2J\\nb\x1b[0m c\n");
    }
}

//! Tables for a person: a head, and columns as wide as what stands in them.

use super::page::{Line, Tone};

/// A cell.
pub(super) type Cell = (Tone, String);

/// A table as lines. Columns of numbers are set to the right.
pub(super) fn table(head: &[&str], right: &[usize], rows: &[Vec<Cell>]) -> Vec<Line> {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|(_, text)| text.chars().count());
        cells.chain([head[at].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let head = head.iter().map(|name| (Tone::Head, (*name).to_owned())).collect();
    std::iter::once(&head)
        .chain(rows)
        .map(|row: &Vec<Cell>| {
            row.iter().enumerate().fold(Line::default(), |line, (at, (tone, text))| {
                let blanks = " ".repeat(widths[at].saturating_sub(text.chars().count()));
                let line = if at == 0 { line } else { line.and(Tone::Plain, "  ") };
                if right.contains(&at) {
                    line.and(Tone::Plain, &blanks).and(*tone, text)
                } else {
                    line.and(*tone, text).and(Tone::Plain, &blanks)
                }
            })
        })
        .collect()
}

/// A plain cell.
pub(super) fn plain(text: impl Into<String>) -> Cell {
    (Tone::Plain, text.into())
}

/// A number that matters when it is not zero.
pub(super) fn count(number: u64, tone: Tone) -> Cell {
    (if number == 0 { Tone::Dim } else { tone }, number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec![plain("a"), plain("1")], vec![plain("größer"), plain("1000")]];

        let lines: Vec<String> = table(&["NAME", "N"], &[1], &rows).iter().map(Line::plain).collect();

        assert_eq!(lines, ["NAME       N", "a          1", "größer  1000"]);
    }
}

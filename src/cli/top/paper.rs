//! All lists printed once, for scripts.

use super::columns::columns;
use super::frame::Frame;
use super::rows::{rows, sorting};
use super::state::TABS;
use crate::cli::args::Tab;
use crate::cli::page::{Line, Tone};

/// The lists below their heads, each column as wide as what is in it.
pub(super) fn lists(frame: &Frame) -> Vec<Line> {
    TABS.into_iter().flat_map(|tab| list(frame, tab)).collect()
}

fn list(frame: &Frame, tab: Tab) -> Vec<Line> {
    let (columns, rows) = (columns(tab), rows(frame, tab, "", sorting(tab)));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row.cells[column].text.chars().count());
        cells.max().unwrap_or(0).max(columns[column].head.len())
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let heads = columns.iter().zip(&widths).map(|(column, width)| format!("{:width$}  ", column.head));
    let mut lines = vec![Line::of(Tone::Head, heads.collect::<String>().trim_end())];
    lines.extend(rows.iter().map(|row| {
        row.cells.iter().zip(&widths).fold(Line::default(), |line, (cell, width)| {
            line.and(cell.tone, &format!("{:width$}", cell.text)).and(Tone::Plain, "  ")
        })
    }));
    if rows.is_empty() {
        lines.push(Line::of(Tone::Dim, "none"));
    }
    lines.push(Line::default());
    lines
}

//! The list: as many columns as there is room for, and the rows around the one that is pointed at.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Row as Painted, Table};

use super::Look;
use crate::cli::page::{self, Tone};
use crate::cli::top::columns::{WIDE, columns};
use crate::cli::top::rows::{Cell, Row};
use crate::cli::top::state::State;

/// What the column that takes the rest gets at least.
const LEAST: usize = 16;

/// The room between two columns.
const GAP: usize = 2;

pub(super) fn draw(screen: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let rows = state.rows();
    let at = state.position(&rows);
    let height = usize::from(area.height.saturating_sub(1)).max(1);
    // The row that is pointed at is always there, and the page stays while it is.
    let first = at / height * height;
    let shown = rows.get(first..rows.len().min(first + height)).unwrap_or_default();
    let columns = columns(state.tab);
    let widths = widths(state, shown, usize::from(area.width));
    let sorting = state.list().sorting;
    let head = widths.iter().map(|(column, _)| {
        let mark = match (*column == sorting.column, sorting.descending) {
            (true, true) => "v",
            (true, false) => "^",
            (false, _) => "",
        };
        look.line(&page::Line::of(Tone::Head, columns[*column].head).and(Tone::Name, mark))
    });
    let painted = shown.iter().enumerate().map(|(number, row)| {
        let cells = widths.iter().map(|(column, _)| cell(&row.cells[*column], look));
        let painted = Painted::new(cells.collect::<Vec<_>>());
        if first + number == at {
            painted.style(look.style(Tone::Plain).add_modifier(Modifier::REVERSED))
        } else {
            painted
        }
    });
    let constraints =
        widths.iter().map(|(_, width)| Constraint::Length(u16::try_from(*width).unwrap_or(u16::MAX)));
    let table = Table::new(painted.collect::<Vec<_>>(), constraints.collect::<Vec<_>>())
        .column_spacing(u16::try_from(GAP).unwrap_or(1))
        .header(Painted::new(head.collect::<Vec<_>>()));
    screen.render_widget(table, area);
    if rows.is_empty() {
        let text = if state.filter.is_empty() { "nothing here" } else { "nothing here that fits the filter" };
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1).min(1), ..area };
        screen.render_widget(look.line(&page::Line::of(Tone::Dim, text)), below);
    }
}

fn cell(cell: &Cell, look: Look) -> Line<'static> {
    look.line(&page::Line::of(cell.tone, &cell.text))
}

/// The columns that fit, and how wide each is. What stands further right goes first where there is no room.
fn widths(state: &State, rows: &[Row], room: usize) -> Vec<(usize, usize)> {
    let columns = columns(state.tab);
    let head = |column: usize| {
        // The mark of the order stands behind the head.
        columns[column].head.len() + usize::from(column == state.list().sorting.column)
    };
    let wanted = (0..columns.len()).map(|column| {
        let cells = rows.iter().map(|row| Span::raw(row.cells[column].text.as_str()).width());
        let most = if columns[column].most == WIDE { LEAST } else { columns[column].most };
        (column, cells.max().unwrap_or(0).min(most).max(head(column)))
    });
    let mut fitting = Vec::new();
    let mut used = 0;
    for (column, width) in wanted {
        if used + width > room {
            break;
        }
        used += width + GAP;
        fitting.push((column, width));
    }
    let left = (room + GAP).saturating_sub(used);
    for (column, width) in &mut fitting {
        if columns[*column].most == WIDE {
            *width += left;
        }
    }
    fitting
}

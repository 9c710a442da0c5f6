//! The view as a picture: pure, from the state.

mod table;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Clear, Paragraph};

use super::keys::HELP;
use super::state::{About, Detail, State, TABS};
use crate::cli::args::Tab;
use crate::cli::page::{self, Tone};
use crate::job::Timestamp;

/// The smallest screen that shows anything.
const SMALLEST: (u16, u16) = (40, 8);

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: bool,
}

impl Look {
    fn style(self, tone: Tone) -> Style {
        let plain = Style::default();
        let coloured = |colour| if self.colour { plain.fg(colour) } else { plain };
        match tone {
            Tone::Plain => plain,
            Tone::Head => plain.add_modifier(Modifier::BOLD),
            Tone::Dim => plain.add_modifier(Modifier::DIM),
            Tone::Good => coloured(Color::Green),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Notable => coloured(Color::Yellow),
            Tone::Name => coloured(Color::Cyan),
        }
    }

    fn line(self, line: &page::Line) -> Line<'static> {
        let spans = line.0.iter().map(|(tone, text)| Span::styled(text.clone(), self.style(*tone)));
        Line::from(spans.collect::<Vec<_>>())
    }
}

/// How many rows of a list fit on a screen of that height.
pub(super) fn rows_on(height: u16) -> usize {
    usize::from(height.saturating_sub(5))
}

/// Draws the whole view.
pub(super) fn draw(screen: &mut Frame<'_>, state: &State, look: Look) {
    let area = screen.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("rq top needs a larger window: {}x{} at least", SMALLEST.0, SMALLEST.1);
        screen.render_widget(Paragraph::new(text), area);
        return;
    }
    let parts = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [head, tabs, middle, message, keys] = parts.areas(area);
    screen.render_widget(self::head(state, look), head);
    screen.render_widget(self::tabs(state, look), tabs);
    match &state.detail {
        Some(detail) => self::detail(screen, middle, detail, state.scroll, look),
        None => table::draw(screen, middle, state, look),
    }
    screen.render_widget(Paragraph::new(self::message(state, look)), message);
    screen.render_widget(self::keys(state, look), keys);
}

fn head(state: &State, look: Look) -> Line<'static> {
    let seen = &state.frame.seen;
    let total = |count: fn(&crate::store::QueueCard) -> u64| seen.queues.values().map(count).sum::<u64>();
    let busy = seen.workers.values().filter(|worker| !worker.jobs.is_empty()).count();
    let clock = Timestamp::from_seconds(seen.now).map(Timestamp::iso).unwrap_or_default();
    let line = page::Line::of(Tone::Head, "rq top");
    if let Some(error) = &state.lost {
        return look.line(&line.and(Tone::Bad, &format!("  Redis is away, trying again: {error}")));
    }
    let workers = if seen.workers_in_all == 1 { "worker" } else { "workers" };
    let mut line = line.and(Tone::Dim, &format!("  {}", clock.get(11..19).unwrap_or_default()));
    line = line.and(Tone::Plain, &format!("  {} {workers}, {busy} busy", seen.workers_in_all));
    line = line.and(Tone::Plain, &format!("  {} waiting", total(|card| card.waiting)));
    let failed = total(|card| card.failed);
    line = line.and(if failed > 0 { Tone::Bad } else { Tone::Dim }, &format!("  {failed} failed"));
    if seen.suspended {
        line = line.and(Tone::Notable, "  SUSPENDED");
    }
    look.line(&line.and(Tone::Dim, &format!("  {}", state.frame.redis)))
}

fn name(tab: Tab) -> &'static str {
    match tab {
        Tab::Workers => "Workers",
        Tab::Queues => "Queues",
        Tab::Running => "Running",
        Tab::Failed => "Failed",
        Tab::Daemons => "Daemons",
    }
}

fn tabs(state: &State, look: Look) -> Line<'static> {
    let mut spans = Vec::new();
    for (number, tab) in TABS.iter().enumerate() {
        let style = look.style(if *tab == state.tab { Tone::Head } else { Tone::Dim });
        let style = if *tab == state.tab { style.add_modifier(Modifier::REVERSED) } else { style };
        spans.push(Span::styled(format!(" {} {} ", number + 1, name(*tab)), style));
    }
    if state.tab == Tab::Failed
        && let Some(queue) = &state.wanted.queue
    {
        let all = state.frame.seen.queues.get(queue).map_or(0, |card| card.failed);
        let first = state.wanted.offset;
        let last = first + state.frame.seen.failed.len() as u64;
        let text = format!("  of {queue}: {} to {last} of {all}", first + 1);
        spans.extend(look.line(&page::Line::of(Tone::Name, &text)).spans);
    }
    Line::from(spans)
}

fn message(state: &State, look: Look) -> Line<'static> {
    let line = match (&state.question, &state.message) {
        (Some((question, _)), _) => page::Line::of(Tone::Notable, question).and(Tone::Head, " y/n"),
        (None, Some((tone, message))) => page::Line::of(*tone, message),
        (None, None) if state.is_filtering => {
            page::Line::of(Tone::Head, "filter: ").and(Tone::Plain, &state.filter).and(Tone::Dim, "_")
        }
        (None, None) if !state.filter.is_empty() => {
            page::Line::of(Tone::Dim, &format!("filter: {} (Esc shows all)", state.filter))
        }
        (None, None) => page::Line::default(),
    };
    look.line(&line)
}

fn keys(state: &State, look: Look) -> Line<'static> {
    let text = if state.detail.is_some() {
        "Esc back  arrows scroll  s stop  r requeue  d delete  t stack  q quit"
    } else {
        "q quit  ? help  Enter details  / filter  < > i order  s stop  r requeue  d delete  t stack"
    };
    look.line(&page::Line::of(Tone::Dim, text))
}

fn detail(screen: &mut Frame<'_>, area: Rect, detail: &Detail, scroll: usize, look: Look) {
    let lines: Vec<Line<'static>> = match detail.about {
        About::Help => help(look),
        _ if detail.lines.is_empty() => vec![look.line(&page::Line::of(Tone::Dim, "..."))],
        _ => detail
            .lines
            .iter()
            .skip(scroll)
            .take(usize::from(area.height))
            .map(|line| look.line(line))
            .collect(),
    };
    screen.render_widget(Clear, area);
    screen.render_widget(Paragraph::new(Text::from(lines)), area);
}

fn help(look: Look) -> Vec<Line<'static>> {
    let line = |(keys, what): (&str, &str)| {
        look.line(&page::Line::of(Tone::Name, &format!("{keys:16}")).and(Tone::Plain, what))
    };
    HELP.into_iter().map(line).collect()
}

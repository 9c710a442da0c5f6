//! Keys: what a terminal sends, and what it means.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    Tab,
    BackTab,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L: draw all anew.
    Redraw,
}

/// What a terminal's event is here; most are nothing.
pub(super) fn key(event: &Event) -> Option<Key> {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press | KeyEventKind::Repeat, .. }) =
        event
    else {
        return None;
    };
    if modifiers.contains(KeyModifiers::CONTROL) {
        return match code {
            KeyCode::Char('c') => Some(Key::Interrupt),
            KeyCode::Char('z') => Some(Key::Suspend),
            KeyCode::Char('l') => Some(Key::Redraw),
            _ => None,
        };
    }
    Some(match code {
        KeyCode::Char(c) => Key::Char(*c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        _ => return None,
    })
}

/// What the help tells.
pub(super) const HELP: [(&str, &str); 15] = [
    ("1 2 3 4 5, Tab", "workers, queues, running, failed, daemons"),
    ("arrows, j k", "move; PgUp, PgDn, Home, End move further"),
    ("Enter", "the story of the job; of a queue, its failed jobs; of a daemon, its workers"),
    ("Esc", "back: closes what is open, then the queue of failed jobs, then the filter"),
    ("/", "show only rows that have all these words"),
    ("< >", "order by the column before or behind"),
    ("i", "turn the order around"),
    ("n p", "next or previous page of a queue's failed jobs"),
    ("s", "stop the running job: RQ's stop-job command kills its process, and it is not tried again"),
    ("r", "requeue the failed job, as rq requeue does"),
    ("d", "delete the failed job"),
    ("t", "the Python stack of the running job, as rq stack shows it"),
    ("u", "look again now"),
    ("Ctrl-Z", "suspend; fg goes on"),
    ("q, Ctrl-C", "quit"),
];

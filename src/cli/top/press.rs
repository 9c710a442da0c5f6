//! What keys do to the view: pure.

use super::columns::columns;
use super::keys::Key;
use super::rows::Subject;
use super::state::{About, Action, Detail, State, TABS};
use crate::cli::args::Tab;
use crate::cli::page::{Line, Tone};
use crate::store::{FAILED_PAGE, Wanted};

/// The longest filter.
const FILTER: usize = 100;

impl State {
    pub(super) fn press(&mut self, key: Key) -> Vec<Action> {
        match key {
            Key::Interrupt => return vec![Action::Quit],
            Key::Suspend => return vec![Action::Suspend],
            Key::Redraw => return vec![Action::Redraw],
            _ => {}
        }
        self.message = None;
        if let Some((_, action)) = self.question.take() {
            return self.answer(key, action);
        }
        if self.is_filtering {
            self.edit_filter(key);
            return Vec::new();
        }
        match key {
            Key::Char('q') => vec![Action::Quit],
            Key::Char('u') => vec![Action::Look],
            Key::Char('?') => self.open(About::Help, Vec::new()),
            Key::Escape => self.back(),
            Key::Char('s' | 'r' | 'd' | 't') => self.ask(key),
            key if self.detail.is_some() => {
                self.scroll_by(key);
                Vec::new()
            }
            key => self.press_in_list(key),
        }
    }

    fn answer(&mut self, key: Key, action: Action) -> Vec<Action> {
        if matches!(key, Key::Char('y' | 'Y')) {
            vec![action]
        } else {
            self.message = Some((Tone::Dim, "nothing was done".to_owned()));
            Vec::new()
        }
    }

    fn edit_filter(&mut self, key: Key) {
        match key {
            Key::Char(c) if self.filter.chars().count() < FILTER => self.filter.push(c),
            Key::Backspace => drop(self.filter.pop()),
            Key::Escape => {
                self.filter.clear();
                self.is_filtering = false;
            }
            Key::Enter => self.is_filtering = false,
            _ => {}
        }
        self.follow();
    }

    /// Closes what is open.
    fn back(&mut self) -> Vec<Action> {
        if self.detail.take().is_some() {
            self.scroll = 0;
        } else if self.tab == Tab::Failed && self.wanted.queue.is_some() {
            self.wanted = Wanted::default();
            return vec![Action::Look];
        } else {
            self.filter.clear();
            self.follow();
        }
        Vec::new()
    }

    fn open(&mut self, about: About, lines: Vec<Line>) -> Vec<Action> {
        self.scroll = 0;
        self.detail = Some(Detail { about, lines });
        Vec::new()
    }

    fn scroll_by(&mut self, key: Key) {
        let lines = self.detail.as_ref().map_or(0, |detail| detail.lines.len());
        let at = moved(self.scroll, key, self.height);
        self.scroll = at.min(lines.saturating_sub(1));
    }

    fn press_in_list(&mut self, key: Key) -> Vec<Action> {
        match key {
            Key::Char('/') => self.is_filtering = true,
            Key::Char('<') => self.order_by(self.list().sorting.column.saturating_sub(1)),
            Key::Char('>') => self.order_by(self.list().sorting.column + 1),
            Key::Char('i') => {
                let sorting = &mut self.list_mut().sorting;
                sorting.descending = !sorting.descending;
                self.follow();
            }
            Key::Char('n') => return self.turn_page(true),
            Key::Char('p') => return self.turn_page(false),
            Key::Char(number @ '1'..='5') => self.show(TABS[number as usize - '1' as usize]),
            Key::Tab | Key::Right => self.show(TABS[(self.index() + 1) % TABS.len()]),
            Key::BackTab | Key::Left => self.show(TABS[(self.index() + TABS.len() - 1) % TABS.len()]),
            Key::Enter => return self.enter(),
            key => {
                let rows = self.rows();
                let at = moved(self.position(&rows), key, self.height);
                self.point(&rows, at);
            }
        }
        Vec::new()
    }

    fn show(&mut self, tab: Tab) {
        self.tab = tab;
        self.follow();
    }

    fn order_by(&mut self, column: usize) {
        if column < columns(self.tab).len() {
            self.list_mut().sorting.column = column;
            self.follow();
        }
    }

    fn turn_page(&mut self, forwards: bool) -> Vec<Action> {
        let Some(queue) = self.wanted.queue.clone().filter(|_| self.tab == Tab::Failed) else {
            self.message = Some((
                Tone::Dim,
                "pages are of one queue: press Enter on it in the list of queues".to_owned(),
            ));
            return Vec::new();
        };
        let all = self.frame.seen.queues.get(&queue).map_or(0, |card| card.failed);
        let offset = if forwards {
            self.wanted.offset + FAILED_PAGE
        } else {
            self.wanted.offset.saturating_sub(FAILED_PAGE)
        };
        if offset >= all.max(1) {
            return Vec::new();
        }
        self.wanted.offset = offset;
        self.list_mut().at = 0;
        self.list_mut().selected = None;
        vec![Action::Look]
    }

    fn enter(&mut self) -> Vec<Action> {
        let Some(subject) = self.subject() else { return Vec::new() };
        if let Some(job) = subject.job() {
            let job = job.to_owned();
            self.open(About::Job(job.clone()), Vec::new());
            return vec![Action::Tell { job }];
        }
        match subject {
            Subject::Queue { name, failed } if failed > 0 => {
                self.wanted = Wanted { queue: Some(name), offset: 0 };
                self.tab = Tab::Failed;
                return vec![Action::Look];
            }
            Subject::Queue { name, .. } => {
                self.message = Some((Tone::Dim, format!("no job of {name} has failed")));
            }
            Subject::Daemon { pid } => {
                self.scroll = 0;
                self.open_daemon(pid);
            }
            Subject::Worker { name, .. } => self.message = Some((Tone::Dim, format!("{name} has no job"))),
            Subject::Running { .. } | Subject::Failed { .. } => {}
        }
        Vec::new()
    }

    /// What changes something is asked about first.
    fn ask(&mut self, key: Key) -> Vec<Action> {
        let Some(job) = self.job() else {
            self.message = Some((Tone::Dim, "this is about a job: none is pointed at".to_owned()));
            return Vec::new();
        };
        match key {
            Key::Char('s') => match self.worker_of(&job) {
                Some(worker) => {
                    let text = format!(
                        "Stop the job {job} on worker {worker}? Its process is killed, and it is not tried again."
                    );
                    self.question = Some((text, Action::Stop { job, worker }));
                }
                None => self.message = Some((Tone::Bad, format!("no worker runs the job {job}"))),
            },
            Key::Char('r') => {
                self.question = Some((format!("Requeue the failed job {job}?"), Action::Requeue { job }));
            }
            Key::Char('d') => {
                let text = format!("Delete the failed job {job} with its results? This cannot be undone.");
                self.question = Some((text, Action::Delete { job }));
            }
            _ => {
                self.open(About::Stack(job.clone()), Vec::new());
                return vec![Action::Stack { job }];
            }
        }
        Vec::new()
    }

    /// Who runs a job.
    fn worker_of(&self, job: &str) -> Option<String> {
        let seen = &self.frame.seen;
        let by_worker = seen.workers.iter().find(|(_, worker)| worker.jobs.iter().any(|its| its == job));
        let named = || {
            let runs = seen.running.iter().any(|running| running.job == job);
            seen.jobs.get(job).filter(|_| runs).and_then(|card| card.worker.clone())
        };
        by_worker.map(|(name, _)| name.clone()).or_else(named)
    }
}

/// Where a key leads from a place.
fn moved(at: usize, key: Key, page: usize) -> usize {
    match key {
        Key::Up | Key::Char('k') => at.saturating_sub(1),
        Key::Down | Key::Char('j') => at + 1,
        Key::PageUp => at.saturating_sub(page.max(1)),
        Key::PageDown => at + page.max(1),
        Key::Home | Key::Char('g') => 0,
        Key::End | Key::Char('G') => usize::MAX,
        _ => at,
    }
}

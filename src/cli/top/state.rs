//! The state of the view, and how keys and news change it: pure.

use super::frame::{Frame, daemon_in_words};
use super::keys::Key;
use super::rows::{Row, Sorting, Subject, columns, rows, sorting};
use crate::cli::args::Tab;
use crate::cli::page::{Line, Tone};
use crate::store::{Overview, Wanted};
use crate::supervisor::control::DaemonStatus;

/// The lists in the order of their keys.
pub(super) const TABS: [Tab; 5] = [Tab::Workers, Tab::Queues, Tab::Running, Tab::Failed, Tab::Daemons];

/// How many failed jobs of a queue make a page.
const PAGE: u64 = 100;

/// The longest filter.
const FILTER: usize = 100;

/// What happens to the view.
#[derive(Debug)]
pub(super) enum Input {
    Key(Key),
    /// Redis was seen again.
    Seen(Box<Overview>),
    /// Redis is away.
    Lost(String),
    Daemons(Vec<DaemonStatus>),
    /// What was asked for about a job or so, if it is still wanted.
    Detail(Detail),
    /// What became of something that was done.
    Done(Result<String, String>),
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    Suspend,
    Redraw,
    /// Look at Redis now.
    Look,
    /// Find the story of a job.
    Tell {
        job: String,
    },
    /// Find the Python stack of a job.
    Stack {
        job: String,
    },
    Stop {
        job: String,
        worker: String,
    },
    Requeue {
        job: String,
    },
    Delete {
        job: String,
    },
}

/// Something that is shown in the place of the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detail {
    /// What it is about, and how it is asked for again.
    pub(super) about: About,
    pub(super) lines: Vec<Line>,
}

/// What is shown in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    Job(String),
    Stack(String),
    Daemon(u32),
    Help,
}

/// One list: its order, and where one is in it.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) sorting: Sorting,
    /// The key of the row that is pointed at; the first one's when there is no such row.
    pub(super) selected: Option<String>,
    /// Where that row stood.
    pub(super) at: usize,
}

/// The whole view.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tab: Tab,
    lists: [List; 5],
    pub(super) filter: String,
    /// Whether keys go into the filter.
    pub(super) is_filtering: bool,
    pub(super) wanted: Wanted,
    pub(super) frame: Frame,
    /// Why Redis cannot be seen now.
    pub(super) lost: Option<String>,
    pub(super) detail: Option<Detail>,
    pub(super) scroll: usize,
    /// What is to be confirmed, and then done.
    pub(super) question: Option<(String, Action)>,
    pub(super) message: Option<(Tone, String)>,
    /// How many rows fit on the screen: as far as a page goes.
    pub(super) height: usize,
}

impl State {
    pub(super) fn new(tab: Tab, redis: String) -> Self {
        let list = |tab| List { sorting: sorting(tab), selected: None, at: 0 };
        Self {
            tab,
            lists: TABS.map(list),
            filter: String::new(),
            is_filtering: false,
            wanted: Wanted::default(),
            frame: Frame { redis, ..Frame::default() },
            lost: None,
            detail: None,
            scroll: 0,
            question: None,
            message: None,
            height: 20,
        }
    }

    /// The list that is shown.
    pub(super) fn list(&self) -> &List {
        &self.lists[self.index()]
    }

    fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.index()]
    }

    fn index(&self) -> usize {
        TABS.iter().position(|tab| *tab == self.tab).unwrap_or(0)
    }

    /// The rows of the list that is shown.
    pub(super) fn rows(&self) -> Vec<Row> {
        rows(&self.frame, self.tab, &self.filter, self.list().sorting)
    }

    /// Where the row is that is pointed at: the same one as before, wherever it stands now, or what stands in its place.
    pub(super) fn position(&self, rows: &[Row]) -> usize {
        let list = self.list();
        let same =
            list.selected.as_ref().and_then(|key| rows.iter().position(|row| row.subject.key() == *key));
        same.unwrap_or(list.at).min(rows.len().saturating_sub(1))
    }

    /// What is pointed at: what is shown in detail, else the row.
    fn subject(&self) -> Option<Subject> {
        let rows = self.rows();
        let at = self.position(&rows);
        rows.into_iter().nth(at).map(|row| row.subject)
    }

    /// The job that keys are about.
    fn job(&self) -> Option<String> {
        match self.detail.as_ref().map(|detail| &detail.about) {
            Some(About::Job(job) | About::Stack(job)) => Some(job.clone()),
            Some(About::Daemon(_) | About::Help) => None,
            None => self.subject()?.job().map(str::to_owned),
        }
    }

    /// Takes what happened, and tells what is to be done.
    pub(super) fn step(&mut self, input: Input) -> Vec<Action> {
        match input {
            Input::Key(key) => self.press(key),
            Input::Seen(seen) => {
                (self.frame.seen, self.lost) = (*seen, None);
                self.follow();
                self.again()
            }
            Input::Lost(error) => {
                self.lost = Some(error);
                Vec::new()
            }
            Input::Daemons(daemons) => {
                self.frame.daemons = daemons;
                self.follow();
                self.retell_daemon();
                Vec::new()
            }
            Input::Detail(detail) => {
                // Somebody may have closed it meanwhile.
                if self.detail.as_ref().is_some_and(|open| open.about == detail.about) {
                    self.detail = Some(detail);
                }
                Vec::new()
            }
            Input::Done(told) => {
                self.message = Some(match told {
                    Ok(done) => (Tone::Good, done),
                    Err(error) => (Tone::Bad, error),
                });
                vec![Action::Look]
            }
        }
    }

    /// Remembers where the row stands that is pointed at.
    fn follow(&mut self) {
        let rows = self.rows();
        let at = self.position(&rows);
        self.point(&rows, at);
    }

    fn point(&mut self, rows: &[Row], at: usize) {
        let at = at.min(rows.len().saturating_sub(1));
        let selected = rows.get(at).map(|row| row.subject.key());
        let list = self.list_mut();
        (list.at, list.selected) = (at, selected);
    }

    /// A story that is open is told again when there is news.
    fn again(&self) -> Vec<Action> {
        match self.detail.as_ref().map(|detail| &detail.about) {
            Some(About::Job(job)) => vec![Action::Tell { job: job.clone() }],
            // A stack is of one moment.
            Some(About::Stack(_) | About::Daemon(_) | About::Help) | None => Vec::new(),
        }
    }

    fn retell_daemon(&mut self) {
        if let Some(Detail { about: About::Daemon(pid), .. }) = self.detail {
            self.open_daemon(pid);
        }
    }

    fn open_daemon(&mut self, pid: u32) {
        let daemon = self.frame.daemons.iter().find(|daemon| daemon.pid == pid);
        let lines = daemon.map(|daemon| daemon_in_words(daemon, self.frame.seen.now));
        self.detail = lines.map(|lines| Detail { about: About::Daemon(pid), lines });
    }

    fn press(&mut self, key: Key) -> Vec<Action> {
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
        let offset =
            if forwards { self.wanted.offset + PAGE } else { self.wanted.offset.saturating_sub(PAGE) };
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
                self.question = Some((format!("Requeue the failed job {job}?"), Action::Requeue { job }))
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

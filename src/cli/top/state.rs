//! The state of the view, and how keys and news change it: pure.

use super::frame::{Frame, daemon_in_words};
use super::keys::Key;
use super::rows::{Row, Sorting, Subject, rows, sorting};
use crate::cli::args::Tab;
use crate::cli::page::{Line, Tone};
use crate::store::{Overview, Wanted};
use crate::supervisor::control::DaemonStatus;

/// The lists in the order of their keys.
pub(super) const TABS: [Tab; 5] = [Tab::Workers, Tab::Queues, Tab::Running, Tab::Failed, Tab::Daemons];

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

    pub(super) fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.index()]
    }

    pub(super) fn index(&self) -> usize {
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
    pub(super) fn subject(&self) -> Option<Subject> {
        let rows = self.rows();
        let at = self.position(&rows);
        rows.into_iter().nth(at).map(|row| row.subject)
    }

    /// The job that keys are about.
    pub(super) fn job(&self) -> Option<String> {
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
    pub(super) fn follow(&mut self) {
        let rows = self.rows();
        let at = self.position(&rows);
        self.point(&rows, at);
    }

    pub(super) fn point(&mut self, rows: &[Row], at: usize) {
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

    pub(super) fn open_daemon(&mut self, pid: u32) {
        let daemon = self.frame.daemons.iter().find(|daemon| daemon.pid == pid);
        let lines = daemon.map(|daemon| daemon_in_words(daemon, self.frame.seen.now));
        self.detail = lines.map(|lines| Detail { about: About::Daemon(pid), lines });
    }
}

//! `rq top`: a view of daemons, workers, queues and jobs that refreshes.
//!
//! The state and its picture are pure (`state`, `view`); `deeds` does what keys ask for, beside the view, so that a slow
//! Redis never holds up a key.

mod columns;
mod deeds;
mod frame;
mod keys;
mod paper;
mod press;
mod rows;
mod screen;
mod state;
mod view;

#[cfg(test)]
mod tests;

use std::io;

use ratatui::crossterm::event::{self, Event};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

use self::deeds::Deeds;
use self::frame::Frame;
use self::screen::Screen;
use self::state::{Action, Input, State};
use self::view::Look;
use super::args::TopArgs;
use super::exit::{Exit, Failure};
use super::settings_table::as_json;
use super::worker::{failure, sources};
use super::{output, page};
use crate::os::terminal::{Stream, is_interactive};
use crate::os::{Signal, Signals};
use crate::store::{Overview, Store, Wanted};
use crate::supervisor;
use crate::worker::WorkError;

/// Shows the view until somebody quits, or prints it once.
pub(super) fn run(args: &TopArgs) -> Result<Exit, Failure> {
    let is_once = args.once || args.json;
    if !is_once && !is_interactive() {
        return Err(Failure::new(Exit::Failed, "rq top needs a terminal that can move its cursor").with_hint(
            "rq top --once prints all lists, and --json is for programs; rq status tells of the daemons here",
        ));
    }
    // Here, because there is no second thread yet; where it cannot be held, one that comes very early ends us.
    let _ = Signals::hold_hangup();
    let sources = sources(args.sources.config(), args.sources.overrides())?;
    let done = supervisor::block_on(async {
        let store = supervisor::look(sources).await?.store().clone();
        if !is_once {
            return Ok(watch(args, store).await);
        }
        let seen = store.overview(&Wanted::default(), &Overview::default()).await.map_err(WorkError::from)?;
        let redis = store.client().address().to_string();
        let frame = Frame { redis, seen, daemons: deeds::daemons().await };
        output::print(&if args.json {
            as_json(&frame)
        } else {
            page::text(&paper::lists(&frame), Stream::Out.wants_colour())
        });
        Ok(Ok(()))
    });
    match done.map_err(|error| failure(&error))? {
        Ok(()) => Ok(Exit::Done),
        Err(error) => Err(Failure::new(Exit::Failed, format!("cannot use the terminal: {error}"))),
    }
}

/// Keeps the view up to date.
async fn watch(args: &TopArgs, store: Store) -> io::Result<()> {
    let mut signals = Signals::install()?.of_worker()?;
    let mut view = View::open(args, store)?;
    let mut keys = keyboard();
    let mut ticks = interval(args.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        view.screen.show(&mut view.state)?;
        let actions = tokio::select! {
            signal = signals.next() => match signal {
                Signal::Interrupt | Signal::Terminate | Signal::Hangup => return Ok(()),
                Signal::Quiet => vec![Action::Suspend],
                Signal::Resume => {
                    view.screen.retake()?;
                    Vec::new()
                }
                Signal::Child | Signal::Reopen | Signal::Renew => Vec::new(),
            },
            // Without a keyboard nobody could quit.
            event = keys.recv() => match event {
                None => return Ok(()),
                Some(event) => keys::key(&event).map(|key| view.state.step(Input::Key(key))).unwrap_or_default(),
            },
            input = view.news.recv() => input.map(|input| view.hear(input)).unwrap_or_default(),
            _ = ticks.tick() => {
                view.look(false);
                Vec::new()
            }
        };
        for action in actions {
            if action == Action::Quit {
                return Ok(());
            }
            view.carry_out(action)?;
        }
    }
}

/// The view and those who work for it.
struct View {
    state: State,
    screen: Screen,
    deeds: Deeds,
    news: UnboundedReceiver<Input>,
    is_looking: bool,
    /// Somebody asked for something else while Redis was looked at.
    looks_again: bool,
}

impl View {
    fn open(args: &TopArgs, store: Store) -> io::Result<Self> {
        let state = State::new(args.tab, store.client().address().to_string());
        let (tell, news) = unbounded_channel();
        let screen = Screen::take(Look { colour: Stream::Out.wants_colour() })?;
        Ok(Self { state, screen, deeds: Deeds { store, tell }, news, is_looking: false, looks_again: false })
    }

    /// One look at a time.
    fn look(&mut self, is_asked: bool) {
        if self.is_looking {
            self.looks_again |= is_asked;
            return;
        }
        self.is_looking = true;
        self.deeds.look(self.state.wanted.clone(), self.state.frame.seen.clone());
    }

    fn hear(&mut self, input: Input) -> Vec<Action> {
        if matches!(input, Input::Seen(_) | Input::Lost(_)) {
            self.is_looking = false;
            if std::mem::take(&mut self.looks_again) {
                self.look(false);
            }
        }
        self.state.step(input)
    }

    fn carry_out(&mut self, action: Action) -> io::Result<()> {
        match action {
            Action::Quit => {}
            Action::Suspend => self.screen.suspend()?,
            Action::Redraw => self.screen.clear()?,
            Action::Look => self.look(true),
            Action::Tell { job } => self.deeds.tell(job),
            Action::Stack { job } => self.deeds.stack(job),
            Action::Stop { job, worker } => self.deeds.stop(job, worker),
            Action::Requeue { job } => self.deeds.requeue(job),
            Action::Delete { job } => self.deeds.delete(job),
        }
        Ok(())
    }
}

/// What the terminal sends. The thread waits for keys until the process ends.
fn keyboard() -> UnboundedReceiver<Event> {
    let (send, keys) = unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if send.send(event).is_err() {
                return;
            }
        }
    });
    keys
}

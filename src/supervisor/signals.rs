//! Signals, and what they ask for.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Input;
use crate::horse::Morgue;
use crate::os::{self, Signal, Signals};
use crate::worker::Stop;

/// RQ: a second signal that comes sooner counts as the first one, because a terminal and a service manager may both send it.
const TOGETHER: Duration = Duration::from_secs(1);

/// Where the deaths of children are told.
pub(super) type Morgues = Rc<RefCell<Vec<Morgue>>>;

/// Reads signals for as long as somebody hears of them.
pub(super) async fn pass_on(mut signals: Signals, morgues: Morgues, inputs: mpsc::UnboundedSender<Input>) {
    let had_terminal = os::terminal::is_controlled();
    loop {
        let input = match signals.next().await {
            Signal::Child => {
                reap(&mut morgues.borrow_mut());
                continue;
            }
            Signal::Hangup if !had_terminal || os::terminal::is_controlled() => {
                Input::Reload { by: Signal::Hangup.name(), code: false }
            }
            Signal::Renew => Input::Reload { by: Signal::Renew.name(), code: true },
            signal => Input::Signal(signal),
        };
        if inputs.send(input).is_err() {
            return;
        }
    }
}

/// What a signal to stop asks for, given when the first one came.
pub(super) fn step(first: Option<Instant>, now: Instant, signal: Signal) -> Option<Stop> {
    match first {
        None => Some(Stop::Warm(signal.name())),
        Some(first) if now.duration_since(first) < TOGETHER => None,
        Some(_) => Some(Stop::Cold),
    }
}

fn reap(morgues: &mut Vec<Morgue>) {
    while let Some(reaped) = os::reap() {
        for morgue in &*morgues {
            morgue.child_ended(reaped);
        }
    }
    morgues.retain(|morgue| !morgue.is_over());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_signal_stops_cold_unless_it_came_with_the_first() {
        let first = Instant::now();

        assert_eq!(step(None, first, Signal::Terminate), Some(Stop::Warm("SIGTERM")));
        assert_eq!(step(Some(first), first + Duration::from_millis(999), Signal::Terminate), None);
        assert_eq!(step(Some(first), first + Duration::from_secs(1), Signal::Interrupt), Some(Stop::Cold));
    }
}

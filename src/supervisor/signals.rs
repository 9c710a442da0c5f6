//! Signals and the `shutdown` command, and what they ask for.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Daemon;
use crate::event::Event;
use crate::horse::Stable;
use crate::os::{self, Signal, Signals};
use crate::telemetry::emit;
use crate::worker::Stop;

/// RQ: a second signal that comes sooner counts as the first one, because a terminal and a service manager may both send it.
const TOGETHER: Duration = Duration::from_secs(1);

/// Reads signals for as long as the daemon lives.
pub(super) async fn pass_on(
    daemon: &Daemon,
    mut signals: Signals,
    stable: &RefCell<Option<Rc<Stable>>>,
) -> Infallible {
    let mut shutdowns = daemon.shutdowns.borrow_mut().take().expect("signals are passed on once");
    let mut asked = None;
    let had_terminal = os::terminal::is_controlled();
    loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            // RQ: the command is a SIGINT to oneself.
            Some(()) = shutdowns.recv() => Signal::Interrupt,
        };
        match signal {
            Signal::Child => reap(stable.borrow().as_deref()),
            Signal::Quiet => drop(daemon.quiet.send_replace(true)),
            Signal::Resume => drop(daemon.quiet.send_replace(false)),
            Signal::Hangup if !had_terminal || os::terminal::is_controlled() => {
                emit(Event::ReloadRefused { asked_by: signal.name().to_owned() });
            }
            Signal::Interrupt | Signal::Terminate | Signal::Hangup => {
                let stop = step(asked, Instant::now(), signal);
                asked.get_or_insert_with(Instant::now);
                if let Some(stop) = stop {
                    daemon.stop.send_replace(stop);
                }
            }
        }
    }
}

/// What a signal to stop asks for, given when the first one came.
fn step(first: Option<Instant>, now: Instant, signal: Signal) -> Option<Stop> {
    match first {
        None => Some(Stop::Warm(signal.name())),
        Some(first) if now.duration_since(first) < TOGETHER => None,
        Some(_) => Some(Stop::Cold),
    }
}

fn reap(stable: Option<&Stable>) {
    while let Some(reaped) = os::reap() {
        if let Some(stable) = stable {
            stable.child_ended(reaped);
        }
    }
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

//! The making of horses: asked for, forked, heard of, warm.

use std::os::fd::{AsFd as _, OwnedFd};

use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::{Input, Keeper, PAUSE, READY_LIMIT, Watched};
use crate::event::Event;
use crate::horse::foal::{Foal, Word, until_ready};
use crate::horse::fork_server::Memory;
use crate::horse::frame::FrameError;
use crate::horse::window::Window;
use crate::horse::work_horse::{Horse, Parts};
use crate::os;
use crate::telemetry::emit;

/// How many horses one order asks for: a message has room for the descriptors of so many.
const AT_ONCE: usize = 16;

/// The ends of a new horse that are its own.
struct Theirs {
    socket: OwnedFd,
    records: OwnedFd,
}

impl Keeper {
    /// Keeps horses ahead of those who wait.
    pub(super) async fn fork(&mut self) {
        while self.orders.is_some() && !self.resting {
            let there = self.warm.borrow().len() + self.foals.len();
            let lacking = self.reserve.lacking(Instant::now(), there, self.waiting.len());
            if lacking == 0 {
                return;
            }
            if let Err(error) = self.fork_some(lacking.min(AT_ONCE)).await {
                self.lose_server(&error.to_string());
            }
        }
    }

    async fn fork_some(&mut self, count: usize) -> Result<(), FrameError> {
        let mut theirs = Vec::with_capacity(count);
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            let (number, ends) = self.conceive()?;
            numbers.push(number);
            theirs.push(ends);
        }
        let descriptors: Vec<_> = numbers
            .iter()
            .zip(&theirs)
            .flat_map(|(number, Theirs { socket, records })| {
                let Memory { faults, stacks } = &self.foals[number].files;
                [socket.as_fd(), faults.as_fd(), stacks.as_fd(), records.as_fd()]
            })
            .collect();
        let Some(orders) = &mut self.orders else { return Ok(()) };
        orders.fork(&numbers, &descriptors, self.reserve.rehearses(Instant::now())).await
    }

    /// Makes what a horse and we have in common, and waits for its first word in a task.
    fn conceive(&mut self) -> Result<(u64, Theirs), FrameError> {
        let (ours, theirs) = os::socket_pair()?;
        ours.set_nonblocking(true)?;
        let files = Memory::new()?;
        let (records, told) = os::message_pair()?;
        let stream = UnixStream::from_std(ours)?;
        let number = self.next_horse;
        self.next_horse += 1;
        let foal = Foal { pid: None, stream: None, exit: None, files, records, window: None };
        self.foals.insert(number, foal);
        let inputs = self.inputs.clone();
        // One in an interpreter of its own loads the application.
        let limit = self.options.application.start_timeout.max(READY_LIMIT);
        tokio::task::spawn_local(async move {
            let ready = timeout(limit, until_ready(stream, number)).await;
            let ready = ready.unwrap_or_else(|_| Err("it was not ready in time".to_owned()));
            let _ = inputs.send(Input::Ready(number, ready));
        });
        Ok((number, Theirs { socket: theirs.into(), records: told }))
    }

    pub(super) fn forked(&mut self, number: u64, pid: u32) {
        let (tell, exit) = oneshot::channel();
        let (returned, _) = mpsc::channel(1);
        self.watched.insert(pid, Watched { exit: Some(tell), returned });
        emit(Event::HorseForked { pid });
        if let Some(foal) = self.foals.get_mut(&number) {
            foal.pid = Some(pid);
            foal.exit = Some(exit);
        }
        self.grow_up(number);
    }

    pub(super) fn ready(&mut self, number: u64, ready: Result<Word, String>) {
        match ready {
            Ok(Word { stream, window }) => {
                if let Some(foal) = self.foals.get_mut(&number) {
                    (foal.stream, foal.window) = (Some(stream), window);
                }
                self.grow_up(number);
            }
            Err(reason) => {
                if let Some(Foal { pid: Some(pid), .. }) = self.foals.remove(&number) {
                    let _ = os::kill_group(pid);
                }
                self.hold_on(&reason);
            }
        }
    }

    /// A foal that was both forked and heard of is a horse.
    fn grow_up(&mut self, number: u64) {
        let grown = self.foals.get(&number).is_some_and(|foal| foal.pid.is_some() && foal.stream.is_some());
        if !grown {
            return;
        }
        let Some(Foal { pid: Some(pid), stream: Some(stream), exit: Some(exit), files, records, window }) =
            self.foals.remove(&number)
        else {
            return;
        };
        let (tell, returned) = mpsc::channel(1);
        if let Some(watched) = self.watched.get_mut(&pid) {
            watched.returned = tell;
        }
        self.pause = PAUSE;
        let (faults, window) = (files.faults, Window::new(pid, window, files.stacks));
        let bounds = self.options.application.bounds.clone();
        self.warm.borrow_mut().push_back(Horse::new(Parts {
            pid,
            stream,
            exit,
            returned,
            faults,
            records,
            window,
            bounds,
        }));
    }
}

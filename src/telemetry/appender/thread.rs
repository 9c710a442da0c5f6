//! The thread of an appender: takes lines in turn, tries again where that may help, and counts what it has to give up.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use super::tally::Tally;
use super::{Message, Sink, Trouble};

/// The first pause before another attempt; each is twice as long as the one before.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Writes all that is received, until nobody can send any more.
pub(super) fn write(mut sink: Box<dyn Sink>, tally: &Tally, messages: &Receiver<Message>) {
    let mut writer = Writer { sink: &mut *sink, tally };
    loop {
        let message = match messages.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                writer.attempt(0, |sink| sink.flush());
                let Ok(message) = messages.recv() else { break };
                message
            }
        };
        match message {
            Message::Piece(piece) => {
                writer.attempt(1, |sink| sink.take(&piece));
                tally.taken(piece.bytes.len());
            }
            Message::Nudge => writer.heed(),
        }
    }
    writer.attempt(0, |sink| sink.flush());
}

struct Writer<'a> {
    sink: &'a mut dyn Sink,
    tally: &'a Tally,
}

impl Writer<'_> {
    /// Opens anew where that is wanted.
    fn heed(&mut self) {
        if self.tally.is_to_reopen() {
            // What was kept belongs to the file of before.
            self.attempt(0, |sink| sink.flush());
            self.sink.reopen();
        }
    }

    /// Does something with so many lines, until it is done or given up.
    fn attempt(&mut self, lines: u64, mut work: impl FnMut(&mut dyn Sink) -> Result<(), Trouble>) {
        let mut pause = FIRST;
        let mut was_troubled = false;
        loop {
            if was_troubled && self.tally.is_to_reopen() {
                self.sink.reopen();
            }
            let Err(trouble) = work(self.sink) else { break };
            was_troubled = true;
            self.tally.troubled(&trouble.reason);
            if !trouble.passes || self.tally.is_over() {
                let lost = self.sink.forget() + lines;
                self.tally.lose(lost, &trouble.reason);
                return;
            }
            self.tally.pause(pause);
            pause = (pause * 2).min(LONGEST);
        }
        // A line may have been kept only.
        if was_troubled || lines == 0 {
            self.tally.recovered();
        }
        if let Some(complaint) = self.sink.complaint() {
            self.tally.complain(complaint);
        }
        if lines > 0 {
            self.heed();
        }
    }
}

//! What a job says beside how it ends: its log records, and its standard output and error where these are read.
//!
//! All of it is told as it comes, and some of it is remembered for those who tell of the job's end. Log records are messages of a
//! socket that each horse has; the streams are two pipes for each job, so that what processes of a job write after its end is
//! still known to be that job's. Nothing here waits for a job, and a job waits only while the daemon has not got round to reading.

mod lines;
mod messages;
mod patience;
mod stream;
mod tail;
mod whose;

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use serde::Serialize;
use tokio::task::yield_now;

use self::messages::{Message, Messages, Taken};
use self::patience::Patience;
use self::stream::{PORTION, Stream};
use self::tail::Tail;
use self::whose::Whose;
use super::protocol::Run;
use crate::event::{Event, OutputStream};
use crate::job::{Heard, LogRecord, Timestamp};
use crate::os;
use crate::telemetry::emit;

/// How many lines of output, and how many log records, are remembered of an execution, and how much of each.
const LINES: usize = 20;
const RECORDS: usize = 100;
const REMEMBERED: usize = 1 << 10;

/// How many log records are taken before others get their turn.
const TURN: usize = 64;

/// At the end of a job there can be no more in its pipes than this, unless some other process writes on; nor so many records.
const LAST_BYTES: usize = 1 << 20;
const LAST_RECORDS: usize = 2_000;

/// What is to be heard of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attention {
    /// Which log records; nothing for none.
    pub(crate) records: Option<RecordsWanted>,
    pub(crate) output: Output,
}

/// Which log records of a job are to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct RecordsWanted {
    /// All of them, or those which no handler of the application takes.
    pub(crate) all: bool,
    /// Of all: the least level, by Python's number.
    pub(crate) level: u8,
}

/// What becomes of a job's standard output and error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// They are the daemon's.
    Inherit,
    /// They are told line by line.
    Log,
    /// The same, and so many bytes of their end are kept with the result.
    Keep(usize),
}

/// The ear for one horse.
#[derive(Debug)]
pub(super) struct Hearing {
    messages: Messages,
    patience: Patience,
    whose: Option<Rc<Whose>>,
    streams: [Option<Stream>; 2],
    tail: Option<Tail>,
    lines: VecDeque<String>,
    records: VecDeque<LogRecord>,
    lost: u64,
    /// Messages that are nobody's: those that cannot be read, and those of jobs which have ended.
    strays: u64,
}

impl Hearing {
    /// `records` is the daemon's end of the horse's socket for log records.
    pub(super) fn new(records: OwnedFd) -> Self {
        Self {
            messages: Messages::new(records),
            patience: Patience::default(),
            whose: None,
            streams: [None, None],
            tail: None,
            lines: VecDeque::new(),
            records: VecDeque::new(),
            lost: 0,
            strays: 0,
        }
    }

    /// From now on the job of this order is heard; returns where it is to write its output, if that is to be read.
    pub(super) fn begin(&mut self, run: &Run<'_>, output: Output) -> Vec<OwnedFd> {
        let [worker, job, execution] = [run.worker_name, run.job_id, run.execution_id].map(str::to_owned);
        self.whose = Some(Rc::new(Whose { worker, job, execution }));
        if output == Output::Inherit {
            return Vec::new();
        }
        match self.open() {
            Ok(ends) => {
                if let Output::Keep(most) = output {
                    self.tail = Some(Tail::new(most));
                }
                ends
            }
            Err(error) => {
                let (worker, job) = (run.worker_name.to_owned(), run.job_id.to_owned());
                emit(Event::OutputNotRead { worker, job, error: error.to_string() });
                Vec::new()
            }
        }
    }

    fn open(&mut self) -> io::Result<Vec<OwnedFd>> {
        let ((out, out_end), (error, error_end)) = (os::pipe()?, os::pipe()?);
        self.streams =
            [Some(Stream::new(OutputStream::Stdout, out)?), Some(Stream::new(OutputStream::Stderr, error)?)];
        Ok(vec![out_end, error_end])
    }

    /// Takes what there is to hear, or waits for it. Dropping the future loses nothing.
    pub(super) async fn listen(&mut self) {
        let [out, error] = &self.streams;
        let place = tokio::select! {
            () = self.messages.ready() => None,
            () = ready(out.as_ref()) => Some(0),
            () = ready(error.as_ref()) => Some(1),
        };
        self.patience.wait().await;
        match place {
            None => self.take_records(TURN),
            Some(place) => {
                self.read(place, &mut vec![0; PORTION]);
            }
        }
        yield_now().await;
    }

    /// How many records got lost, by the horse's last word.
    pub(super) fn note_lost(&mut self, records: u64) {
        self.lost = self.lost.max(records);
    }

    /// The job is over: takes what it said last, and returns what is remembered of it.
    pub(super) fn finish(&mut self) -> Heard {
        self.take_records(LAST_RECORDS);
        let mut buffer = vec![0; if self.streams[0].is_some() { PORTION } else { 0 }];
        for place in 0..self.streams.len() {
            let mut left = LAST_BYTES;
            while let Some(count) = self.read(place, &mut buffer).filter(|_| left > 0) {
                left = left.saturating_sub(count);
            }
        }
        let whose = self.whose.take();
        for mut stream in self.streams.iter_mut().filter_map(Option::take) {
            if let Some(whose) = &whose {
                if let Some(line) = stream.finish_line(whose) {
                    remember(&mut self.lines, LINES, cut(&line));
                }
                stream.leave_behind(Rc::clone(whose));
            }
        }
        if let Some(whose) = whose {
            self.tell_losses(&whose);
        }
        Heard {
            lines: std::mem::take(&mut self.lines).into(),
            records: std::mem::take(&mut self.records).into(),
            output: self.tail.take().and_then(Tail::text),
        }
    }

    fn tell_losses(&mut self, whose: &Whose) {
        for (job, records) in [(Some(&whose.job), &mut self.lost), (None, &mut self.strays)] {
            let (worker, job) = (whose.worker.clone(), job.cloned());
            match std::mem::take(records) {
                0 => {}
                records => emit(Event::RecordsLost { worker, job, records }),
            }
        }
    }

    /// Takes so many log records, as far as there are.
    fn take_records(&mut self, most: usize) {
        for _ in 0..most {
            match self.messages.take() {
                Taken::Message(message) => self.hear(*message),
                Taken::Junk => self.strays += 1,
                Taken::Nothing => return,
            }
        }
    }

    fn hear(&mut self, message: Message) {
        let Some(whose) = self.whose.clone() else {
            self.strays += 1;
            return;
        };
        match &message.execution {
            Some(execution) if *execution != whose.execution => {
                self.strays += 1;
                return;
            }
            Some(_) => {
                self.note_lost(message.lost);
                remember(&mut self.records, RECORDS, record(&message));
                if let (Some(tail), true) = (&mut self.tail, message.unprinted) {
                    tail.push(message.text.as_bytes());
                    tail.push(b"\n");
                    if let Some(traceback) = &message.traceback {
                        tail.push(traceback.trim_end_matches('\n').as_bytes());
                        tail.push(b"\n");
                    }
                }
            }
            None => {}
        }
        whose.logged(message);
    }

    /// Reads a portion of a stream; says how much it was, and nothing when there is none for now.
    fn read(&mut self, place: usize, buffer: &mut [u8]) -> Option<usize> {
        let (stream, whose) = (self.streams[place].as_mut()?, self.whose.as_ref()?);
        let (portion, lines) = stream.read(whose, buffer)?;
        if let Some(tail) = &mut self.tail {
            tail.push(portion);
        }
        let skipped = lines.len().saturating_sub(LINES);
        for line in &lines[skipped..] {
            remember(&mut self.lines, LINES, cut(line));
        }
        Some(portion.len())
    }
}

async fn ready(stream: Option<&Stream>) {
    match stream {
        Some(stream) => stream.ready().await,
        None => std::future::pending().await,
    }
}

fn remember<T>(all: &mut VecDeque<T>, most: usize, one: T) {
    if all.len() >= most {
        all.pop_front();
    }
    all.push_back(one);
}

fn record(message: &Message) -> LogRecord {
    LogRecord {
        level: message.level,
        logger: message.logger.clone(),
        message: cut(&message.text),
        created: message.created.and_then(Timestamp::from_seconds).unwrap_or_else(Timestamp::now),
    }
}

/// The beginning of a text, as much as is remembered.
fn cut(text: &str) -> String {
    let end = (0..=text.len().min(REMEMBERED)).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or_default()].to_owned()
}

#[cfg(test)]
mod tests;

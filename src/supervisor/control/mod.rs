//! Local control: what a user of this machine may ask a running daemon, over a Unix socket of that daemon.
//!
//! One connection is one question: a line of JSON there, a line of JSON back. Only the daemon's own user and root are heard.

mod ask;
mod message;
mod places;
mod server;
mod stack;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use ask::ask;
pub(crate) use message::{
    Change, DaemonStatus, GroupStatus, Outcome, ReloadOutcome, Reply, Request, State, WorkerStatus,
};
pub(crate) use places::{Found, daemons, places};
pub(crate) use stack::{JobStack, ProcessStatus};
pub(crate) use wire::read_reply;
pub(crate) use {
    message::Setting,
    places::own_socket,
    server::{Asked, Guard, listen},
    wire::reply_text,
};

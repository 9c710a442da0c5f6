//! Local control: what a user of this machine may ask a running daemon, over a Unix socket of that daemon.
//!
//! One connection is one question: a line of JSON there, a line of JSON back. Only the daemon's own user and root are heard.

mod ask;
mod message;
mod places;
mod server;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use ask::{ControlError, ask};
pub(crate) use message::{
    Change, DaemonStatus, GroupStatus, Outcome, ReloadOutcome, Reply, Request, Setting, State, WorkerStatus,
};
pub(crate) use places::{Found, daemons, own_socket, places};
pub(crate) use server::{Asked, Guard, listen};

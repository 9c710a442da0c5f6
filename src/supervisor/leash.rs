//! The leash: horses end when this process does.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use super::SupervisorError;
use crate::os;

/// The pipe whose only write end this process holds.
#[derive(Clone)]
pub(super) struct Leash(Rc<Ends>);

struct Ends {
    read: OwnedFd,
    _write: OwnedFd,
}

impl Leash {
    pub(super) fn new() -> Result<Self, SupervisorError> {
        let (read, write) = os::pipe().map_err(SupervisorError::System)?;
        Ok(Self(Rc::new(Ends { read, _write: write })))
    }

    /// The read end.
    pub(super) fn end(&self) -> &OwnedFd {
        &self.0.read
    }

    /// The read end, for somebody to keep.
    pub(super) fn another(&self) -> io::Result<OwnedFd> {
        self.0.read.try_clone()
    }
}

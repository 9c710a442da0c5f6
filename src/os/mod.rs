//! The kernel: processes, signals, descriptors and clocks; the only unsafe code.

pub(crate) mod clock;
pub(crate) mod terminal;

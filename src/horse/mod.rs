//! The work horses: the fork server that makes them, and the frames they speak.

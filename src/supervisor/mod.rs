//! The supervisor: starts, watches and stops the workers.

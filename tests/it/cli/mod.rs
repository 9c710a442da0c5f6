//! The command line and the configuration of the built binary.

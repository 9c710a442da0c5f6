//! How events reach people and machines.

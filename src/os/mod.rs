//! The kernel: processes, signals, descriptors and clocks; the only unsafe code.

pub(crate) mod clock;
mod descriptor;
mod identity;
mod limits;
mod memory;
mod mounts;
mod notify_socket;
mod oom;
mod process;
mod signals;
mod spawn;
pub(crate) mod terminal;
mod text;
pub(crate) mod title;
mod vitals;

pub(crate) use descriptor::{
    empty_memory_file, is_listening, memory_file, message_pair, pipe, read_memory_file, read_pipe,
    receive_message, sealed_memory_file, send_with_descriptors, silence_errors, socket_pair, waiting_bytes,
    watch, write_memory_file,
};
pub(crate) use identity::{Identity, hostname, is_provably_dead, is_root, user};
pub(crate) use limits::MachineLimits;
pub(crate) use memory::{Relative, relatives};
pub(crate) use mounts::is_mounted;
pub(crate) use notify_socket::ServiceManager;
pub(crate) use oom::{OomKills, Starved, group_memory_limit, machine_memory};
pub(crate) use process::{
    Reaped, become_subreaper, is_gone, kill_group, kill_process, reap, terminate_group, warn_group,
};
pub(crate) use signals::{Signal, Signals};
pub(crate) use spawn::{Program, spawn};
pub(crate) use text::release_text;
pub(crate) use vitals::{Vitals, hearing, holds, signal_thread, threads, vitals};

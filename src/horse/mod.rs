//! The work horses: the fork server that makes them, and the frames they speak (`docs/protocol.md`).

mod bounds;
mod clue;
mod cron;
mod death;
mod decode;
mod ending;
mod engine;
mod errand;
mod foal;
mod fork_server;
mod frame;
mod hearing;
mod importing;
mod keeper;
mod program;
mod protocol;
mod python;
mod returning;
mod stable;
mod stack;
mod trial;
mod window;
mod work_horse;

pub(crate) use bounds::{Bounds, Ground, Hooks};
pub(crate) use cron::CronJob;
pub(crate) use decode::Wanted;
pub(crate) use ending::Ending;
pub(crate) use engine::{Engine, EngineKind, LogWishes, Model, Wishes, WorkerOptions};
pub(crate) use errand::{Mourners, names_callback, run as run_errand};
pub(crate) use fork_server::{Application, Prepared, StartError};
pub(crate) use hearing::{Attention, Output, RecordsWanted};
pub(crate) use importing::ImportTrouble;
pub(crate) use protocol::{
    Aftermath, CallbackKind, Errand, Occasion, Phase, ReportWish, Run, names_and_lengths,
};
pub(crate) use python::{Found as Interpreter, InterpreterError, Places, find as find_python};
pub(crate) use stable::{Morgue, Opened, Stable, StableOptions};
pub(crate) use stack::ThreadStack;
pub(crate) use window::{LookError, Seen, Window};
pub(crate) use work_horse::{Horse, Said};

//! The command line and the configuration of the built binary.

mod completion;
mod config_check;
mod config_explain;
mod config_show;
mod connection;
mod control;
mod files;
mod folder;
mod help;
mod interpreter;
mod job_show;
mod lists;
mod manual;
mod options;
mod pages;
mod precedence;
mod python_settings;
mod secrets;
mod streams;
mod terminal;
mod tls;
mod top;
mod trial;
mod unsupported;

use folder::Folder;

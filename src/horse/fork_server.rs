//! One fork server: started, told what to load, and then asked for horses.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use thiserror::Error;
use tokio::io::{BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::bounds::{Bounds, Ground, Hooks};
use super::decode::Wanted;
use super::engine::{Engine, EngineKind, Wishes};
use super::frame::{self, Frame, FrameError};
use super::program;
use super::protocol::{Hello, Refused, ServerOrder, ServerReport, VERSION};
use crate::event::Event;
use crate::os;
use crate::telemetry::emit;

/// The most files of a project that are told of.
const MOST_FILES: usize = 4096;

/// What a fork server loads, beside the settings module. It has no `Debug`, as the connection holds secrets.
#[derive(Clone, PartialEq)]
pub(crate) struct Application {
    pub(crate) python: PathBuf,
    /// The settings module's dotted name, or its file.
    pub(crate) module: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) path: Vec<String>,
    pub(crate) preload: Vec<String>,
    /// Whether the settings module's `DICT_CONFIG` counts, or another one in its place.
    pub(crate) dict_config: Value,
    pub(crate) serializer: Option<String>,
    /// Dotted names of what is called for every job that raised, in this order.
    pub(crate) exception_handlers: Vec<String>,
    pub(crate) hooks: Hooks,
    /// The most bytes that a result may have.
    pub(crate) max_result_size: u64,
    /// How a job reaches Redis when it asks for it.
    pub(crate) connection: Value,
    /// What every key begins with, for the job's own rq.
    pub(crate) key_prefix: String,
    pub(crate) engine: Wishes,
    pub(crate) bounds: Bounds,
    pub(crate) ground: Ground,
    /// How long the settings module may take.
    pub(crate) settings_timeout: Duration,
    /// How long the interpreter's start, and the preload, may take.
    pub(crate) start_timeout: Duration,
    /// Whether nothing is run but the settings module, for a command whose standard output is its answer.
    pub(crate) settings_alone: bool,
}

impl Application {
    /// Whether what was opened for this application can go on as the other one.
    pub(crate) fn opens_as(&self, other: &Self) -> bool {
        let opening = |application: &Self| {
            let Self { python, module, file, path, ground, .. } = application;
            (python.clone(), module.clone(), file.clone(), path.clone(), ground.clone())
        };
        opening(self) == opening(other) && self.settings_alone == other.settings_alone
    }

    /// Whether horses of this application are as those of another one. What only RQ's own code is told does not count where
    /// it does not run.
    pub(crate) fn serves_as(&self, other: &Self, kind: EngineKind) -> bool {
        let wishes = |application: &Self| match kind {
            EngineKind::Rq => application.engine.clone(),
            EngineKind::Native => application.engine.choice_alone(),
        };
        let (ours, theirs) = (wishes(self), wishes(other));
        ours == theirs && *self == Self { engine: self.engine.clone(), ..other.clone() }
    }
}

/// What a Python settings module says.
#[derive(Debug, Clone)]
pub(crate) struct PythonSettings {
    pub(crate) file: Option<String>,
    pub(crate) values: Map<String, Value>,
    pub(crate) opaque: BTreeMap<String, String>,
    /// The project's own files that its import loaded.
    pub(crate) files: Vec<PathBuf>,
}

/// What a fork server tells when horses can be forked.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) engine: Engine,
    /// The project's own files that are loaded in every horse, the settings module's among them.
    pub(crate) files: Vec<PathBuf>,
}

/// Why there is no fork server.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("cannot start {0}")]
    Spawn(PathBuf, #[source] io::Error),
    /// The interpreter ended while something was waited for; what it wrote went to our own standard error.
    #[error("{python} ended during {what}")]
    Died { python: PathBuf, what: String },
    #[error("{what} took longer than {}s", limit.as_secs_f64())]
    TooSlow { what: String, limit: Duration },
    /// The interpreter's answer was not the protocol.
    #[error("{0} is not a Python that can serve: {1}")]
    Junk(PathBuf, String),
    /// The settings module or a preload raised.
    #[error("{}", refusal(.0))]
    Refused(Box<Refused>),
}

fn refusal(refused: &Refused) -> String {
    let Refused { stage, what, kind, reason, .. } = refused;
    match stage.as_str() {
        "settings" => format!("cannot import the settings module {what}: {kind}: {reason}"),
        "preload" => format!("cannot preload the module {what}: {kind}: {reason}"),
        "django" => format!("cannot set up Django with the settings module {what}: {kind}: {reason}"),
        "ground" | "limit" => format!("cannot use {what}: {reason}"),
        "dict_config" => format!("cannot apply DICT_CONFIG: {kind}: {reason}"),
        "python" => format!("cannot use the Python interpreter {what}: {reason}"),
        "cron" => format!("cannot load the cron configuration {what}: {kind}: {reason}"),
        "rq" => format!("cannot load the cron configuration {what}, which needs rq: {reason}"),
        "serializer" => format!("cannot use the serializer {what}: {kind}: {reason}"),
        "worker_class" | "job_class" | "queue_class" | "connection_class" | "engine" => {
            format!("cannot use the {} {what}: {reason}", stage.replace('_', " "))
        }
        "exception_handler" => format!("cannot use the exception handler {what}: {kind}: {reason}"),
        "hook" => format!("cannot use {what}: {kind}: {reason}"),
        stage => format!("{stage} of {what} failed: {kind}: {reason}"),
    }
}

/// A fork server that runs. Dropping it ends it: its control socket closes; its horses go on.
pub(super) struct ForkServer {
    pub(super) hello: Hello,
    python: PathBuf,
    /// The number of our child, whatever its first word claimed.
    pub(super) pid: u32,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    unproven: Unproven,
}

/// Kills a fork server that does not become ready: it may hang in an import and never see that we are gone.
struct Unproven(Option<u32>);

impl Drop for Unproven {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = os::kill_group(pid);
        }
    }
}

impl ForkServer {
    /// Starts the interpreter with our program and waits for its first word.
    pub(super) async fn spawn(application: &Application, leash: OwnedFd) -> Result<Self, StartError> {
        let python = application.python.as_path();
        let failed = |error| StartError::Spawn(python.to_owned(), error);
        let (ours, theirs) = os::socket_pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let program = os::write_memory_file(c"rq-horse", &program::text()).map_err(failed)?;
        let pid = os::spawn(&os::Program {
            path: python,
            arguments: &["/proc/self/fd/3"],
            descriptors: vec![program, theirs.into(), leash],
            aside: application.settings_alone,
        })
        .map_err(failed)?;
        let (reader, writer) = UnixStream::from_std(ours).map_err(failed)?.into_split();
        let reader = BufReader::new(reader);
        let hello = Hello { protocol: 0, python: String::new(), executable: String::new() };
        let mut server =
            Self { hello, python: python.to_owned(), pid, reader, writer, unproven: Unproven(Some(pid)) };
        match server.answer("the start of the Python interpreter", application.start_timeout).await? {
            ServerReport::Hello(hello) if hello.protocol == VERSION => server.hello = hello,
            other => return Err(server.junk(&other)),
        }
        Ok(server)
    }

    /// Imports the settings module and returns what it says.
    pub(super) async fn settings(
        &mut self,
        application: &Application,
    ) -> Result<Option<PythonSettings>, StartError> {
        let named = application.module.as_deref().or(application.file.as_deref());
        self.order(&ServerOrder::Settings {
            module: application.module.as_deref(),
            file: application.file.as_deref(),
            path: &application.path,
            ground: &application.ground,
        })
        .await?;
        let what = format!("the import of the settings module {}", named.unwrap_or_default());
        match self.answer(what.trim_end(), application.settings_timeout).await? {
            ServerReport::Settings { file, values, opaque, files } => {
                Ok(named.map(|_| PythonSettings { file, values, opaque, files: bounded(files) }))
            }
            other => Err(self.junk(&other)),
        }
    }

    /// Preloads the application; after it, horses can be forked.
    pub(super) async fn prepare(
        &mut self,
        application: &Application,
        return_address: &str,
    ) -> Result<Prepared, StartError> {
        let began = Instant::now();
        self.order(&ServerOrder::Prepare {
            preload: &application.preload,
            dict_config: &application.dict_config,
            serializer: application.serializer.as_deref(),
            exception_handlers: &application.exception_handlers,
            hooks: &application.hooks,
            max_result_size: application.max_result_size,
            connection: &application.connection,
            key_prefix: &application.key_prefix,
            engine: &application.engine,
            bounds: &application.bounds,
            return_address,
        })
        .await?;
        match self.answer("the preload", application.start_timeout).await? {
            ServerReport::Prepared { threads, modules, engine, files } => {
                emit(Event::ForkServerStarted {
                    pid: self.pid,
                    python: self.hello.python.clone(),
                    executable: self.hello.executable.clone(),
                    modules,
                    took: began.elapsed(),
                });
                if !threads.is_empty() {
                    emit(Event::PreloadThreadsFound { threads });
                }
                Ok(Prepared { engine, files: bounded(files) })
            }
            other => Err(self.junk(&other)),
        }
    }

    /// Loads a cron module; the answer is a report about it.
    pub(super) async fn cron(
        &mut self,
        module: &str,
        application: &Application,
    ) -> Result<Frame<ServerReport>, StartError> {
        self.order(&ServerOrder::Cron { module, key_prefix: &application.key_prefix }).await?;
        self.frame(&format!("the import of the cron configuration {module}"), application.start_timeout).await
    }

    /// Has values decoded; the answer is a report about them.
    pub(super) async fn decode(
        &mut self,
        wanted: &Wanted<'_>,
        application: &Application,
        limit: Duration,
    ) -> Result<Frame<ServerReport>, StartError> {
        let order = ServerOrder::Decode {
            serializer: application.serializer.as_deref(),
            key_prefix: &application.key_prefix,
            fields: wanted.iter().map(|(name, value)| (name.as_str(), value.len())).collect(),
        };
        let values: Vec<&[u8]> = wanted.iter().map(|(_, value)| *value).collect();
        let died = |_| StartError::Died { python: self.python.clone(), what: "the decoding".to_owned() };
        frame::write(&mut self.writer, &order, &values).await.map_err(died)?;
        self.frame("the decoding of the job", limit).await
    }

    /// Has a function imported, and asks for the libraries; the answer is a report about them.
    pub(super) async fn import(
        &mut self,
        function: Option<&str>,
        application: &Application,
        limit: Duration,
    ) -> Result<ServerReport, StartError> {
        self.order(&ServerOrder::Import { function, key_prefix: &application.key_prefix }).await?;
        self.answer(&format!("the import of {}", function.unwrap_or("nothing")), limit).await
    }

    /// Its two directions, for the time when orders and reports cross.
    pub(super) fn split(mut self) -> (Reports, Orders) {
        self.unproven.0 = None;
        (Reports(self.reader), Orders(self.writer))
    }

    async fn order(&mut self, order: &ServerOrder<'_>) -> Result<(), StartError> {
        let died = |_| StartError::Died { python: self.python.clone(), what: "its start".to_owned() };
        frame::write(&mut self.writer, order, &[]).await.map_err(died)
    }

    async fn answer(&mut self, what: &str, limit: Duration) -> Result<ServerReport, StartError> {
        Ok(self.frame(what, limit).await?.head)
    }

    async fn frame(&mut self, what: &str, limit: Duration) -> Result<Frame<ServerReport>, StartError> {
        let answer = timeout(limit, frame::read(&mut self.reader))
            .await
            .map_err(|_| StartError::TooSlow { what: what.to_owned(), limit })?;
        match answer {
            Ok(Frame { head: ServerReport::Refused(refused), .. }) => {
                Err(StartError::Refused(Box::new(refused)))
            }
            Ok(frame) => Ok(frame),
            Err(FrameError::Junk(what)) => Err(StartError::Junk(self.python.clone(), what)),
            Err(FrameError::Closed | FrameError::Broken(_)) => {
                Err(StartError::Died { python: self.python.clone(), what: what.to_owned() })
            }
        }
    }

    fn junk(&self, report: &ServerReport) -> StartError {
        StartError::Junk(self.python.clone(), format!("unexpected answer {report:?}"))
    }
}

/// Somebody will watch these files, so they are few and have absolute paths, whatever the other side says.
fn bounded(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.retain(|file| file.is_absolute());
    files.truncate(MOST_FILES);
    files
}

/// What a fork server says.
pub(super) struct Reports(BufReader<OwnedReadHalf>);

impl Reports {
    pub(super) async fn next(&mut self) -> Result<ServerReport, FrameError> {
        Ok(frame::read(&mut self.0).await?.head)
    }
}

/// The memory files of a horse.
pub(super) struct Memory {
    /// For the stack of its own death.
    pub(super) faults: File,
    /// For the stacks that it is asked for.
    pub(super) stacks: File,
}

impl Memory {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { faults: os::memory_file(c"rq-faults")?, stacks: os::memory_file(c"rq-stacks")? })
    }
}

/// What a fork server is told.
pub(super) struct Orders(OwnedWriteHalf);

impl Orders {
    /// Asks for horses of these numbers; `theirs` are the ends that are theirs, of each its socket, its files for faults and
    /// stacks, and where it tells its log records. They rehearse their first job when they are told so.
    pub(super) async fn fork(
        &mut self,
        horses: &[u64],
        theirs: &[BorrowedFd<'_>],
        rehearse: bool,
    ) -> Result<(), FrameError> {
        let bytes = frame::encode(&ServerOrder::Fork { horses, rehearse }, &[])?;
        let stream: &UnixStream = self.0.as_ref();
        let sent = stream
            .async_io(Interest::WRITABLE, || os::send_with_descriptors(stream.as_fd(), &bytes, theirs))
            .await?;
        // The descriptors went with the first byte; the rest, if any, follows alone.
        tokio::io::AsyncWriteExt::write_all(&mut self.0, &bytes[sent..]).await?;
        Ok(())
    }
}

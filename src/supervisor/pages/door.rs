//! The door that clients come in by: a port, or a socket in the file system.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::answer::answer;
use super::{Rules, mode};
use crate::config::{Http, Place, Problem, Resolved};
use crate::event::Event;
use crate::os;
use crate::supervisor::SupervisorError;
use crate::supervisor::outlook::View;
use crate::telemetry::emit;

/// The longest head of a request: hyper takes no shorter limit.
const HEAD: usize = 8 << 10;

/// How long to wait when no further client can be let in, for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// A place that is ours; clients are let in once it is opened. It is closed when it is dropped.
pub(in crate::supervisor) struct Door {
    place: Place,
    /// The socket's file, so that nobody else's is removed.
    inode: Option<u64>,
    waiting: RefCell<Option<Listener>>,
    task: RefCell<Option<AbortHandle>>,
}

/// Who waits for clients.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        if let Place::Unix(path) = &self.place
            && fs::symlink_metadata(path).is_ok_and(|file| Some(file.ino()) == self.inode)
        {
            let _ = fs::remove_file(path);
        }
    }
}

impl Door {
    /// The door that the settings want: the one of before where that is at the same place, or a new one that is ours from now on.
    pub(in crate::supervisor) async fn prepare(
        resolved: &Resolved,
        before: Option<&Rc<Self>>,
    ) -> Result<Option<Rc<Self>>, SupervisorError> {
        let settings = &resolved.settings.http;
        let Some(place) = &settings.listen else { return Ok(None) };
        if let Some(door) = before.filter(|door| door.place == *place) {
            return Ok(Some(Rc::clone(door)));
        }
        match Self::at(place, settings).await {
            Ok(door) => Ok(Some(Rc::new(door))),
            Err(error) => {
                let problem = resolved.problem("http.listen", format!("cannot listen there: {error}"));
                Err(SupervisorError::Config(problem.hint(hint(&error)).into()))
            }
        }
    }

    async fn at(place: &Place, settings: &Http) -> io::Result<Self> {
        let (listener, inode) = match place {
            Place::Tcp(address) => (Listener::Tcp(TcpListener::bind(address).await?), None),
            Place::Unix(path) => {
                let listener = socket(path, settings)?;
                (Listener::Unix(listener), Some(fs::symlink_metadata(path)?.ino()))
            }
        };
        let waiting = RefCell::new(Some(listener));
        Ok(Self { place: place.clone(), inode, waiting, task: RefCell::default() })
    }

    /// Lets clients in by these rules, unless they are let in already.
    pub(in crate::supervisor) fn open(&self, view: &Rc<View>, rules: &Rc<RefCell<Rules>>) {
        if let Place::Unix(path) = &self.place {
            // It may have been removed.
            let _ = fs::set_permissions(path, Permissions::from_mode(rules.borrow().mode));
        }
        if let Some(listener) = self.waiting.take() {
            let task = tokio::task::spawn_local(let_in(listener, Rc::clone(view), Rc::clone(rules)));
            *self.task.borrow_mut() = Some(task.abort_handle());
            emit(Event::PagesOpened { place: self.place.to_string() });
        }
    }
}

/// What stands against the settings, whatever the machine is like.
pub(in crate::supervisor) fn problems(resolved: &Resolved) -> Option<Problem> {
    let Http { listen, token, allow_anonymous, .. } = &resolved.settings.http;
    let place = listen.as_ref().filter(|place| !place.is_local() && token.is_none() && !allow_anonymous)?;
    let text = format!("{place} can be reached from other machines, and there is no http.token");
    Some(resolved.problem("http.listen", text).hint(
        "set http.token (RQ_HTTP__TOKEN_FILE names a file that holds it), listen at 127.0.0.1, or let everybody look by \
         http.allow_anonymous = true",
    ))
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another daemon or program listens there: each needs a place of its own",
        io::ErrorKind::PermissionDenied => "may the daemon's user listen there? ports below 1024 are root's",
        io::ErrorKind::NotFound => "the folder of the socket must be there",
        _ => "is it an address of this machine?",
    }
}

/// Makes a socket in the file system. What a dead daemon left there is replaced.
fn socket(path: &Path, settings: &Http) -> io::Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
        }
        Ok(_) if os::is_listening(path)? => {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there"));
        }
        Ok(_) | Err(_) => {}
    }
    // It gets its name when it is ready, and has its rights from the beginning.
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_file(&new);
    let listener = UnixListener::bind(&new)?;
    let rights = Permissions::from_mode(mode(settings));
    let named = fs::set_permissions(&new, rights).and_then(|()| fs::rename(&new, path));
    if let Err(error) = named {
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    Ok(listener)
}

/// Lets clients in, each served by a task of its own; those that are too many wait.
async fn let_in(listener: Listener, view: Rc<View>, rules: Rc<RefCell<Rules>>) {
    // With this task, those that it serves are ended.
    let mut clients = JoinSet::new();
    loop {
        while clients.len() >= rules.borrow().max_connections {
            clients.join_next().await;
        }
        let (view, rules) = (Rc::clone(&view), Rc::clone(&rules));
        let served = tokio::select! {
            client = listener.accept() => client.map(|client| clients.spawn_local(serve(client, view, rules))),
            Some(_) = clients.join_next() => continue,
        };
        if served.is_err() {
            sleep(PAUSE).await;
        }
    }
}

/// A client, however it came.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Listener {
    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// Answers one request. A client that takes too long, or talks nonsense, is left.
async fn serve(client: Box<dyn Stream>, view: Rc<View>, rules: Rc<RefCell<Rules>>) {
    let patience = rules.borrow().timeout;
    let service = service_fn(|request| {
        let (view, rules) = (Rc::clone(&view), Rc::clone(&rules));
        async move { Ok::<_, Infallible>(answer(&request, &view, &rules).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .keep_alive(false)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(client), service);
    // The answer has as much time again.
    let _ = timeout(patience.saturating_mul(2), connection).await;
}

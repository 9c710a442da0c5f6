//! The daemon's end of the socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::message::{Reply, Request};
use super::places::is_alive;
use super::wire::{self, LONGEST_REQUEST};
use crate::os;

/// How long a client may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many clients are served at a time; more find the door shut.
const MOST: usize = 32;

/// How long to wait when no further client can be let in, for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// A question of a client.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// Dropped, it tells the client that the daemon is ending.
    pub(crate) answer: oneshot::Sender<Reply>,
}

/// Keeps the socket open; dropped, it is closed and its file removed.
#[derive(Debug)]
pub(crate) struct Guard {
    path: PathBuf,
    task: AbortHandle,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.task.abort();
        // Somebody may have cleaned up already.
        let _ = fs::remove_file(&self.path);
    }
}

/// Listens at a path whose folder is ours alone.
pub(crate) fn listen(path: &Path) -> io::Result<(Guard, mpsc::Receiver<Asked>)> {
    if path.exists() && is_alive(path) {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another daemon listens there"));
    }
    // It gets its name when it is ready, so that nobody takes it for one that a dead daemon left.
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&new)?;
    let named =
        fs::set_permissions(&new, Permissions::from_mode(0o600)).and_then(|()| fs::rename(&new, path));
    if let Err(error) = named {
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    let (ask, asked) = mpsc::channel(MOST);
    let task = tokio::spawn(accept(listener, ask)).abort_handle();
    Ok((Guard { path: path.to_owned(), task }, asked))
}

/// Lets clients in, each served by a task of its own.
async fn accept(listener: UnixListener, ask: mpsc::Sender<Asked>) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok((client, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let ask = ask.clone();
        tokio::spawn(async move {
            // A client that breaks off does not get its answer.
            let _ = serve(client, ask).await;
            drop(place);
        });
    }
}

async fn serve(client: UnixStream, ask: mpsc::Sender<Asked>) -> io::Result<()> {
    let is_welcome = may_ask(client.peer_cred()?.uid());
    let mut client = BufReader::new(client);
    let line = match timeout(PATIENCE, wire::read_line(&mut client, LONGEST_REQUEST)).await? {
        Ok(Some(line)) => line,
        Ok(None) => return Ok(()),
        Err(error) => return reply(&mut client, refused(error.to_string())).await,
    };
    let answer = match wire::parse(&line) {
        _ if !is_welcome => refused("only the daemon's own user and root may ask it".to_owned()),
        Ok(request) => answer(request, ask).await,
        Err(error) => refused(error),
    };
    reply(&mut client, answer).await
}

/// Puts the question to the daemon.
async fn answer(request: Request, ask: mpsc::Sender<Asked>) -> Reply {
    let (answer, told) = oneshot::channel();
    // Where nobody hears it, the answer is dropped with it.
    let _ = ask.send(Asked { request, answer }).await;
    told.await.unwrap_or_else(|_| refused("the daemon is ending".to_owned()))
}

async fn reply(client: &mut BufReader<UnixStream>, answer: Reply) -> io::Result<()> {
    timeout(PATIENCE, wire::write(client, answer)).await?
}

fn refused(error: String) -> Reply {
    Reply::Refused { error }
}

fn may_ask(user: u32) -> bool {
    user == os::user() || user == 0
}

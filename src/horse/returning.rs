//! Where a horse comes back whose socket was closed by the job's code.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::frame::{self, Frame};
use super::protocol::HorseReport;

/// How long a caller may take to say who it is.
const INTRODUCTION: Duration = Duration::from_secs(5);

/// How long to wait when nobody can be let in.
const PAUSE: Duration = Duration::from_millis(200);

/// A horse that came back.
pub(super) struct Returned {
    pub(super) pid: u32,
    pub(super) stream: UnixStream,
}

/// Listens in the abstract socket namespace under a random name, which it returns, until nobody hears it any more.
pub(super) fn listen(
    tell: impl Fn(Returned) + Clone + 'static,
    unheard: impl Future<Output = ()> + 'static,
) -> io::Result<String> {
    let name = format!("rqd-{}", Uuid::new_v4().simple());
    let listener = StdListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    tokio::task::spawn_local(async move {
        let mut unheard = std::pin::pin!(unheard);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut unheard => return,
            };
            let Ok((stream, _)) = accepted else {
                // There are no descriptors left, for a while.
                sleep(PAUSE).await;
                continue;
            };
            let tell = tell.clone();
            tokio::task::spawn_local(async move {
                if let Ok(Some(returned)) = timeout(INTRODUCTION, introduce(stream)).await {
                    tell(returned);
                }
            });
        }
    });
    Ok(name)
}

/// Only the kernel's word counts: anybody may connect to an abstract name.
async fn introduce(mut stream: UnixStream) -> Option<Returned> {
    let peer = stream.peer_cred().ok()?.pid()?;
    match frame::read::<HorseReport>(&mut stream).await {
        Ok(Frame { head: HorseReport::Return { pid, .. }, .. }) if i64::from(pid) == i64::from(peer) => {
            Some(Returned { pid, stream })
        }
        _ => None,
    }
}

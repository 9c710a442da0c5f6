use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::ask::ControlError;
use super::message::*;
use super::places::{own_socket, prepare};
use super::server::{Asked, Guard, listen};
use super::*;
use crate::supervisor::health::Health;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// A daemon's socket in a folder of its own, and what it is asked.
struct Daemon {
    folder: TempDir,
    guard: Guard,
    asked: mpsc::Receiver<Asked>,
}

impl Daemon {
    fn listening() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (guard, asked) = listen(&folder.path().join("7.sock")).unwrap();
        Self { folder, guard, asked }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("7.sock")
    }

    /// Stands for the supervisor: answers everything, for as long as it is asked.
    fn answering(mut self) -> (PathBuf, tokio::task::JoinHandle<()>) {
        let path = self.path();
        let task = tokio::spawn(async move {
            let _kept = (&self.folder, &self.guard);
            while let Some(Asked { request, answer }) = self.asked.recv().await {
                // A client that went away does not want to know.
                let _ = answer.send(supervised(request));
            }
        });
        (path, task)
    }
}

fn supervised(request: Request) -> Reply {
    match request {
        Request::Status => Reply::Status(status()),
        Request::Health => Reply::Health(Health { live: true, ready: true, reasons: vec![] }),
        Request::Reload { .. } | Request::Difference => Reply::Reload(outcome()),
        Request::Quiet { workers } | Request::Resume { workers } | Request::Stop { workers, .. } => {
            Reply::Done { workers }
        }
        Request::Stack { of } => Reply::Refused { error: format!("no {of}") },
        Request::Configuration => {
            Reply::Configuration { settings: vec![setting()], sources: vec![], generation: 2 }
        }
    }
}

fn setting() -> Setting {
    Setting {
        key: "worker.ttl".to_owned(),
        value: json!("7m"),
        origin: "rq.toml:3".to_owned(),
        shadows: vec![],
    }
}

fn outcome() -> ReloadOutcome {
    let change = Change {
        key: "worker.queues".to_owned(),
        from: json!(["a"]),
        to: json!(["a", "b"]),
        origin: "rq.toml:2".to_owned(),
        applies: "for the next job".to_owned(),
    };
    ReloadOutcome {
        outcome: Outcome::Applied,
        asked_by: "rq reload".to_owned(),
        at: 1.5,
        changes: vec![change],
        pending: vec![],
        shadowed: vec![],
        renewed: false,
        errors: vec![],
    }
}

fn status() -> DaemonStatus {
    let worker = WorkerStatus {
        name: "w1".to_owned(),
        queues: vec!["default".to_owned()],
        state: "busy".to_owned(),
        job: Some("j1".to_owned()),
        function: Some("app.work".to_owned()),
        since: Some(2.5),
        jobs_done: 3,
    };
    DaemonStatus {
        pid: 7,
        version: "0.1.0".to_owned(),
        started_at: 1.0,
        state: State::Running,
        generation: 2,
        last_reload: Some(outcome()),
        application: "Python 3.12, process 8".to_owned(),
        groups: vec![GroupStatus { name: "default".to_owned(), wanted: 1, workers: vec![worker] }],
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG * 3, test).await.expect("a test ends") })
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// Says these bytes and no more, as other programs than ours do it, and gives what comes back.
async fn said(path: &Path, bytes: Vec<u8>) -> String {
    let path = path.to_owned();
    let talk = move || {
        let mut client = UnixStream::connect(path).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        // A server that has heard enough may close before it has heard all.
        let _ = client.write_all(&bytes);
        let _ = client.shutdown(Shutdown::Write);
        let mut answer = String::new();
        let _ = client.read_to_string(&mut answer);
        answer
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

#[test]
fn every_question_has_its_answer() {
    run(async {
        let (path, _task) = Daemon::listening().answering();
        let workers = vec!["w1".to_owned()];
        for request in [
            Request::Status,
            Request::Reload { code: true },
            Request::Quiet { workers: workers.clone() },
            Request::Resume { workers: workers.clone() },
            Request::Stop { workers, cold: true },
            Request::Configuration,
        ] {
            let reply = ask(&path, &request, LONG).await.unwrap();

            assert_eq!(reply, supervised(request));
        }
    });
}

#[test]
fn messages_are_lines_of_json_with_a_version() {
    let line = |line: &[u8]| serde_json::from_slice::<Value>(line).unwrap();

    assert_eq!(
        line(&wire::line(Request::Stop { workers: vec![], cold: true })),
        json!({"version": 1, "message": {"command": "stop", "workers": [], "cold": true}})
    );
    assert_eq!(
        wire::parse::<Request>(br#"{"version": 1, "message": {"command": "stop"}}"#),
        Ok(Request::Stop { workers: vec![], cold: false })
    );
    let told = line(&wire::line(Reply::Status(status())));
    assert_eq!(told["message"]["reply"], "status");
    assert_eq!(told["message"]["state"], "running");
    assert_eq!(told["message"]["groups"][0]["workers"][0]["jobs_done"], 3);
}

#[test]
fn an_answer_travels_as_a_text_too() {
    let reply = Reply::Reload(outcome());

    assert_eq!(read_reply(&wire::reply_text(&reply)), Ok(reply));
    assert!(read_reply("[]").is_err());
}

#[test]
fn what_is_not_understood_is_refused_in_words() {
    run(async {
        let (path, _task) = Daemon::listening().answering();
        let long = [b"{\"version\": 1, \"message\": \"".to_vec(), vec![b'x'; 70_000]].concat();
        for (bytes, told) in [
            (b"what?\n".to_vec(), "this is no message"),
            (br#"{"version": 2, "message": {"command": "status"}}"#.to_vec(), "a line without an end"),
            (b"{\"version\": 2, \"message\": null}\n".to_vec(), "only version 1 is known here"),
            (
                b"{\"version\": 1, \"message\": {\"command\": \"dance\"}}\n".to_vec(),
                "unknown variant `dance`",
            ),
            (long, "more than 65536 bytes in a line"),
        ] {
            let answer = said(&path, bytes).await;

            assert!(answer.contains("refused") && answer.contains(told), "{told}: {answer}");
        }
    });
}

#[test]
fn clients_that_say_nothing_keep_nobody_waiting() {
    run(async {
        let (path, _task) = Daemon::listening().answering();
        let silent: Vec<_> = (0..8).map(|_| UnixStream::connect(&path).unwrap()).collect();
        let mut slow = UnixStream::connect(&path).unwrap();
        slow.write_all(b"{\"vers").unwrap();

        let reply = ask(&path, &Request::Status, LONG).await.unwrap();

        assert_eq!(reply, Reply::Status(status()));
        drop(silent);
    });
}

#[test]
fn a_client_that_has_nothing_more_to_say_gets_its_answer() {
    run(async {
        let (path, _task) = Daemon::listening().answering();

        assert!(said(&path, wire::line(Request::Status)).await.contains("\"running\""));
        assert_eq!(said(&path, vec![]).await, "");
    });
}

#[test]
fn a_client_that_says_nothing_is_sent_away() {
    run(async {
        let (path, _task) = Daemon::listening().answering();
        let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();

        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();

        assert_eq!(answer, "");
    });
}

#[test]
fn a_client_that_gives_up_says_so() {
    run(async {
        let daemon = Daemon::listening();

        let given_up = ask(&daemon.path(), &Request::Status, Duration::from_millis(50)).await;

        assert!(matches!(given_up, Err(ControlError::Silent(..))), "{given_up:?}");
    });
}

#[test]
fn a_crowd_finds_the_door_shut_and_it_opens_again() {
    run(async {
        let (path, _task) = Daemon::listening().answering();
        let crowd: Vec<_> = (0..40).map(|_| UnixStream::connect(&path).unwrap()).collect();

        let refused = ask(&path, &Request::Status, LONG).await;
        assert!(
            matches!(refused, Err(ControlError::Closed(_) | ControlError::Unreachable(..))),
            "{refused:?}"
        );

        drop(crowd);
        while ask(&path, &Request::Status, LONG).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_daemon_that_ends_says_so() {
    run(async {
        let mut daemon = Daemon::listening();
        let path = daemon.path();
        let ending = async {
            drop(daemon.asked.recv().await.unwrap());
        };

        let (reply, ()) = tokio::join!(ask(&path, &Request::Status, LONG), ending);

        assert_eq!(reply.unwrap(), Reply::Refused { error: "the daemon is ending".to_owned() });
        drop(daemon.guard);
        assert!(!path.exists());
        assert!(matches!(ask(&path, &Request::Status, LONG).await, Err(ControlError::Unreachable(..))));
    });
}

#[test]
fn only_its_user_may_open_the_socket_and_a_second_daemon_does_not_take_it() {
    run(async {
        let daemon = Daemon::listening();

        assert_eq!(mode(&daemon.path()), 0o600);
        assert_eq!(listen(&daemon.path()).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        assert_eq!(fs::read_dir(daemon.folder.path()).unwrap().count(), 1, "nothing else is left");
    });
}

#[test]
fn daemons_are_found_and_what_dead_ones_left_is_removed() {
    run(async {
        let daemon = Daemon::listening();
        let folder = daemon.folder.path().to_owned();
        let stale = folder.join("3.sock");
        drop(UnixListener::bind(&stale).unwrap());
        for other in ["notes.sock", "4.sock"] {
            fs::write(folder.join(other), "").unwrap();
        }

        let found = daemons(&[folder.join("nowhere"), folder.clone()]);

        assert_eq!(found, [Found { pid: 7, path: daemon.path() }]);
        assert!(!stale.exists());
        assert!(
            folder.join("notes.sock").exists() && folder.join("4.sock").exists(),
            "these are none of ours"
        );

        // A new daemon may have the number of a dead one.
        drop(UnixListener::bind(&stale).unwrap());
        let again = listen(&stale).unwrap();
        assert_eq!(daemons(&[folder]).len(), 2);
        drop(again);
    });
}

#[test]
fn a_daemon_that_is_stuck_counts_and_keeps_nobody_waiting() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("7.sock");
        let _stuck = UnixListener::bind(&path).unwrap();
        let mut callers = Vec::new();
        let full = loop {
            match tokio::net::UnixStream::connect(&path).await {
                Ok(caller) => callers.push(caller),
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), std::io::ErrorKind::WouldBlock);

        assert_eq!(daemons(&[folder.path().to_owned()]).len(), 1);
        let answer = ask(&path, &Request::Status, LONG).await;
        assert!(matches!(answer, Err(ControlError::Unreachable(..))), "{answer:?}");
    });
}

#[test]
fn a_folder_that_others_may_write_to_is_neither_used_nor_believed() {
    let root = tempfile::tempdir().unwrap();
    let [new, open, link] = ["new", "open", "link"].map(|name| root.path().join(name));
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let _listener = UnixListener::bind(open.join("5.sock")).unwrap();
    symlink(&open, &link).unwrap();

    assert!(prepare(&new).is_ok() && mode(&new) == 0o700);
    assert!(prepare(&new).is_ok(), "the second daemon of a user");
    assert_eq!(prepare(&open).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    assert_eq!(prepare(&link).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    assert_eq!(daemons(&[open, link]), []);
}

#[test]
fn the_own_socket_is_in_the_first_place_that_can_be_had() {
    let root = tempfile::tempdir().unwrap();
    let [missing, open, good] = ["missing/rq", "open", "good"].map(|name| root.path().join(name));
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();

    let socket = own_socket(&[missing.clone(), open, good.clone()]).unwrap();

    assert_eq!(socket, good.join(format!("{}.sock", std::process::id())));
    assert!(own_socket(&[missing]).unwrap_err().to_string().contains("missing/rq"));
    assert!(!places().is_empty());
}

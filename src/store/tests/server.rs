//! A private redis-server for one test.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A redis-server with its own folder; killed and removed with this value.
pub(crate) struct Server {
    folder: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts one on a Unix socket, with further arguments (`--port` is 0 unless given).
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut server = Self::prepare(arguments);
        server.resume();
        server
    }

    /// Starts one that also listens on a free port of the loopback address, with arguments that it may need
    /// to know it for.
    pub(crate) fn start_on_port(arguments: impl Fn(u16) -> Vec<String>) -> (Self, u16) {
        for _ in 0..10 {
            let port = free_port();
            let arguments = arguments(port);
            let mut server = Self::prepare(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            // Another test may have taken the port in between.
            if server.try_resume() {
                return (server, port);
            }
        }
        panic!("redis-server does not start on any port");
    }

    fn prepare(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { folder, arguments, child: None }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// The URL of its Unix socket.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Kills the server as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let _ = std::fs::remove_file(self.socket());
    }

    /// Starts it (again), and waits until it answers.
    pub(crate) fn resume(&mut self) {
        assert!(self.try_resume(), "redis-server ended: {:?}", self.arguments);
    }

    /// Whether it came up; not when its port is taken.
    fn try_resume(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.arg("--dir").arg(self.folder.path());
        command.arg("--unixsocket").arg(self.socket());
        command.args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("redis-server must be on PATH"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(self.socket()).is_err() {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "redis-server did not start");
            std::thread::yield_now();
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A TCP port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Words as owned texts.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Runs a test's future as the daemon runs its own, with a deadline on the whole.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test takes no minute")
    })
}

/// Looks again and again until it is so; the deadline is that of `run`.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    while !is_so().await {
        tick.tick().await;
    }
}

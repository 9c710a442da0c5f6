//! A private redis-server: nothing of it is shared with another test.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::wait::{SOON, wait_until};

/// A redis-server of our own on a Unix socket, and on a loopback port when asked; killed when dropped.
pub(crate) struct Redis {
    dir: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Redis {
    /// Starts a server with its data and socket in `dir`; a port makes it listen on loopback too.
    pub(crate) fn start(dir: &Path, port: Option<u16>) -> Self {
        fs::create_dir_all(dir).unwrap();
        let mut redis = Self { dir: dir.to_path_buf(), port: port.unwrap_or(0), server: None };
        redis.start_again();
        redis
    }

    /// Starts the server anew on the same socket, port and data folder.
    pub(crate) fn start_again(&mut self) {
        assert!(self.server.is_none(), "the server runs already");
        let program = env::var_os("RQ_TEST_REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let log = fs::File::create(self.dir.join("redis.log")).unwrap();
        let server = Command::new(&program)
            .args(["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--unixsocket"])
            .arg(self.socket())
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(&self.dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        self.server = Some(server);
        wait_until(SOON, "redis-server to answer", || {
            self.assert_running();
            self.try_ping()
        });
    }

    fn assert_running(&mut self) {
        let ended = self.server.as_mut().and_then(|server| server.try_wait().unwrap());
        if let Some(status) = ended {
            let log = fs::read_to_string(self.dir.join("redis.log")).unwrap_or_default();
            panic!("redis-server ended with {status}:\n{log}");
        }
    }

    fn try_ping(&self) -> bool {
        let answer = redis::Client::open(self.url())
            .and_then(|client| client.get_connection())
            .and_then(|mut connection| redis::cmd("PING").query::<String>(&mut connection));
        answer.is_ok()
    }

    /// Kills the server; what it held is lost.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
            let _ = fs::remove_file(self.socket());
        }
    }

    /// Ends the server with its data on disk, so that [`Redis::start_again`] brings the data back.
    pub(crate) fn stop_and_keep_data(&mut self) {
        let _: redis::RedisResult<()> = redis::cmd("SAVE").query(&mut self.connection());
        self.kill();
    }

    /// Stops the server's process where it is: connections stay open and nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets a frozen server go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let server = self.server.as_ref().expect("a running server");
        kill(Pid::from_raw(server.id().cast_signed()), signal).unwrap();
    }

    /// The socket's path.
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join("redis.sock")
    }

    /// The address through the Unix socket, in a form that redis-py and the `redis` crate both know.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The address through loopback.
    pub(crate) fn tcp_url(&self) -> String {
        assert!(self.port != 0, "this server has no port");
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The loopback port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A new connection for direct access.
    pub(crate) fn connection(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).unwrap();
        let connection = client.get_connection_with_timeout(SOON).expect("a connection to the test's Redis");
        connection.set_read_timeout(Some(SOON)).unwrap();
        connection
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of loopback that nobody used a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn data_outlives_an_orderly_stop_and_not_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let mut redis = Redis::start(dir.path(), Some(free_port()));
        let _: () = redis.command(&["SET", "kept", "1"]);

        redis.stop_and_keep_data();
        redis.start_again();
        assert!(redis.exists("kept"));
        let _: () = redis.command(&["SET", "lost", "1"]);
        redis.kill();
        redis.start_again();

        assert_eq!((redis.exists("kept"), redis.exists("lost")), (true, false));
    }

    #[test]
    fn a_frozen_server_answers_once_it_is_thawed() {
        let dir = tempfile::tempdir().unwrap();
        let redis = Redis::start(dir.path(), None);
        let mut connection = redis.connection();
        connection.set_read_timeout(Some(Duration::from_millis(50))).unwrap();

        redis.freeze();
        assert!(redis::cmd("PING").query::<String>(&mut connection).unwrap_err().is_timeout());
        redis.thaw();

        assert_eq!(redis.command::<String>(&["PING"]), "PONG");
    }
}

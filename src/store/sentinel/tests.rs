use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Value, cmd};
use serde_json::json;
use tempfile::TempDir;

use crate::store::tests::server::{Server, free_port, run, until, words};
use crate::store::{Address, Client, Sentinel, StoreError};

/// A `redis-server --sentinel`.
struct Watcher {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Watcher {
    fn start(master: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..10 {
            let port = free_port();
            let file = folder.path().join("sentinel.conf");
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nuser watcher on >w ~* &* +@all\nrequirepass w\n\
                 sentinel resolve-hostnames no\nsentinel monitor queue 127.0.0.1 {master} 1\n\
                 sentinel down-after-milliseconds queue 500\nsentinel failover-timeout queue 3000\n",
                folder.path().display()
            );
            std::fs::write(&file, text).unwrap();
            let mut command = Command::new("redis-server");
            command
                .arg(&file)
                .arg("--sentinel")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let deadline = Instant::now() + Duration::from_secs(20);
            while child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { child, port, _folder: folder };
                }
                assert!(Instant::now() < deadline, "the sentinel did not start");
                std::thread::yield_now();
            }
        }
        panic!("the sentinel does not start on any port");
    }

    /// The `SENTINEL` dictionary for it; an instance before it is dead.
    fn settings(&self) -> Sentinel {
        let mut settings = Sentinel {
            instances: vec![("127.0.0.1".into(), 1), ("127.0.0.1".into(), self.port)],
            master_name: "queue".into(),
            db: 4,
            ..Sentinel::default()
        };
        settings.sentinel_kwargs.insert("username".into(), json!("watcher"));
        settings.sentinel_kwargs.insert("password".into(), json!("w"));
        settings
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn server() -> (Server, u16) {
    Server::start_on_port(|port| {
        words(&format!("--bind 127.0.0.1 --port {port} --repl-diskless-sync-delay 0"))
    })
}

fn client(settings: Sentinel) -> Client {
    Client::new(Address::from_sentinel(settings).unwrap(), None)
}

fn plain(url: &str) -> Client {
    Client::new(Address::from_url(url).unwrap(), None)
}

async fn info(client: &Client, section: &str) -> String {
    redis::from_redis_value(client.run(cmd("INFO").arg(section)).await.unwrap()).unwrap()
}

/// The port of the server that answers.
async fn local_port(client: &Client) -> Result<u16, StoreError> {
    let info = client.run(cmd("CONFIG").arg("GET").arg("port")).await?;
    let found: (String, u16) = redis::from_redis_value(info).unwrap();
    Ok(found.1)
}

#[test]
fn the_master_is_found_through_the_first_sentinel_that_answers() {
    let (_master, port) = server();
    let watcher = Watcher::start(port);
    run(async {
        let client = client(watcher.settings());

        client.run(cmd("SET").arg("k").arg("v")).await.unwrap();
        let info: String =
            redis::from_redis_value(client.run(cmd("CLIENT").arg("INFO")).await.unwrap()).unwrap();

        assert!(info.contains(" db=4 "), "{info}");
        assert_eq!(local_port(&client).await.unwrap(), port);
        assert!(client.dedicated().await.is_ok() && client.subscribe("c").await.is_ok());
    });
}

#[test]
fn a_master_that_no_sentinel_knows_is_away_and_sentinels_can_refuse() {
    let (_master, port) = server();
    let watcher = Watcher::start(port);
    run(async {
        let unknown = Sentinel { master_name: "nobody".into(), ..watcher.settings() };
        let mut stranger = watcher.settings();
        stranger.sentinel_kwargs.insert("password".into(), json!("wrong"));

        let unknown = client(unknown).run(&cmd("PING")).await.unwrap_err();
        let stranger = client(stranger).run(&cmd("PING")).await.unwrap_err();

        assert!(unknown.is_away() && unknown.to_string().contains("knows no master \"nobody\""), "{unknown}");
        assert!(stranger.to_string().contains("authentication failed"), "{stranger}");
    });
}

#[test]
fn after_a_failover_the_new_master_is_used() {
    let (first, port) = server();
    let (second, other) = server();
    run(async {
        let [master, replica] = [&first, &second].map(|server| plain(&server.url()));
        replica.run(cmd("REPLICAOF").arg("127.0.0.1").arg(port)).await.unwrap();
        until(async || info(&master, "replication").await.contains("state=online")).await;
        let watcher = Watcher::start(port);
        let client = client(watcher.settings());
        client.run(cmd("SET").arg("k").arg("v")).await.unwrap();
        let sentinel = plain(&format!("redis://watcher:w@127.0.0.1:{}", watcher.port));
        // Sentinels take their time before they turn the old master into a replica; newer ones can be told to hurry.
        for period in ["INFO-PERIOD", "PUBLISH-PERIOD"] {
            let _ = sentinel.run(cmd("SENTINEL").arg("DEBUG").arg(period).arg(100)).await;
        }

        until(async || sentinel.run(cmd("SENTINEL").arg("FAILOVER").arg("queue")).await.is_ok()).await;
        until(async || match client.run(cmd("SET").arg("k").arg("w")).await {
            Ok(_) => local_port(&client).await.is_ok_and(|port| port == other),
            Err(error) => {
                assert!(error.is_away(), "{error}");
                false
            }
        })
        .await;

        assert_eq!(client.run(cmd("GET").arg("k")).await.unwrap(), Value::BulkString(b"w".into()));
    });
}

use redis::{Value, cmd, pipe};

use super::*;
use crate::store::StoreError;
use crate::store::tests::server::{Server, run, until, words};

const NONE: &[&str] = &[];

fn client(url: &str) -> Client {
    Client::new(Address::from_url(url).unwrap(), Some("rqd-test".into()))
}

async fn text(client: &Client, command: &Cmd) -> String {
    redis::from_redis_value(client.run(command).await.unwrap()).unwrap()
}

/// Asks until Redis is there.
async fn until_back(client: &Client) {
    until(async || match client.run(&cmd("PING")).await {
        Ok(_) => true,
        Err(error) => {
            assert!(error.is_away(), "{error}");
            false
        }
    })
    .await;
}

/// Waits until that many clients are blocked on the server.
async fn until_blocked(client: &Client, count: usize) {
    let wanted = format!("blocked_clients:{count}\r");
    until(async || text(client, cmd("INFO").arg("clients")).await.contains(&wanted)).await;
}

#[test]
fn commands_pipelines_and_transactions_share_one_named_connection_in_their_database() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&(server.url() + "?db=3"));

        client.run(cmd("SET").arg("k").arg("v")).await.unwrap();
        let values = client.run_all(pipe().get("k").set("k", "w").ignore().get("k")).await.unwrap();
        let atomic = client.run_all(pipe().atomic().get("k").cmd("DBSIZE")).await.unwrap();
        let list = text(&client, cmd("CLIENT").arg("LIST")).await;

        assert_eq!(values, [Value::BulkString(b"v".into()), Value::BulkString(b"w".into())]);
        assert_eq!(atomic, [Value::BulkString(b"w".into()), Value::Int(1)]);
        assert_eq!(list.lines().count(), 1, "{list}");
        assert!(list.contains(" name=rqd-test ") && list.contains(" db=3 "), "{list}");
    });
}

#[test]
fn concurrent_first_callers_share_one_connection() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());

        let (ping, other) = (cmd("PING"), client.clone());
        let (first, second) = tokio::join!(client.run(&ping), other.run(&ping));

        assert!(first.is_ok() && second.is_ok());
        assert_eq!(text(&client, cmd("CLIENT").arg("LIST")).await.lines().count(), 1);
    });
}

#[test]
fn a_mute_server_is_away_and_callers_share_the_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mute.sock");
    let _mute = std::os::unix::net::UnixListener::bind(&path).unwrap();
    run(async {
        let client = client(&format!("unix://{}?socket_connect_timeout=0.2", path.display()));

        let (ping, other) = (cmd("PING"), client.clone());
        let (first, second) = tokio::join!(client.run(&ping), other.run(&ping));

        assert!(first.unwrap_err().is_away() && second.unwrap_err().is_away());
        assert_eq!(client.0.ended.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_restarted_server_is_found_again_without_resending() {
    let mut server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        client.run(cmd("SET").arg("k").arg("v")).await.unwrap();

        server.kill();
        let lost = client.run(cmd("SET").arg("k").arg("w")).await.unwrap_err();
        server.resume();
        until_back(&client).await;

        assert!(lost.is_away(), "{lost}");
        assert_eq!(client.run(cmd("GET").arg("k")).await.unwrap(), Value::Nil);
    });
}

#[test]
fn a_refusal_of_the_server_keeps_the_connection() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        client.run(cmd("SET").arg("k").arg("v")).await.unwrap();
        let before = text(&client, cmd("CLIENT").arg("ID")).await;

        let error = client.run(cmd("LPUSH").arg("k").arg("v")).await.unwrap_err();

        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert_eq!(error.code(), Some("WRONGTYPE"));
        assert_eq!(text(&client, cmd("CLIENT").arg("ID")).await, before);
    });
}

#[test]
fn a_server_that_became_a_replica_is_away_and_the_connection_is_given_up() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        client.run(cmd("REPLICAOF").arg("127.0.0.1").arg("1")).await.unwrap();
        let before = text(&client, cmd("CLIENT").arg("ID")).await;

        let error = client.run(cmd("SET").arg("k").arg("v")).await.unwrap_err();

        assert!(error.is_away(), "{error}");
        assert_ne!(text(&client, cmd("CLIENT").arg("ID")).await, before);
    });
}

#[test]
fn a_script_is_loaded_when_the_server_does_not_know_it_and_acts_once() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        let script = Script::new("return {redis.call('INCRBY', KEYS[1], ARGV[1]), #KEYS, #ARGV}");

        let first = client.script(&script, &["n"], &["5"]).await.unwrap();
        client.run(cmd("SCRIPT").arg("FLUSH")).await.unwrap();
        let second = client.script(&script, &["n"], &["5", "x"]).await.unwrap();

        assert_eq!(first, Value::Array(vec![Value::Int(5), Value::Int(1), Value::Int(1)]));
        assert_eq!(second, Value::Array(vec![Value::Int(10), Value::Int(1), Value::Int(2)]));
    });
}

#[test]
fn a_script_without_keys_and_arguments_runs_and_its_error_is_a_refusal() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());

        let one = client.script(&Script::new("return 1"), NONE, NONE).await.unwrap();
        let error =
            client.script(&Script::new("return redis.error_reply('MINE went wrong')"), NONE, NONE).await;

        assert_eq!(one, Value::Int(1));
        assert_eq!(error.unwrap_err().code(), Some("MINE"));
    });
}

#[test]
fn blmove_moves_times_out_and_ends_when_unblocked() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        let mut waiting = client.dedicated().await.unwrap();
        let id = waiting.id().unwrap();
        client.run(cmd("RPUSH").arg("q").arg("a").arg("b")).await.unwrap();

        let moved = waiting.blmove("q", "i", 0.0).await.unwrap();
        client.run(cmd("DEL").arg("q")).await.unwrap();
        let nothing = waiting.blmove("q", "i", 0.01).await.unwrap();
        let end = async {
            until_blocked(&client, 1).await;
            client.unblock(id).await
        };
        let (unblocked, was_waiting) = tokio::join!(waiting.blmove("q", "i", 0.0), end);

        assert_eq!(moved.unwrap(), b"a");
        assert_eq!(nothing, None);
        assert_eq!(unblocked.unwrap(), None);
        assert!(was_waiting.unwrap());
        assert!(!client.unblock(id).await.unwrap());
        assert!(!waiting.is_closed());
    });
}

#[test]
fn an_abandoned_blmove_takes_nothing_any_more() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        let mut waiting = client.dedicated().await.unwrap();
        tokio::select! {
            _ = waiting.blmove("q", "i", 0.0) => panic!("there was nothing to move"),
            () = until_blocked(&client, 1) => {}
        }

        until_blocked(&client, 0).await;
        client.run(cmd("RPUSH").arg("q").arg("a")).await.unwrap();

        assert_eq!(client.run(cmd("LLEN").arg("q")).await.unwrap(), Value::Int(1));
        assert!(waiting.is_closed());
        assert!(waiting.blmove("q", "i", 0.0).await.unwrap_err().is_away());
    });
}

#[test]
fn a_blocked_move_whose_server_dies_is_away() {
    let mut server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        let mut waiting = client.dedicated().await.unwrap();
        let end = async {
            until_blocked(&client, 1).await;
            server.kill();
        };

        let (lost, ()) = tokio::join!(waiting.blmove("q", "i", 0.0), end);

        assert!(lost.unwrap_err().is_away());
        assert!(waiting.is_closed());
    });
}

#[test]
fn a_subscription_gets_messages_until_its_connection_breaks() {
    let mut server = Server::start(&[]);
    run(async {
        let client = client(&server.url());
        let mut messages = client.subscribe("c").await.unwrap();

        client.run(cmd("PUBLISH").arg("c").arg(&b"\x00one"[..])).await.unwrap();
        client.run(cmd("PUBLISH").arg("c").arg("two")).await.unwrap();
        let got = [messages.next().await.unwrap(), messages.next().await.unwrap()];
        server.kill();

        assert_eq!(got, [b"\x00one".to_vec(), b"two".to_vec()]);
        assert!(messages.next().await.unwrap_err().is_away());
    });
}

#[test]
fn a_late_answer_is_away_and_the_connection_is_given_up() {
    let server = Server::start(&[]);
    run(async {
        let client = client(&(server.url() + "?socket_timeout=0.2"));
        let other = self::client(&server.url());
        client.run(&cmd("PING")).await.unwrap();
        other.run(cmd("CLIENT").arg("PAUSE").arg(60_000)).await.unwrap();

        let late = client.run(cmd("SET").arg("k").arg("v")).await.unwrap_err();

        assert!(late.is_away(), "{late}");
        assert!(client.0.state.lock().await.link.is_none());
    });
}

#[test]
fn the_server_tells_our_address_and_its_version() {
    let server = Server::start(&[]);
    run(async {
        let found = client(&server.url()).identity().await.unwrap();

        assert!(found.address.ends_with(":0"), "{found:?}");
        assert!(found.version.unwrap().starts_with(|c: char| c.is_ascii_digit()));
    });
}

/// A server that knows one user, on TCP.
fn guarded_server() -> (Server, u16) {
    Server::start_on_port(|port| {
        words(&format!("--bind 127.0.0.1 --port {port} --requirepass top --user worker on >p@ss ~* &* +@all"))
    })
}

#[test]
fn a_user_logs_in_over_tcp_by_name_and_password() {
    let (_server, port) = guarded_server();
    run(async {
        for protocol in [2, 3] {
            let client = client(&format!("redis://worker:p%40ss@127.0.0.1:{port}/2?protocol={protocol}"));
            let mut waiting = client.dedicated().await.unwrap();
            let mut messages = client.subscribe("c").await.unwrap();
            client.run(cmd("PUBLISH").arg("c").arg("hello")).await.unwrap();

            assert_eq!(text(&client, cmd("ACL").arg("WHOAMI")).await, "worker");
            assert_eq!(waiting.blmove("q", "i", 0.01).await.unwrap(), None);
            assert_eq!(messages.next().await.unwrap(), b"hello");
            let list = text(&client, cmd("CLIENT").arg("LIST")).await;
            assert!(
                list.contains(" db=2 ") && list.trim_end().ends_with(&format!(" resp={protocol}")),
                "{list}"
            );
        }
    });
}

#[test]
fn a_password_without_a_user_is_the_default_users() {
    let (_server, port) = guarded_server();
    run(async {
        let client = client(&format!("redis://:top@127.0.0.1:{port}"));

        assert_eq!(text(&client, cmd("ACL").arg("WHOAMI")).await, "default");
        assert!(client.identity().await.unwrap().address.starts_with("127.0.0.1:"));
    });
}

#[test]
fn a_wrong_or_missing_password_is_refused_and_never_shown() {
    let (_server, port) = guarded_server();
    run(async {
        for login in ["worker:secret@", ":secret@", "nobody:secret@", "worker@", ""] {
            let client = client(&format!("redis://{login}127.0.0.1:{port}"));

            let error = client.run(&cmd("PING")).await.unwrap_err();

            assert!(matches!(error, StoreError::Refused { .. }), "{login}: {error}");
            assert!(!format!("{error} {error:?} {:?}", client.address()).contains("secret"), "{error:?}");
        }
    });
}

#[test]
fn a_command_without_permission_is_refused_and_an_identity_without_permission_is_unknown() {
    let (_server, port) = Server::start_on_port(|port| {
        words(&format!("--bind 127.0.0.1 --port {port} --user default on nopass ~* +@all -client -info -get"))
    });
    run(async {
        let client = client(&format!("redis://127.0.0.1:{port}"));

        let error = client.run(cmd("GET").arg("k")).await.unwrap_err();
        let identity = client.identity().await.unwrap();

        assert_eq!(error.code(), Some("NOPERM"));
        assert_eq!(identity, Identity { address: "unknown".into(), version: None });
        assert_eq!(client.dedicated().await.unwrap().id(), None);
    });
}

#[test]
fn a_closed_port_is_away() {
    let (mut server, port) = guarded_server();
    server.kill();
    run(async {
        let error = client(&format!("redis://localhost:{port}")).run(&cmd("PING")).await.unwrap_err();

        assert!(error.is_away(), "{error}");
        assert!(error.to_string().contains(&format!("redis://localhost:{port}/0")), "{error}");
    });
}

#[test]
fn a_server_without_room_for_clients_is_away() {
    let server = Server::start(&["--maxclients", "1"]);
    run(async {
        let first = client(&server.url());
        until_back(&first).await;

        let error = client(&server.url()).run(&cmd("PING")).await.unwrap_err();

        assert!(error.is_away(), "{error}");
    });
}

#[test]
fn a_server_without_memory_refuses() {
    let server = Server::start(&["--maxmemory", "1"]);
    run(async {
        let client = client(&server.url());
        let script = Script::new("return redis.call('SET', KEYS[1], 'v')");

        let by_command = client.run(cmd("SET").arg("k").arg("v")).await.unwrap_err();
        let in_pipeline = client.run_all(pipe().cmd("PING").set("k", "v")).await.unwrap_err();
        let in_script = client.script(&script, &["k"], NONE).await.unwrap_err();

        for error in [by_command, in_pipeline, in_script] {
            assert!(matches!(error, StoreError::Refused { .. }), "{error}");
            assert_eq!(error.code(), Some("OOM"));
        }
    });
}

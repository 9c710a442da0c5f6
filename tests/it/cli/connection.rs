//! Every way to say where Redis is, against a real one.

use std::{
    io::Read,
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::folder::assert_refused;
use crate::harness::{Exit, SOON, Setup, Worker, World, free_port, wait_until};

fn with_port() -> World {
    World::with(&Setup { tcp: true, ..Setup::default() }).unwrap()
}

/// Starts `rq worker` on a URL, with further arguments.
fn start(world: &World, url: &str, arguments: &[&str]) -> Worker {
    let mut command = world.worker_command();
    command.args(["--name", "w1", "--url", url]).args(arguments);
    world.start(command)
}

fn burst(world: &World, url: &str) -> Exit {
    start(world, url, &["--burst"]).wait_exit()
}

#[test]
fn a_socket_is_reached_by_every_form_of_its_url() {
    let world = World::new();
    let socket = world.redis.socket();
    for url in [
        format!("unix://{}", socket.display()),
        format!("unix://{}?db=0", socket.display()),
        "unix://redis/redis.sock".to_owned(),
    ] {
        let exit = burst(&world, &url);

        // RQ: what stands where a host would is no part of the path.
        let expected = if url.starts_with("unix:///") { 0 } else { 69 };
        assert_eq!(exit.code(), expected, "{url}: {}", exit.stderr);
    }
    world.finish();
}

#[test]
fn the_database_is_taken_from_the_path_or_the_query() {
    let world = with_port();
    world.client.exec("from redis import Redis");
    world.client.exec("socket = conn.connection_pool.connection_kwargs['path']");
    let port = world.redis.port();
    let socket = world.redis.socket();
    for (db, url) in [
        (1, format!("redis://127.0.0.1:{port}/1")),
        (2, format!("redis://127.0.0.1:{port}?db=2")),
        (3, format!("redis://127.0.0.1:{port}/9?db=3")),
        (4, format!("unix://{}?db=4", socket.display())),
    ] {
        world.client.exec(&format!("other = Redis(unix_socket_path=socket, db={db})"));
        world.client.exec("job = Queue(connection=other).enqueue('jobs.returns.value', 1)");

        let exit = burst(&world, &url);

        assert_eq!(world.client.eval("job.return_value(refresh=True)"), 1, "{url}: {}", exit.stderr);
    }
    world.finish();
}

#[test]
fn user_and_password_are_taken_from_the_url_or_the_settings() {
    let world = with_port();
    let _: () = world.redis.command(&["ACL", "SETUSER", "worker", "on", ">p@ss:w/rd", "~*", "&*", "+@all"]);
    let port = world.redis.port();
    let url = format!("redis://worker:p%40ss%3Aw%2Frd@127.0.0.1:{port}/0");
    let in_query = format!("redis://127.0.0.1:{port}/0?username=worker&password=p%40ss%3Aw%2Frd");
    let by_parts = [
        ("REDIS_HOST", "127.0.0.1".to_owned()),
        ("REDIS_PORT", port.to_string()),
        ("REDIS_PASSWORD", "p@ss:w/rd".to_owned()),
        ("RQ_REDIS__USERNAME", "worker".to_owned()),
    ];
    let mut command = world.worker_command();
    command.args(["--burst", "--name", "w1"]).envs(by_parts);

    let exits = [burst(&world, &url), burst(&world, &in_query), world.start(command).wait_exit()];

    for exit in exits {
        assert_eq!(exit.code(), 0, "{}", exit.stderr);
    }
    let users: Vec<String> = world.redis.command(&["ACL", "USERS"]);
    assert!(users.contains(&"worker".to_owned()));
    world.finish();
}

#[test]
fn a_wrong_password_ends_the_start_at_once_without_telling_it() {
    let world = with_port();
    let _: () = world.redis.command(&["ACL", "SETUSER", "worker", "on", ">right", "~*", "&*", "+@all"]);
    let url = format!("redis://worker:planted-secret@127.0.0.1:{}/0", world.redis.port());

    // Not in burst mode: waiting does not cure it.
    let exit = start(&world, &url, &[]).wait_exit();

    assert_refused(&exit, 1, &["error: ", "hint: "]);
    assert!(exit.stderr.to_lowercase().contains("password"), "{}", exit.stderr);
    assert!(!exit.stderr.contains("planted-secret") && !exit.stdout.contains("planted-secret"));
    world.finish();
}

#[test]
fn a_missing_password_is_told_with_what_to_do() {
    let world = with_port();
    let _: () = world.redis.command(&["CONFIG", "SET", "requirepass", "needed"]);

    let exit = start(&world, &world.redis.tcp_url(), &[]).wait_exit();

    assert_refused(&exit, 1, &["error: ", "hint: the server answered, but refused"]);
}

#[test]
fn a_redis_that_is_away_is_waited_for_at_start() {
    let mut world = World::new();
    let url = world.redis.url();
    world.redis.kill();
    let mut worker = start(&world, &url, &[]);
    worker
        .stderr
        .wait_for_line("Worker w1: could not connect to Redis instance: *retrying in * seconds...", SOON);

    world.redis.start_again();

    worker.stdout.wait_for_line("*** Listening on default...", SOON);
    assert_eq!(worker.stop().code(), 0);
    world.finish();
}

#[test]
fn a_redis_that_stays_away_ends_the_start_with_69() {
    let world = World::new();
    let mut command = world.worker_command();
    command
        .args(["--url", &format!("redis://127.0.0.1:{}", free_port())])
        .env("RQ_REDIS__START_TIMEOUT", "1s");
    let began = Instant::now();

    let exit = world.start(command).wait_exit();

    assert_refused(&exit, 69, &["redis did not answer within 1s", "refused", "redis.start_timeout"]);
    assert!(began.elapsed() >= Duration::from_secs(1));
    world.finish();
}

#[test]
fn a_port_that_takes_connections_and_never_answers_is_given_up() {
    let world = World::new();
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = world.worker_command();
    command.args(["--url", &format!("redis://{}?socket_timeout=0.3", deaf.local_addr().unwrap())]);
    command.arg("--burst").env("RQ_REDIS__START_TIMEOUT", "1s");

    let exit = world.start(command).wait_exit();

    assert_refused(&exit, 69, &["redis did not answer"]);
    world.finish();
}

#[test]
fn a_server_that_is_no_redis_is_given_up() {
    let world = World::new();
    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = http.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in http.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 512]);
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let mut command = world.worker_command();
    command.args(["--burst", "--url", &format!("redis://{address}")]);

    let exit = world.start(command).wait_exit();

    assert!([1, 69].contains(&exit.code()), "{}: {}", exit.code(), exit.stderr);
    assert!(exit.stderr.starts_with("error: "), "{}", exit.stderr);
    world.finish();
}

#[test]
fn a_signal_while_redis_is_waited_for_ends_the_start() {
    let world = World::new();
    let mut worker = start(&world, &format!("redis://127.0.0.1:{}", free_port()), &[]);
    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);

    worker.signal(nix::sys::signal::Signal::SIGINT);

    wait_until(SOON, "the worker's end", || !worker.is_running());
    assert_eq!(worker.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn an_address_that_makes_no_sense_is_a_configuration_error() {
    let folder = super::Folder::new();
    for (url, told) in [
        ("http://h", "must be a URL that starts with redis://, rediss:// or unix://"),
        ("localhost:6379", "must be a URL that starts with redis://"),
        ("redis://h:port", "a port that is not a number"),
        ("redis://h?db=first", "db"),
        ("redis://h?no_such_option=1", "no_such_option"),
        ("rediss://h?ssl_cert_reqs=sometimes", "ssl_cert_reqs"),
    ] {
        for arguments in [&["worker", "--burst", "-u", url][..], &["config", "check", "-u", url]] {
            assert_refused(&folder.run(arguments), 78, &["error: ", told]);
        }
    }
}

/// A sentinel that watches over the world's Redis; it ends with the value.
struct Sentinel {
    child: std::process::Child,
    port: u16,
}

impl Sentinel {
    fn start(world: &World) -> Self {
        let port = free_port();
        let config = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor jobs 127.0.0.1 {} 1\n",
            world.redis.port()
        );
        let config = super::folder::write(&world.path("."), "sentinel.conf", &config);
        let program = std::env::var_os("RQ_TEST_REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let mut command = Command::new(program);
        command.arg(config).arg("--sentinel").current_dir(world.path(".")).stdout(Stdio::null());
        let sentinel = Self { child: command.spawn().unwrap(), port };
        wait_until(SOON, "the sentinel to know its master", || sentinel.answers());
        sentinel
    }

    fn answers(&self) -> bool {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        let Ok(mut connection) = client.get_connection() else { return false };
        let mut ask = redis::cmd("SENTINEL");
        ask.arg("get-master-addr-by-name").arg("jobs");
        ask.query::<Option<Vec<String>>>(&mut connection).is_ok_and(|master| master.is_some())
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_master_is_found_by_its_sentinels() {
    let world = with_port();
    let sentinel = Sentinel::start(&world);
    let port = sentinel.port;
    let module =
        format!("SENTINEL = {{'INSTANCES': [('127.0.0.1', {port})], 'MASTER_NAME': 'jobs', 'DB': 0}}\n");
    let file = format!("[SENTINEL]\nINSTANCES = [[\"127.0.0.1\", {port}]]\nMASTER_NAME = \"jobs\"\n");
    super::folder::write(&world.path("."), "watched.py", &module);
    super::folder::write(&world.path("."), "watched.toml", &file);
    for named in ["watched", "watched.toml"] {
        let job = world.enqueue("'jobs.returns.value', 1");
        let mut command = world.worker_command();
        command.args(["--burst", "--name", "w1", "-c", named]);

        let exit = world.start(command).wait_exit();

        assert_eq!(world.view(&job)["result"], 1, "{named}: {}{}", exit.stdout, exit.stderr);
    }
    world.finish();
}

#[test]
fn a_master_that_no_sentinel_knows_ends_the_start_with_69() {
    let world = with_port();
    let sentinel = Sentinel::start(&world);
    let settings =
        format!("SENTINEL = {{'INSTANCES': [('127.0.0.1', {})], 'MASTER_NAME': 'other'}}\n", sentinel.port);
    super::folder::write(&world.path("."), "watched.py", &settings);
    let mut command = world.worker_command();
    command.args(["--burst", "-c", "watched"]);

    let exit = world.start(command).wait_exit();

    assert_refused(&exit, 69, &["other"]);
    world.finish();
}

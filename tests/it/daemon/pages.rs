//! The pages of a daemon: who gets what, and who gets nothing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::metrics::watched;
use super::reload_stage::{Stage, run, save, settings};
use crate::harness::{Exit, SOON, Site, World, free_port, wait_until};

/// A start that must end with 78.
#[track_caller]
fn refused(world: &World, text: &str) -> Exit {
    save(&world.path("rq.toml"), &settings(world, text));
    let exit = world.start(run(world, &["-c", "rq.toml"])).wait_exit();
    assert_eq!(exit.code(), 78, "{}{}", exit.stdout, exit.stderr);
    exit
}

#[test]
fn every_page_is_there_and_nothing_else() {
    let (mut stage, site) = watched("");

    for page in ["/", "/metrics", "/livez", "/readyz", "/status"] {
        assert!(site.ask("GET", page, &[]).status == 200, "{page}");
        let head = site.ask("HEAD", page, &[]);
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{page}");
        let posted = site.ask("POST", page, &["Content-Length: 0"]);
        assert_eq!(posted.status, 405);
        assert!(posted.head.to_lowercase().contains("allow: get, head"), "{}", posted.head);
    }
    for page in ["/metric", "/metrics/", "/status/../metrics", "/%2e%2e/etc/passwd", "/favicon.ico"] {
        assert_eq!(site.get(page).status, 404, "{page}");
    }
    let open = site.ask("GET", "/metrics", &["Accept: application/openmetrics-text;version=1.0.0"]);
    assert!(open.head.contains("application/openmetrics-text; version=1.0.0"), "{}", open.head);
    assert!(open.body.ends_with("# EOF\n"));
    let plain = site.get("/metrics");
    assert!(plain.head.contains("text/plain; version=0.0.4"), "{}", plain.head);
    let status = stage.status();
    assert_eq!(site.json("/status")["groups"], status["groups"]);
    assert_eq!(site.json("/status")["pid"], stage.daemon.pid().as_raw());
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn without_the_token_a_probe_hears_yes_or_no() {
    let port = free_port();
    let world = World::new();
    fs::write(world.path("token"), "l0ngt0ken\n").unwrap();
    save(&world.path("rq.toml"), &settings(&world, &format!("[http]\nlisten = \"0.0.0.0:{port}\"\n")));
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("RQ_HTTP__TOKEN_FILE", world.path("token"));
    let mut stage = Stage::of(world, command);
    let site = Site::Port(port);

    for page in ["/", "/metrics", "/status"] {
        for headers in [&[][..], &["Authorization: Bearer l0ngt0ke"], &["Authorization: Basic l0ngt0ken"]] {
            let shown = site.ask("GET", page, headers);
            assert_eq!(shown.status, 401, "{page}");
            assert!(shown.head.to_lowercase().contains("www-authenticate: bearer"), "{}", shown.head);
        }
        assert_eq!(site.ask("GET", page, &["Authorization: Bearer l0ngt0ken"]).status, 200, "{page}");
    }
    assert_eq!(site.get("/livez").body, "live\n");
    stage.rq(&["quiet"]);
    wait_until(SOON, "the daemon to be quiet", || site.get("/readyz").status == 503);
    assert_eq!(site.get("/readyz").body, "not ready\n");
    let known = site.ask("GET", "/readyz", &["Authorization: Bearer l0ngt0ken"]);
    assert!(known.body.contains("the daemon is quiet"), "{}", known.body);
    fs::write(stage.world.path("token"), "an0thert0ken\n").unwrap();
    wait_until(SOON, "another token to count", || {
        site.ask("GET", "/metrics", &["Authorization: Bearer an0thert0ken"]).status == 200
    });
    assert_eq!(site.ask("GET", "/metrics", &["Authorization: Bearer l0ngt0ken"]).status, 401);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn an_address_for_others_wants_a_token() {
    let world = World::new();
    let port = free_port();

    let exit = refused(&world, &format!("[http]\nlisten = \"0.0.0.0:{port}\"\n"));

    for part in [
        "http.listen",
        "rq.toml, line 3",
        "can be reached from other machines",
        "http.token",
        "http.allow_anonymous",
    ] {
        assert!(exit.stderr.contains(part), "{part} is not in {}", exit.stderr);
    }
    let open = format!("[http]\nlisten = \"0.0.0.0:{port}\"\nallow_anonymous = true\n");
    save(&world.path("rq.toml"), &settings(&world, &open));
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::of(world, command);
    assert_eq!(Site::Port(port).get("/metrics").status, 200);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_place_that_is_taken_is_told_at_the_start() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    fs::write(world.path("file"), "").unwrap();
    let cases = [
        (format!("127.0.0.1:{port}"), "Address already in use"),
        (format!("unix:{}", world.path("file").display()), "no socket"),
        (format!("unix:{}", world.path("nowhere/sock").display()), "folder of the socket"),
        ("rq.example:80".to_owned(), "an address of this machine and a port"),
    ];
    let short = refused(&world, "[http]\ntoken = \"hunter2\"\n").stderr;
    assert!(short.contains("at least 8 characters") && !short.contains("hunter2"), "{short}");

    for (place, told) in cases {
        let exit = refused(&world, &format!("[http]\nlisten = {place:?}\n"));
        assert!(exit.stderr.contains("http.listen") && exit.stderr.contains(told), "{}", exit.stderr);
    }
    world.finish();
}

#[test]
fn a_socket_has_its_rights_and_takes_the_place_of_a_dead_one() {
    let world = World::new();
    let path = world.path("http.sock");
    drop(UnixListener::bind(&path).unwrap());
    let text = format!("[http]\nlisten = \"unix:{}\"\nmode = \"0600\"\n", path.display());
    save(&world.path("rq.toml"), &settings(&world, &text));
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::of(world, command);
    let site = Site::Socket(path.clone());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    assert_eq!(site.get("/readyz").status, 200);

    assert_eq!(mode(&path), 0o600);
    let second = stage.world.start(run(&stage.world, &["-c", "rq.toml"])).wait_exit();
    assert_eq!(second.code(), 78, "{}", second.stderr);
    assert!(second.stderr.contains("somebody listens there"), "{}", second.stderr);
    assert_eq!(site.get("/readyz").status, 200);
    stage.apply(&text.replace("0600", "0660"));
    wait_until(SOON, "other rights", || mode(&path) == 0o660);
    assert_eq!(site.get("/readyz").status, 200);
    stage.daemon.stop();
    assert!(!path.exists());
    stage.world.finish();
}

#[test]
fn a_reload_moves_the_pages_or_leaves_them_where_they_are() {
    let (mut stage, site) = watched("");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = |port| format!("[http]\nlisten = \"127.0.0.1:{port}\"\n");

    let told = stage.apply(&at(taken.local_addr().unwrap().port()));

    assert!(told.contains("refused") && told.contains("http.listen"), "{told}");
    assert_eq!(site.get("/livez").status, 200);
    let other = free_port();
    stage.apply(&at(other));
    assert_eq!(Site::Port(other).get("/livez").status, 200);
    wait_until(SOON, "the old place to be free", || site.try_ask("GET", "/livez", &[]).is_err());
    stage.apply("");
    wait_until(SOON, "no pages at all", || Site::Port(other).try_ask("GET", "/livez", &[]).is_err());
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn clients_that_are_slow_or_talk_nonsense_are_left() {
    let (mut stage, site) = watched("timeout = \"500ms\"\nmax_connections = 2\n");
    let Site::Port(port) = site else { unreachable!() };

    let mut slow: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    for stream in &mut slow {
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
    }

    // They hold the places until their time is over, one after the other.
    assert_eq!(site.get("/livez").status, 200);
    for mut stream in slow {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    for nonsense in [&b"\x16\x03\x01\x00\x01\r\n\r\n"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let answer = site.exchange(nonsense).unwrap_or_default();
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    let long = format!("GET /livez HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    let answer = site.exchange(long.as_bytes()).unwrap_or_default();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(site.get("/readyz").status, 200);
    let job = stage.world.enqueue("'jobs.returns.value', 1");
    stage.world.wait_for_status(&job, "finished");
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn planted_secrets_stand_on_no_page() {
    const SECRET: &str = "pl4ntedS3cret";
    let port = free_port();
    let world = World::new();
    let text = format!(
        "[http]\nlisten = \"127.0.0.1:{port}\"\ntoken = \"{SECRET}\"\n[sentry]\ndsn = \"https://{SECRET}@sentry.example/1\"\n\
         [metrics]\nfile = \"rqd.prom\"\ninterval = \"1s\"\n[health]\nheartbeat_file = \"heartbeat\"\n"
    );
    save(&world.path("rq.toml"), &settings(&world, &text));
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("RQ_REDIS_URL", format!("{}?password={SECRET}", world.redis.url())).env("APP_KEY", SECRET);
    let _: () = world.redis.command(&["CONFIG", "SET", "requirepass", SECRET]);
    let mut daemon = world.start(command);
    let site = Site::Port(port);
    let header = format!("Authorization: Bearer {SECRET}");
    let shown = |page: &str| site.ask("GET", page, &[&header]);
    wait_until(SOON, "the daemon to be ready", || {
        site.try_ask("GET", "/readyz", &[]).is_ok_and(|shown| shown.status == 200)
    });

    for page in ["/", "/metrics", "/livez", "/readyz", "/status", "/readyz?format=json", "/none"] {
        let shown = shown(page);
        assert!(!shown.head.contains(SECRET) && !shown.body.contains(SECRET), "{page}: {}", shown.body);
    }
    world.redis.freeze();
    wait_until(SOON, "the outage to be told", || shown("/readyz").status == 503);
    assert!(!shown("/readyz").body.contains(SECRET), "{}", shown("/readyz").body);
    world.redis.thaw();
    for name in ["rqd.prom", "heartbeat"] {
        wait_until(SOON, name, || world.path(name).exists());
        assert!(!fs::read_to_string(world.path(name)).unwrap().contains(SECRET), "{name}");
    }
    daemon.stop();
    assert!(!daemon.stdout.text().contains(SECRET) && !daemon.stderr.text().contains(SECRET));
}

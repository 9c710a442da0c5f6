//! Where the connection, the queues and the name come from.

use std::{fs, process::Command};

use crate::harness::{SOON, Setup, World, free_port};

/// A world whose Redis also listens on a port.
fn with_port() -> World {
    World::with(&Setup { tcp: true, ..Setup::default() }).unwrap()
}

/// Runs the command in burst mode and asserts that it did the job.
#[track_caller]
fn assert_works(world: World, mut command: Command) {
    let job = world.enqueue("'jobs.returns.value', 1");

    command.arg("--burst");
    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.view(&job)["result"], 1, "{}", exit.stdout);
    world.finish();
}

#[test]
fn the_settings_module_names_host_port_and_database() {
    let world = with_port();
    let port = world.redis.port();
    fs::write(
        world.path("settings.py"),
        format!("REDIS_HOST = '127.0.0.1'\nREDIS_PORT = {port}\nREDIS_DB = 0\n"),
    )
    .unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "settings"]);

    assert_works(world, command);
}

#[test]
fn the_settings_module_may_be_given_by_the_environment() {
    let world = World::new();
    let mut command = world.worker_command();
    command.env("RQ_CONFIG", "settings");

    assert_works(world, command);
}

#[test]
fn the_settings_module_may_lie_in_a_package() {
    let world = World::new();
    fs::create_dir(world.path("deploy")).unwrap();
    fs::rename(world.path("settings.py"), world.path("deploy/production.py")).unwrap();
    let mut command = world.worker_command();
    command.args(["--config", "deploy.production"]);

    assert_works(world, command);
}

#[test]
fn the_address_may_be_an_option() {
    let world = with_port();
    let mut command = world.worker_command();
    command.args(["-u", &world.redis.tcp_url()]);

    assert_works(world, command);
}

#[test]
fn the_address_may_come_from_rqs_own_variable() {
    let world = World::new();
    let mut command = world.worker_command();
    command.env("RQ_REDIS_URL", world.redis.url());

    assert_works(world, command);
}

#[test]
fn the_address_may_come_from_the_bare_environment() {
    let world = with_port();
    let mut command = world.worker_command();
    command.env("REDIS_URL", world.redis.tcp_url());

    assert_works(world, command);
}

#[test]
fn host_and_port_may_come_from_the_bare_environment() {
    let world = with_port();
    let mut command = world.worker_command();
    command.env("REDIS_HOST", "127.0.0.1").env("REDIS_PORT", world.redis.port().to_string());

    assert_works(world, command);
}

#[test]
fn the_option_wins_over_the_settings_module() {
    let world = World::new();
    fs::write(world.path("settings.py"), "REDIS_URL = 'redis://127.0.0.1:1/0'\n").unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--url", &world.redis.url()]);

    assert_works(world, command);
}

#[test]
fn the_settings_module_wins_over_the_bare_environment() {
    let world = World::new();
    let mut command = world.worker_command();
    command.args(["-c", "settings"]).env("REDIS_URL", "redis://127.0.0.1:1/0");

    assert_works(world, command);
}

#[test]
fn the_database_of_the_address_counts() {
    let world = with_port();
    world.client.exec("other = Redis(unix_socket_path=conn.connection_pool.connection_kwargs['path'], db=2)");
    world.client.exec("job = Queue(connection=other).enqueue('jobs.returns.value', 1)");
    let mut command = world.worker_command();
    command.args(["--burst", "--url", &world.redis.tcp_url().replace("/0", "/2")]);

    assert_eq!(world.start(command).wait_exit().code(), 0);

    assert_eq!(world.client.eval("job.return_value(refresh=True)"), 1);
    world.finish();
}

#[test]
fn queues_and_name_of_the_settings_module_count() {
    let world = World::new();
    let url = world.redis.url();
    fs::write(
        world.path("settings.py"),
        format!("REDIS_URL = {url:?}\nQUEUES = ['a', 'b']\nNAME = 'from-settings'\n"),
    )
    .unwrap();
    let mut worker = world.worker(&[]);

    worker.stdout.wait_for_line("*** Listening on a, b...", SOON);

    assert!(world.redis.exists(&world.key("worker:from-settings")));
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn arguments_win_over_queues_and_name_of_the_settings_module() {
    let world = World::new();
    let url = world.redis.url();
    fs::write(
        world.path("settings.py"),
        format!("REDIS_URL = {url:?}\nQUEUES = ['a', 'b']\nNAME = 'from-settings'\n"),
    )
    .unwrap();
    let mut worker = world.worker(&["--name", "w1", "c"]);

    worker.stdout.wait_for_line("*** Listening on c...", SOON);

    assert!(world.redis.exists(&world.key("worker:w1")));
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn what_the_settings_module_prints_does_not_harm() {
    let world = World::new();
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    fs::write(
        world.path("settings.py"),
        format!("print('loading settings')\nimport os\nlower = object()\n{settings}"),
    )
    .unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "settings"]);

    assert_works(world, command);
}

#[test]
fn a_redis_that_asks_for_a_password_is_served() {
    let world = with_port();
    let _: () = world.redis.command(&["CONFIG", "SET", "requirepass", "p@ss:word/"]);
    let mut command = world.worker_command();
    let url = world.redis.tcp_url().replace("redis://", "redis://:p%40ss%3Aword%2F@");
    command.args(["--name", "w1", "--url", &url]);
    let mut worker = world.start(command);

    worker.stdout.wait_for_line("*** Listening on default...", SOON);

    // The look at all keys would need the password too.
    assert!(worker.is_running());
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let world = World::new();

    let exit = world.worker(&["--no-such-option"]).wait_exit();

    assert_eq!(exit.code(), 2);
    assert!(exit.stderr.contains("--no-such-option"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn a_redis_that_is_away_ends_a_burst_with_an_error() {
    let world = World::new();
    let mut command = world.worker_command();
    command.args(["--burst", "--url", &format!("redis://127.0.0.1:{}/0", free_port())]);

    let exit = world.start(command).wait_exit();

    let expected =
        if world.subject.differs("Redis never reached has an exit code of its own") { 69 } else { 1 };
    assert_eq!(exit.code(), expected);
    assert!(!exit.stderr.is_empty());
    world.finish();
}

#[test]
fn a_settings_module_that_is_missing_ends_the_worker_with_an_error() {
    let world = World::new();
    let mut command = world.worker_command();
    command.args(["--burst", "-c", "no_such_settings"]);

    let exit = world.start(command).wait_exit();

    let expected =
        if world.subject.differs("a configuration error has an exit code of its own") { 78 } else { 1 };
    assert_eq!(exit.code(), expected);
    assert!(exit.stderr.contains("no_such_settings"), "{}", exit.stderr);
    world.finish();
}

#[test]
fn verbose_and_quiet_together_are_refused() {
    let world = World::new();

    let exit = world.worker(&["-v", "-q"]).wait_exit();

    let expected =
        if world.subject.differs("options that exclude each other are a usage error") { 2 } else { 1 };
    assert_eq!(exit.code(), expected);
    assert!(!exit.stderr.is_empty());
    world.finish();
}

#[test]
fn short_flags_may_be_bundled() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");

    let mut worker = world.worker(&["-bv", "-n", "w1"]);

    assert_eq!(worker.wait_exit().code(), 0);
    assert_eq!(world.view(&job)["status"], "finished");
    world.finish();
}

//! The files of `packaging/` in the hands of the programs that they are for. Those for systemd, and the packages, have tests of
//! their own.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Exit, SOON, Venv, Worker, World, npm_program, skipped, wait_for, wait_until};

/// The text of a file below `packaging/`.
fn packaged(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)).unwrap()
}

/// The environment that has these programs; counts the test as skipped without it.
fn programs() -> Option<Venv> {
    Venv::named("packaging").map_err(|lack| skipped(&lack)).ok()
}

/// A supervisord with our program, and the command that speaks to it.
struct Supervisor<'a> {
    world: &'a World,
    venv: Venv,
    daemon: Worker,
}

const SUPERVISORD: &str = "
[supervisord]
nodaemon=true
[unix_http_server]
file=%(here)s/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(here)s/supervisor.sock
";

impl<'a> Supervisor<'a> {
    /// Starts one with the program as it is packaged, but for places and user.
    fn start(world: &'a World, venv: Venv) -> Self {
        let folder = world.path("");
        let folder = folder.to_str().unwrap().trim_end_matches('/');
        let mut program = packaged("supervisord.conf");
        for (there, here) in [
            ("/usr/bin/rq", env!("CARGO_BIN_EXE_rq")),
            ("/srv/app", folder),
            ("/var/log/supervisor/rq.log", &format!("{folder}/rq.log")),
            ("user=rq\n", ""),
        ] {
            assert!(program.contains(there), "{there}");
            program = program.replace(there, here);
        }
        fs::write(world.path("supervisord.conf"), format!("{SUPERVISORD}{program}")).unwrap();
        let mut command = world.command(&venv.program("supervisord"));
        command.args(["-c", "supervisord.conf"]).env("RQ_PYTHON", world.venv.python());
        let daemon = world.start(command);
        wait_until(SOON, "supervisord", || world.path("supervisor.sock").exists());
        Self { world, venv, daemon }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(&self.venv.program("supervisorctl"));
        command.args(["-c", "supervisord.conf"]).args(arguments);
        command
    }

    /// Runs a command of supervisorctl to its end and returns what it says.
    fn control(&self, arguments: &[&str]) -> String {
        Exit::of(&self.command(arguments).stdin(Stdio::null()).output().unwrap()).stdout
    }

    /// Waits until the program is in a state, and returns the whole line.
    #[track_caller]
    fn wait_for_state(&self, state: &str) -> String {
        wait_for(SOON, &format!("the program to be {state}"), || {
            Some(self.control(&["status", "rq"])).filter(|line| line.contains(state))
        })
    }

    /// Waits until the program's log has a text.
    #[track_caller]
    fn wait_for_log(&self, text: &str) {
        wait_until(SOON, &format!("{text:?} in the log"), || {
            fs::read_to_string(self.world.path("rq.log")).is_ok_and(|log| log.contains(text))
        });
    }

    /// How often the program was started.
    fn starts(&self) -> usize {
        self.daemon.stdout.text().matches("spawned: 'rq'").count()
    }
}

fn configure(world: &World, worker: &str) {
    let text = format!("REDIS_URL = {:?}\n[worker]\n{worker}\n", world.redis.url());
    fs::write(world.path("rq.toml"), text).unwrap();
}

#[test]
fn supervisord_lets_a_job_finish_when_it_stops_the_daemon() {
    let Some(venv) = programs() else { return };
    let world = World::new();
    configure(&world, "queues = ['default']");
    let mut supervisor = Supervisor::start(&world, venv);
    world.wait_for_idle(1);
    supervisor.wait_for_state("RUNNING");
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();

    let mut stop = world.start(supervisor.command(&["stop", "rq"]));
    supervisor.wait_for_log("warm shut down requested");
    gate.open();

    assert!(stop.wait_exit().stdout.contains("rq: stopped"));
    assert_eq!(world.view(&job)["status"], "finished");
    assert!(supervisor.daemon.stdout.text().contains("stopped: rq (exit status 0)"));
    supervisor.daemon.stop();
    world.finish();
}

#[test]
fn supervisorctl_makes_the_daemon_read_its_configuration_again() {
    let Some(venv) = programs() else { return };
    let world = World::new();
    // Nobody else asks for it.
    let unwatched = "queues = ['default']\n[reload]\nwatch = false";
    configure(&world, unwatched);
    let mut supervisor = Supervisor::start(&world, venv);
    world.wait_for_idle(1);
    configure(&world, &unwatched.replace("['default']", "['mail', 'default']"));

    let told = supervisor.control(&["signal", "HUP", "rq"]);

    assert_eq!(told, "rq: signalled\n");
    supervisor.wait_for_log("Configuration reloaded (SIGHUP)");
    supervisor.wait_for_log("Listening on mail, default...");
    supervisor.daemon.stop();
    world.finish();
}

#[test]
fn supervisord_starts_a_daemon_anew_that_was_killed() {
    let Some(venv) = programs() else { return };
    let world = World::new();
    configure(&world, "queues = ['default']");
    let mut supervisor = Supervisor::start(&world, venv);
    let line = supervisor.wait_for_state("RUNNING");
    world.wait_for_idle(1);
    let pid = line.split("pid ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().parse().unwrap();

    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();

    wait_until(SOON, "a second start", || supervisor.starts() == 2);
    supervisor.wait_for_state("RUNNING");
    let job = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&job, "finished");
    world.wait_for_idle(1);
    supervisor.daemon.stop();
    world.finish();
}

#[test]
fn supervisord_does_not_try_a_wrong_configuration_again() {
    let Some(venv) = programs() else { return };
    let world = World::new();
    configure(&world, "queues = 7");

    let mut supervisor = Supervisor::start(&world, venv);

    // The former when it is found within a second, the latter on a slow machine. In neither is anything tried again.
    wait_until(SOON, "supervisord to give up", || {
        let line = supervisor.control(&["status", "rq"]);
        line.contains("FATAL") || line.contains("EXITED")
    });
    assert_eq!(supervisor.starts(), 1);
    supervisor.wait_for_log("cannot use worker.queues");
    supervisor.daemon.stop();
    world.finish();
}

#[test]
fn the_procfile_runs_our_worker_beside_pythons_rq_and_lets_its_job_finish() {
    let Some(venv) = programs() else { return };
    let world = World::new();
    fs::write(world.path("Procfile"), packaged("Procfile")).unwrap();
    let mut command = world.command(&venv.program("honcho"));
    // An environment of an application has Python's `rq`, and the wheel's `rqd` beside it.
    let theirs = world.venv.program("rq");
    let ours = world.path("bin");
    fs::create_dir(&ours).unwrap();
    symlink(env!("CARGO_BIN_EXE_rq"), ours.join("rqd")).unwrap();
    let folders = [theirs.parent().unwrap(), &ours].map(|folder| folder.display().to_string()).join(":");
    let path = format!("{folders}:{}", env::var("PATH").unwrap_or_default());
    command.arg("start").env("PATH", path).env("RQ_PYTHON", world.venv.python());
    let mut honcho = world.start(command);
    // Python's worker has none.
    honcho.stdout.wait_for_line("*Fork server started with PID*", SOON);
    world.wait_for_idle(1);
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();

    // honcho breaks when the signal comes while it prints a line: the last ones, and that it waits for more, are waited for.
    honcho.stdout.wait_for_line("*cleaning group registries", SOON);
    honcho.stdout.wait_for_line("*default: jobs.waits.at*", SOON);
    let stat = format!("/proc/{}/stat", honcho.pid());
    wait_until(SOON, "honcho to wait", || fs::read_to_string(&stat).unwrap().contains(") S "));

    // honcho sends it to the whole group of processes, which work horses are not of.
    honcho.signal(Signal::SIGTERM);
    honcho.stdout.wait_for_line("*warm shut down requested", SOON);
    gate.open();

    honcho.wait_exit();
    assert_eq!(world.view(&job)["status"], "finished");
    world.finish();
}

/// What a program says of a file with this text.
fn judged(program: &Path, arguments: &[&str], text: &str) -> Exit {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, text).unwrap();
    Exit::of(&Command::new(program).args(arguments).arg(&file).output().unwrap())
}

#[test]
fn the_manifests_for_kubernetes_fit_its_schema() {
    let Some(venv) = programs() else { return };
    let validate = venv.program("kubernetes-validate");
    let manifests = packaged("kubernetes/worker.yaml");

    let good = judged(&validate, &["--strict"], &manifests);
    let bad = judged(&validate, &["--strict"], &manifests.replace("livenessProbe:", "livelinessProbe:"));

    assert_eq!(good.code(), 0, "{}{}", good.stdout, good.stderr);
    for resource in ["configmap/rq-worker", "deployment/rq-worker"] {
        assert!(format!("{}{}", good.stdout, good.stderr).contains(resource), "{resource}");
    }
    assert_eq!(bad.code(), 1);
}

#[test]
fn the_containerfiles_have_no_mistakes() {
    let lint = match npm_program("dockerfile-utils") {
        Ok(program) => program,
        Err(lack) => return skipped(&lack),
    };
    for file in ["container/Containerfile", "../examples/container/Containerfile"] {
        let text = packaged(file);

        let good = judged(&lint, &["lint"], &text);
        let bad = judged(&lint, &["lint"], &format!("{text}HEALTHCHECK --timout=5s CMD true\n"));

        assert_eq!((good.code(), good.stdout.as_str()), (0, ""), "{file}: {}", good.stderr);
        assert!(bad.code() != 0 || !bad.stdout.is_empty(), "{file}");
    }
}

//! One test's world: its own Redis, a Python client, and the worker under test.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    client::Client,
    gate::Gate,
    inspect::Hash,
    invariants::{self, Leaves, text},
    redis_server::{Redis, free_port},
    skip::{Lack, skipped},
    subject::Subject,
    tagged::{TAG, kill_tagged},
    version::{Venv, Version},
    wait::{SOON, wait_until},
    worker::{Exit, Worker},
};

/// What a world is made of; [`World::new`] takes the defaults.
pub(crate) struct Setup {
    /// The RQ of the client, of the jobs, and of the worker when that is theirs.
    pub(crate) version: Version,
    /// `RQ_KEY_PREFIX` for all of them.
    pub(crate) prefix: Option<&'static str>,
    /// Whether Redis listens on a loopback port too.
    pub(crate) tcp: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { version: Version::V3_0_0, prefix: None, tcp: false }
    }
}

/// Everything a claim needs. Call [`World::finish`] at the end of each test.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) redis: Redis,
    pub(crate) subject: Subject,
    /// The RQ whose behaviour the worker under test shows: the client's own when it is theirs, the newest when it is ours.
    pub(crate) level: Version,
    pub(crate) venv: Venv,
    prefix: &'static str,
    started: AtomicUsize,
    dir: TempDir,
}

impl World {
    /// A world of RQ 3.0.0.
    pub(crate) fn new() -> Self {
        Self::with(&Setup::default()).unwrap_or_else(|missing| panic!("{missing}"))
    }

    /// A world as asked, or what it lacks.
    pub(crate) fn with(setup: &Setup) -> Result<Self, Lack> {
        let venv = Venv::with_rq(setup.version)?;
        let subject = Subject::from_environment();
        let dir = TempDir::with_prefix("rq-it-").unwrap();
        let redis = Redis::start(&dir.path().join("redis"), setup.tcp.then(free_port));
        furnish(dir.path(), &redis);
        let prefix = setup.prefix.unwrap_or("rq");
        let mut python = surroundings(&venv.python(), dir.path(), prefix);
        python.env("RQ_TEST_REDIS_URL", redis.url()).env(TAG, tag(dir.path(), "client"));
        let client = Client::start(python);
        let level = if subject == Subject::Ours { Version::V3_0_0 } else { setup.version };
        Ok(Self { client, redis, subject, level, venv, prefix, started: AtomicUsize::new(0), dir })
    }

    /// Runs a claim with a client of that version and checks the invariants; counts it as skipped when that RQ is not here.
    pub(crate) fn try_claim(version: Version, claim: fn(&World)) {
        match Self::with(&Setup { version, ..Setup::default() }) {
            Ok(world) => {
                claim(&world);
                world.finish();
            }
            Err(missing) => skipped(&missing),
        }
    }

    /// The full name of a key.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.prefix)
    }

    /// A path in the test's own folder, which is the worker's working directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A gate for jobs of `jobs.waits`.
    pub(crate) fn gate(&self, name: &str) -> Gate {
        Gate::new(&self.path(name))
    }

    /// Enqueues on the queue `default`: `arguments` is what stands between the brackets of Python's `q.enqueue(…)`.
    #[track_caller]
    pub(crate) fn enqueue(&self, arguments: &str) -> String {
        self.client.eval(&format!("q.enqueue({arguments}).id")).as_str().unwrap().to_owned()
    }

    /// What the client reads of a job: `status result exc_info meta worker_name origin latest.{type,exc_string}`.
    #[track_caller]
    pub(crate) fn view(&self, job: &str) -> Value {
        self.client.eval(&format!("view({job:?})"))
    }

    /// Waits until a job has this status.
    #[track_caller]
    pub(crate) fn wait_for_status(&self, job: &str, status: &str) {
        let key = self.key(&format!("job:{job}"));
        wait_until(SOON, &format!("job {job} to be {status}"), || {
            self.redis.field(&key, "status").as_deref() == Some(status)
        });
    }

    /// Lets the leases of a queue's started jobs end, as a minute or more would.
    #[track_caller]
    pub(crate) fn end_leases(&self, queue: &str) {
        let key = self.key(&format!("wip:{queue}"));
        for (member, _) in self.redis.sorted_set(&key) {
            let past = format!("{:.0}", self.redis.now() - 1.0);
            let _: i64 = self.redis.command(&["ZADD", &key, &past, &member]);
            // RQ: what Python's workers write of an execution ends with its lease; what ours write stays a minute longer. Python's
            // cleaner does not look at it, and leaves the sets that name it behind, which is not what these tests are about.
            let execution = self.key(&format!("execution:{member}"));
            let is_ours = self.redis.command::<i64>(&["HEXISTS", &execution, "rqd_queue"]) == 1;
            if self.subject == Subject::Ours && !is_ours {
                let _: i64 = self.redis.command(&["DEL", &execution]);
            }
        }
    }

    /// The command `rq worker` of whoever is under test, in the test's folder; add what the test is about.
    pub(crate) fn worker_command(&self) -> Command {
        self.command_named("worker")
    }

    /// The command of that name of whoever is under test, for one that runs jobs.
    pub(crate) fn command_named(&self, name: &str) -> Command {
        let mut command = match self.subject {
            Subject::Theirs => self.command(&self.venv.program("rq")),
            Subject::Ours => self.command(Path::new(env!("CARGO_BIN_EXE_rq"))),
        };
        command.arg(name);
        if self.subject == Subject::Ours {
            command.arg("--python").arg(self.venv.python());
        }
        command
    }

    /// The command `rq` of somebody, with this world's Redis and these arguments after the sub-command.
    pub(crate) fn rq_command(&self, whose: Subject, name: &str, arguments: &[&str]) -> Command {
        let mut command = match whose {
            Subject::Theirs => self.command(&self.venv.program("rq")),
            Subject::Ours => self.command(Path::new(env!("CARGO_BIN_EXE_rq"))),
        };
        command.args([name, "-u", &self.redis.url()]).args(arguments);
        command
    }

    /// Runs a sub-command of whoever is under test to its end.
    #[track_caller]
    pub(crate) fn rq(&self, name: &str, arguments: &[&str]) -> Exit {
        self.rq_of(self.subject, name, arguments)
    }

    /// Runs somebody's sub-command to its end.
    #[track_caller]
    pub(crate) fn rq_of(&self, whose: Subject, name: &str, arguments: &[&str]) -> Exit {
        let mut command = self.rq_command(whose, name, arguments);
        command.env(TAG, tag(self.dir.path(), "command")).stdin(Stdio::null());
        Exit::of(&command.output().unwrap())
    }

    /// Runs a sub-command of ours against another address of this world's Redis.
    #[track_caller]
    pub(crate) fn rq_with_url(&self, url: &str, name: &str, arguments: &[&str]) -> Exit {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        command.args([name, "-u", url]).args(arguments);
        command.env(TAG, tag(self.dir.path(), "command")).stdin(Stdio::null());
        Exit::of(&command.output().unwrap())
    }

    /// Any program in the test's folder and clean environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        surroundings(program, self.dir.path(), self.prefix)
    }

    /// Starts a worker `rq worker -c settings` with these arguments.
    pub(crate) fn worker(&self, arguments: &[&str]) -> Worker {
        let mut command = self.worker_command();
        command.args(["-c", "settings"]).args(arguments);
        self.start(command)
    }

    /// Starts a pool `rq worker-pool -c settings` with these arguments.
    pub(crate) fn pool(&self, arguments: &[&str]) -> Worker {
        let mut command = self.command_named("worker-pool");
        command.args(["-c", "settings"]).args(arguments);
        self.start(command)
    }

    /// The registered workers that are in this state: their names and their hashes.
    pub(crate) fn workers_that_are(&self, state: &str) -> BTreeMap<String, Hash> {
        let keys = self.redis.set(&self.key("workers"));
        let named = keys.iter().map(|key| {
            let name = key.strip_prefix(&self.key("worker:")).unwrap().to_owned();
            (name, self.redis.hash(key))
        });
        named.filter(|(_, hash)| text(hash, "state") == state).collect()
    }

    /// Waits until so many workers are registered and have nothing to do.
    #[track_caller]
    pub(crate) fn wait_for_idle(&self, count: usize) {
        wait_until(SOON, &format!("{count} idle workers"), || self.workers_that_are("idle").len() == count);
    }

    /// Starts a worker `rq worker -c settings` with these arguments and waits until it has nothing to do.
    #[track_caller]
    pub(crate) fn idle_worker(&self, arguments: &[&str]) -> Worker {
        let worker = self.worker(arguments);
        self.wait_until_idle(&worker);
        worker
    }

    /// Waits until the worker is registered and says that it is idle, which is when it also heeds signals.
    #[track_caller]
    pub(crate) fn wait_until_idle(&self, worker: &Worker) {
        let pid = worker.pid().to_string();
        wait_until(SOON, "the worker to be idle", || {
            self.redis.set(&self.key("workers")).iter().any(|key| {
                let hash = self.redis.hash(key);
                text(&hash, "pid") == pid && text(&hash, "state") == "idle"
            })
        });
    }

    /// Waits until the worker is idle, asks for a warm shutdown, and waits for the end.
    ///
    /// RQ: a signal that interrupts the writing of a log line is lost, so a line is no sign that a signal may come.
    #[track_caller]
    pub(crate) fn stop(&self, worker: &mut Worker) -> Exit {
        self.wait_until_idle(worker);
        worker.stop()
    }

    /// What marks a process that is to end with this world.
    pub(crate) fn tag(&self, what: &str) -> String {
        tag(self.dir.path(), what)
    }

    /// Starts any command as a worker whose descendants end with it.
    pub(crate) fn start(&self, command: Command) -> Worker {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        Worker::start(command, tag(self.dir.path(), &format!("worker-{number}")))
    }

    /// Runs a worker named `w1` in burst mode with these further arguments until all is done; it must end with 0.
    #[track_caller]
    pub(crate) fn work(&self, arguments: &[&str]) -> Exit {
        let mut worker =
            self.worker(&["--burst", "--name", "w1"].iter().chain(arguments).copied().collect::<Vec<_>>());
        let exit = worker.wait_exit();
        assert_eq!(exit.code(), 0, "the worker's end; its stderr:\n{}", exit.stderr);
        exit
    }

    /// Whether this log says `text` of the worker `w1`. RQ: version 1 names it in another way, or begins with a capital instead.
    pub(crate) fn says_of_w1(&self, log: &str, text: &str) -> bool {
        match self.level {
            Version::V1_16_2 => log.to_lowercase().contains(text),
            _ => log.contains(&format!("Worker w1: {text}")),
        }
    }

    /// Checks the invariants over all keys.
    #[track_caller]
    pub(crate) fn finish(self) {
        self.finish_leaving(&[]);
    }

    /// Checks the invariants over all keys, but for what this test knows to be left behind.
    #[track_caller]
    pub(crate) fn finish_leaving(self, left: &[Leaves]) {
        let broken = invariants::broken(&self.redis, self.prefix, left);
        assert!(broken.is_empty(), "invariants broken:\n  {}", broken.join("\n  "));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        kill_tagged(&tag(self.dir.path(), ""));
    }
}

fn tag(dir: &Path, what: &str) -> String {
    format!("{}/{what}", dir.display())
}

/// Puts the settings and the jobs where a user would have them: beside each other in the working directory.
fn furnish(dir: &Path, redis: &Redis) {
    fs::write(dir.join("settings.py"), format!("REDIS_URL = {:?}\n", redis.url())).unwrap();
    let jobs = dir.join("jobs");
    fs::create_dir(&jobs).unwrap();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension() == Some(OsStr::new("py")) {
            fs::copy(&file, jobs.join(file.file_name().unwrap())).unwrap();
        }
    }
}

/// A command whose environment holds nothing of whoever runs the tests.
fn surroundings(program: &Path, dir: &Path, prefix: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).env_clear().env("LANG", "C.UTF-8").env("HOME", dir);
    // Sockets for control stay in this test's own folder.
    command.env("RQ_RUNTIME_DIR", dir.join("run"));
    command.env("PATH", env::var_os("PATH").unwrap_or_default());
    if prefix != "rq" {
        command.env("RQ_KEY_PREFIX", prefix);
    }
    command
}

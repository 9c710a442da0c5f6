//! A daemon whose configuration changes while it runs, and what it says to that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Exit, Output, SOON, Worker, World, matches, wait_for};

/// A daemon `rq run -c rq.toml`, or another one, and how far its log was looked at.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) daemon: Worker,
    /// Lines of standard output and of standard error.
    seen: [usize; 2],
}

impl Stage {
    /// A daemon with these settings in `rq.toml`, below the address of Redis in the first line.
    #[track_caller]
    pub(super) fn new(text: &str) -> Self {
        let world = World::new();
        save(&world.path("rq.toml"), &settings(&world, text));
        let command = run(&world, &["-c", "rq.toml"]);
        Self::of(world, command)
    }

    /// The daemon that a command starts, once it works.
    #[track_caller]
    pub(super) fn of(world: World, command: Command) -> Self {
        let daemon = world.start(command);
        let stage = Self { world, daemon, seen: [0; 2] };
        stage.world.wait_until_idle(&stage.daemon);
        stage
    }

    /// One whose daemon need not be ready yet.
    pub(super) fn unready(world: World, command: Command) -> Self {
        let daemon = world.start(command);
        Self { world, daemon, seen: [0; 2] }
    }

    /// The file that the daemon was started with.
    pub(super) fn file(&self) -> PathBuf {
        self.world.path("rq.toml")
    }

    /// What [`Stage::put`] writes.
    pub(super) fn text(&self, text: &str) -> String {
        settings(&self.world, text)
    }

    /// Saves other settings, as editors do.
    pub(super) fn put(&self, text: &str) {
        save(&self.file(), &self.text(text));
    }

    /// Saves other settings and asks for them by a signal. What is told of it comes back.
    #[track_caller]
    pub(super) fn apply(&mut self, text: &str) -> String {
        self.put(text);
        self.daemon.signal(Signal::SIGHUP);
        self.told("Configuration * (*SIGHUP*)")
    }

    /// The next line of the log that matches, after the one that was told before.
    #[track_caller]
    pub(super) fn told(&mut self, pattern: &str) -> String {
        let (stream, at, line) = wait_for(SOON, &format!("{pattern:?} in the log"), || self.find(pattern));
        self.seen[stream] = at + 1;
        line
    }

    fn find(&self, pattern: &str) -> Option<(usize, usize, String)> {
        let mut streams = [&self.daemon.stdout, &self.daemon.stderr].into_iter().zip(self.seen).enumerate();
        let found = |(stream, (output, seen)): (usize, (&Output, usize))| {
            let lines = output.lines().into_iter().enumerate().skip(seen);
            lines.filter(|(_, line)| matches(line, pattern)).map(|(at, line)| (stream, at, line)).next()
        };
        streams.find_map(found)
    }

    /// How many lines of the log hold this by now.
    pub(super) fn count(&self, text: &str) -> usize {
        let lines = [self.daemon.stdout.lines(), self.daemon.stderr.lines()].concat();
        lines.iter().filter(|line| line.contains(text)).count()
    }

    /// A command of `rq` in the daemon's surroundings, to its end.
    #[track_caller]
    pub(super) fn rq(&self, arguments: &[&str]) -> Exit {
        let mut command = self.world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        command.args(arguments);
        self.world.start(command).wait_exit()
    }

    /// What `rq status --json` says of the daemon.
    #[track_caller]
    pub(super) fn status(&self) -> Value {
        let exit = self.rq(&["status", "--json"]);
        let told: Value = serde_json::from_str(&exit.stdout).unwrap_or_else(|_| panic!("{}", exit.stderr));
        let pid = self.daemon.pid().as_raw();
        told.as_array().unwrap().iter().find(|daemon| daemon["pid"] == pid).expect("the daemon").clone()
    }

    /// Runs a job that needs nothing, and says what came of it.
    #[track_caller]
    pub(super) fn job(&self, arguments: &str) -> Value {
        let job = self.world.enqueue(arguments);
        self.world.wait_for_status(&job, "finished");
        self.world.view(&job)
    }

    /// Asserts that new jobs are run, and that their results are kept for so many seconds.
    #[track_caller]
    pub(super) fn assert_results_ttl(&self, seconds: i64) {
        let job = self.world.enqueue("'jobs.returns.value', 1");
        self.world.wait_for_status(&job, "finished");
        let ttl = self.world.redis.ttl(&format!("rq:job:{job}"));
        assert!((seconds - 15..=seconds).contains(&ttl), "{ttl} is not {seconds}");
    }

    /// Ends the daemon and checks that all is well.
    #[track_caller]
    pub(super) fn finish(self) {
        let Self { world, mut daemon, .. } = self;
        assert_eq!(daemon.stop().code(), 0);
        world.finish();
    }
}

/// The command `rq run` with these arguments.
pub(super) fn run(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.arg("run").arg("--python").arg(world.venv.python()).args(arguments);
    command
}

/// These settings below the address of Redis.
pub(super) fn settings(world: &World, text: &str) -> String {
    format!("REDIS_URL = {:?}\n{text}", world.redis.url())
}

/// Writes a file beside it and puts it in its place.
pub(super) fn save(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

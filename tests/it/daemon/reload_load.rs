//! A client that keeps enqueueing while the configuration changes, and the proof that each of its jobs ran exactly once.

use std::fs;
use std::path::PathBuf;

use crate::harness::{SOON, World, wait_until};

/// A thread of the client that enqueues so many jobs a second, each of which leaves its number in a file. It waits while the next
/// queue is full, so that what is left at the end is soon done.
const CLIENT: &str = r"
import threading

class Load(threading.Thread):
    def __init__(self, url, path, names, rate):
        super().__init__(daemon=True)
        connection = Redis.from_url(url)
        self.queues = [Queue(name, connection=connection) for name in names]
        self.path, self.pause, self.over, self.sent, self.turn = path, 1 / rate, threading.Event(), 0, 0

    def run(self):
        while not self.over.wait(self.pause):
            queue = self.queues[self.turn % len(self.queues)]
            if queue.count >= 50:
                self.turn += 1
                continue
            queue.enqueue('jobs.marks.note', self.path, self.sent, result_ttl=60)
            self.sent += 1
            self.turn += 1

    def end(self):
        self.over.set()
        self.join()
        return self.sent

loads = {}
";

/// A load on some queues of a Redis.
pub(super) struct Load {
    name: &'static str,
    file: PathBuf,
}

impl Load {
    /// Begins to enqueue 200 jobs a second on the daemon's Redis.
    #[track_caller]
    pub(super) fn begin(world: &World, queues: &[&str]) -> Self {
        Self::of_rate(world, "load", (&world.redis.url(), queues), 200)
    }

    /// Begins to enqueue on the Redis of this address.
    #[track_caller]
    pub(super) fn of_rate(
        world: &World,
        name: &'static str,
        (url, queues): (&str, &[&str]),
        rate: u32,
    ) -> Self {
        let file = world.path(name);
        if world.client.try_eval("loads").is_err() {
            world.client.exec(CLIENT);
        }
        let load = format!("Load({url:?}, {:?}, {queues:?}, {rate})", file.display().to_string());
        world.client.exec(&format!("loads[{name:?}] = {load}; loads[{name:?}].start()"));
        Self { name, file }
    }

    /// How many runs there were.
    pub(super) fn ran(&self) -> usize {
        self.runs().len()
    }

    fn runs(&self) -> Vec<u64> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Waits until some more jobs were run than by now.
    #[track_caller]
    pub(super) fn goes_on(&self) {
        let by_now = self.ran();
        wait_until(SOON, "more jobs to be run", || self.ran() > by_now + 3);
    }

    /// Ends it, and asserts that each job ran exactly once.
    #[track_caller]
    pub(super) fn end(self, world: &World) {
        let sent = world.client.eval(&format!("loads.pop({:?}).end()", self.name)).as_u64().unwrap();
        while (self.ran() as u64) < sent {
            let by_now = self.ran();
            wait_until(SOON, "every job to be run", || self.ran() > by_now);
        }
        let mut runs = self.runs();
        runs.sort_unstable();
        let doubled: Vec<_> = runs.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert!(doubled.is_empty(), "ran more than once: {doubled:?}");
        assert_eq!(runs, (0..sent).collect::<Vec<_>>(), "some were lost");
    }
}
